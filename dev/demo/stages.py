"""The progress of the images: a bar for each stage, until every image is complete."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from dev.stack.waiting import STANDSTILL_SECONDS, wait_until
from sightline.errors import Unavailable
from sightline.models.images import ImageRow, ResultStatus, State
from sightline.storage.images.protocol import ImageStore
from sightline.storage.images.transitions import ENDED

POLL_SECONDS = 1.0
FINISHED = {State.COMPLETE, *ENDED}


@dataclass(frozen=True, slots=True)
class Stage:
    """One bar: which rows have passed the stage, and which of them were refused there."""

    name: str
    has_passed: Callable[[ImageRow], bool]
    was_refused: Callable[[ImageRow], bool]


def stages(features: Sequence[str]) -> list[Stage]:
    """Return the stages that an image goes through."""
    return [
        Stage("ingest", lambda row: row.state is not State.RECEIVED, _has_ended_early),
        *(Stage(name, partial(_is_settled, name), partial(_is_refused, name)) for name in features),
        Stage("rows", lambda row: row.state in {*FINISHED, State.ANALYSED}, _has_ended_early),
        Stage("graph", lambda row: row.state in FINISHED, _has_ended_early),
    ]


def _is_settled(feature: str, row: ImageRow) -> bool:
    return row.state in FINISHED or feature in row.parts


def _is_refused(feature: str, row: ImageRow) -> bool:
    part = row.parts.get(feature)
    return part.status is ResultStatus.REJECTED if part else _has_ended_early(row)


def _has_ended_early(row: ImageRow) -> bool:
    return row.state in {State.REJECTED, State.GONE}


def bars() -> Progress:
    """Return an empty set of progress bars."""
    words = TextColumn("{task.description:>8}"), BarColumn(50), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*words, TextColumn("{task.fields[note]}"))


def note(refused: int) -> str:
    """Return the note on rejected images; "" if there are none."""
    return f"{refused} rejected" if refused else ""


def follow(
    images: ImageStore, ids: Sequence[str], features: Sequence[str], check: Callable[[], None]
) -> list[ImageRow]:
    """Show the bars until every image has ended; return the rows.

    check: raises if a process has died. Raises Unavailable if nothing has moved for two minutes.
    """
    with bars() as progress:
        drawn = [(stage, progress.add_task(stage.name, total=len(ids), note="")) for stage in stages(features)]
        rows: list[ImageRow] = []

        def passed() -> float:
            return sum(bar.completed for bar in progress.tasks)

        def have_all_passed() -> bool:
            rows[:] = images.get_many(ids).values()
            for stage, bar in drawn:
                _draw(progress, stage, bar, rows)
            is_over = passed() == len(ids) * len(drawn)
            if not is_over:
                check()
            return is_over

        if not wait_until(have_all_passed, passed, every=POLL_SECONDS, longest=math.inf):
            raise Unavailable("the workers", rule=f"nothing has moved for {STANDSTILL_SECONDS:.0f} s")
        return rows


def _draw(progress: Progress, stage: Stage, bar: TaskID, rows: Sequence[ImageRow]) -> None:
    passed = [row for row in rows if stage.has_passed(row)]
    progress.update(bar, completed=len(passed), note=note(sum(map(stage.was_refused, passed))))
