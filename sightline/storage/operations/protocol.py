"""What the store of operations keeps. One table; `kind` says what an item is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.storage.operations.days import DirtyDay, Purpose
from sightline.storage.operations.stops import Cause, Stop


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that can not succeed.

    error: the error's class name; subject, rule, remedy: its three parts
    image_id: where the input is an image; step: the task that gave up; message: its arguments, as JSON
    """

    error: str
    subject: str
    rule: str
    remedy: str
    step: str
    message: Mapping[str, Json]
    first_at: datetime
    last_at: datetime
    attempts: int = 1
    image_id: str | None = None
    closed_at: datetime | None = None

    @property
    def dead_letter_id(self) -> str:
        """Name the letter: the same input broken by the same rule is one letter, however often it comes."""
        return dead_letter_id_of(self.error, self.image_id or self.subject)


def dead_letter_id_of(error: str, subject: str) -> str:
    """Name the letter of an input and the error that refuses it."""
    return f"{error}#{subject}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the only one at a piece of work. `fence` rises with each holder."""

    name: str
    holder: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a beat task's last run ended."""

    name: str
    started_at: datetime
    took: timedelta
    outcome: Mapping[str, Json]


BEGINNINGS_LAST = timedelta(days=1)
"""How long the beginning of a step is remembered that never ended."""


class OperationStore(Protocol):
    """Dead letters, counters, leases, last runs and dirty days."""

    def setup(self) -> None:
        """Create the table and its TTL where they are missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable where the store can not be used."""

    def write_dead_letter(self, dead_letter: DeadLetter) -> None:
        """Keep a letter; one with the same id keeps its `first_at`, counts an attempt and opens again.

        Any text is taken; what no row can hold is cut, and says how long it was.
        """

    def dead_letters(self, *, closed: bool = False) -> Iterator[DeadLetter]:
        """Give the open (or the closed) letters, by id."""

    def close_dead_letter(self, dead_letter_id: str) -> bool:
        """Close an open letter; say whether there was one."""

    def count_calls(self, day: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to a UTC day's counters: (feature, `answered`/`throttled`/…/`cost_micro_usd`) → number."""

    def calls(self, first_day: str, last_day: str) -> dict[tuple[str, str], int]:
        """Give the counters summed over UTC days, both included."""

    def acquire_lease(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """Take or renew the lease; None while another holds it.

        The fence rises when the holder changes and after the lease was given back; it never falls.
        """

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back, unless another has it by now."""

    def keep_checkpoint(self, name: str, position: Mapping[str, Json], lasts: timedelta) -> None:
        """Keep how far a long piece of work has come; it is forgotten when nobody has kept it anew for so long."""

    def checkpoint(self, name: str) -> Mapping[str, Json] | None:
        """Give what was last kept, consistently; None where there is nothing, or it is forgotten."""

    def drop_checkpoint(self, name: str) -> None:
        """Forget a checkpoint, if it is there."""

    def mark_days(self, days: Iterable[CameraDay], purposes: Iterable[Purpose] = tuple(Purpose)) -> None:
        """Mark days dirty for each purpose, and list them as known. Whoever marks does so before he moves on."""

    def dirty_days(self, purpose: Purpose) -> Iterator[DirtyDay]:
        """Give the marks of one purpose, by camera and day."""

    def clean_day(self, dirty: DirtyDay) -> bool:
        """Remove a mark, unless the day was marked again since it was read; say whether it is gone."""

    def known_days(self) -> Iterator[CameraDay]:
        """Give every day that was ever marked."""

    def begin_step(self, step_id: str, attempt_id: str) -> None:
        """Note that a step begins. Any text names it."""

    def beginnings(self, step_id: str) -> dict[str, datetime]:
        """Give the beginnings noted since the step last ended: attempt id → when. None is older than a day."""

    def end_step(self, step_id: str) -> None:
        """Forget the beginnings of a step: it has ended."""

    def stop(self, stop: Stop) -> None:
        """Say that a queue is not to be taken from; a stop that stands keeps its time."""

    def resume(self, queue: str, cause: Cause) -> bool:
        """Forget a stop; say whether there was one."""

    def stops(self) -> Iterator[Stop]:
        """Give the stops that stand, consistently."""

    def note_outcomes(self, lane: str, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Add how a lane's images ended to its last OUTCOMES_KEPT; give those, the newest last."""

    def forget_outcomes(self, lane: str) -> None:
        """Begin anew with a lane's outcomes."""

    def note_run(self, run: LastRun) -> None:
        """Keep how a beat task's run ended."""

    def last_runs(self) -> dict[str, LastRun]:
        """Give the last run of each beat task that ever ran."""
