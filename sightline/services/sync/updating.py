"""Bringing the graph up to the rows, a page at a time. The same page twice changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sightline.errors import SightlineError
from sightline.graph.protocol import GraphStore, Merged
from sightline.graph.sync import SyncMove
from sightline.models.images import FeedEntry, ImageRow, State
from sightline.queues.steps import merge_step
from sightline.services.dead_letters import write_dead_letter
from sightline.services.graph_merge import graph_image
from sightline.services.sync.marks import Marks
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

MARKING_THREADS = 8
ROWS_FOR_A_THREAD = 20


class Updater:
    """Shows rows in the graph, and counts: `read`, `merged`, `in_flight`, `refused`."""

    def __init__(
        self, images: ImageStore, graph: GraphStore, operations: Operations, clock: Callable[[], datetime]
    ) -> None:
        self.counts: Counter[str] = Counter(read=0, merged=0, in_flight=0, refused=0)
        self._images = images
        self._graph = graph
        self._operations = operations
        self._clock = clock
        self._marks = Marks(operations, clock)

    def show_entries(self, entries: Sequence[FeedEntry], move: SyncMove | None) -> None:
        """Show what the feed names. Only rows that are behind are read: the others cost their key alone."""
        shown = self._graph.versions([each.image_id for each in entries]) if entries else {}
        behind = [each.image_id for each in entries if shown.get(each.image_id, 0) < each.version]
        rows = self._images.get_many(behind)
        self.counts["read"] += len(entries)
        self._marks.mark_entries(entries)
        self._show([*rows.values()], shown, move)

    def show_rows(self, rows: Sequence[ImageRow], move: SyncMove) -> None:
        """Show rows that were read whole."""
        self.counts["read"] += len(rows)
        self._show(rows, self._graph.versions([row.image_id for row in rows]), move)

    def _show(self, rows: Sequence[ImageRow], shown: Mapping[str, int], move: SyncMove | None) -> None:
        due = [row for row in rows if is_due(row, shown.get(row.image_id))]
        self.counts["in_flight"] += sum(row.state in {State.RECEIVED, State.ANALYSING} for row in rows)
        # Before the position moves, and of all rows: the capture of one may have changed since the feed named it.
        self._marks.mark_rows(rows)
        if not due and move is None:
            return
        outcomes = self._graph.merge([graph_image(row) for row in due], move)
        self._note([(row, each) for row, each in zip(due, outcomes, strict=True)])

    def _note(self, outcomes: Iterable[tuple[ImageRow, Merged | Exception]]) -> None:
        """Tell the rows what the graph shows; who dies before that leaves it to the reconciler."""
        merged = []
        for row, outcome in outcomes:
            if isinstance(outcome, Merged):
                merged.append(row)
            else:
                self._refuse(row, outcome)
        self.counts["merged"] += len(merged)
        unnoted = [row for row in merged if row.merged_version < row.version]
        threads = min(MARKING_THREADS, 1 + len(unnoted) // ROWS_FOR_A_THREAD)
        with ThreadPoolExecutor(threads, thread_name_prefix="mark-merged") as pool:
            list(pool.map(lambda row: self._images.mark_merged(row.image_id, row.version), unnoted))

    def _refuse(self, row: ImageRow, error: Exception) -> None:
        """Keep what the graph will not take: one bad image must not hold up the others."""
        if not isinstance(error, SightlineError):
            raise error
        self.counts["refused"] += 1
        step = merge_step(row.image_id, row.lane)
        write_dead_letter(
            error,
            step=step.task,
            message={"args": [*step.args]},
            image_id=row.image_id,
            operations=self._operations,
            clock=self._clock,
        )


def is_due(row: ImageRow, shown: int | None) -> bool:
    """Say whether the graph, which shows this version or none, is behind a row that can be shown.

    What is being analysed enters the feed anew when that is done. An image that was refused, or is gone, is shown as
    such only where the graph has shown it before. One that is stuck stays as it was shown last.
    """
    if row.capture is None or (shown or 0) >= row.version:
        return False
    if row.state is State.GONE:
        return shown is not None or row.is_merge_due
    if row.state is State.REJECTED:
        return shown is not None or row.merged_version > 0
    return row.state in {State.ANALYSED, State.COMPLETE} or row.is_stuck_as_shown
