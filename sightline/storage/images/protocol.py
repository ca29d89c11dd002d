"""What an image store does. Every step is a conditional update: done twice it changes nothing, done late it is refused.

A method that returns `ImageRow | None` returns the row as it then stands, or None if its condition did not hold: the
caller reads again and decides again. All reads by key are consistent.

A row with a value that only a newer version knows is never changed: `write_result` and `mark_merged` leave it alone,
and each method that takes the row as `seen` raises NewerVersion.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sightline.errors import SightlineError
from sightline.models.images import (
    CameraDay,
    Capture,
    Content,
    FeatureResult,
    FeedEntry,
    ImageRow,
    ImageSummary,
    Judged,
    Lane,
    Rejection,
    State,
    Unfinished,
    UnfinishedPlace,
)
from sightline.storage.images.counting import MOST_COUNTED, MOST_COUNTED_OF_AN_ENDED_STATE, StateCounts
from sightline.storage.images.keys import ShardChoice, Shards
from sightline.storage.images.moved_days import MovedDays


@dataclass(frozen=True, slots=True)
class DayPart:
    """Which part of a camera's day is read, and how.

    after, before: places in the day (`day_position`), themselves left out; newest_first: in reverse order;
    page: how many are read at first, if only a few are wanted;
    features: those whose results are read, which are most of an entry; None: all
    """

    after: str | None = None
    before: str | None = None
    newest_first: bool = False
    page: int | None = None
    features: tuple[str, ...] | None = None

    def takes(self, position: str) -> bool:
        """Return whether a place is in this part."""
        return (self.after is None or position > self.after) and (self.before is None or position < self.before)


WHOLE_DAY = DayPart()


@dataclass(frozen=True, slots=True)
class Postponement:
    """When a row is looked at again; the fields are the arguments of `ImageStore.postpone`."""

    seen: ImageRow
    until: datetime
    counts_round: bool = False
    is_sent: bool = False


class ImageStore(Protocol):
    """Rows by image id, with indexes by day, by feed position and of what is unfinished."""

    @property
    def shards(self) -> Shards:
        """Say over how many partitions the indexes are spread."""

    def setup(self, choice: ShardChoice | None = None) -> None:
        """Create table, indexes and TTL if they are missing; safe to repeat.

        choice: the shards of a new table. Raises ConfigurationError if an old one has others.
        """

    def move_days(self, shards: int | None, tell: Callable[[int], None]) -> MovedDays:
        """Walk over the rows of a table that an older version has made, so that its days are read from their shards.

        Safe to repeat, and to stop at any time. It is over once a walk finds no row of theirs.

        shards: of each camera's day, for a table that has none yet; tell: called with the number of rows moved so far
        """

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def add(self, image_id: str, lane: Lane) -> bool:
        """Write a new row in state `received`; return whether it was new.

        One that is rejected, gone, stuck or imported is received again, due for a check, and keeps all that is known:
        should its message be lost, the reconciler sends another. Any other row is left as it is.
        """

    def add_many(self, image_ids: Iterable[str], lane: Lane) -> Iterator[tuple[str, bool]]:
        """Do `add` for many at once, in any order; return each id and whether it was new, as they are written."""

    def receive(self, seen: ImageRow, lane: Lane) -> ImageRow | None:
        """Set `received`, whatever the state, due for a check: its object was overwritten. What is known of it stays.

        Condition: version and state as in `seen`.
        """

    def add_imported(self, image_id: str, feature: str, part: FeatureResult) -> bool:
        """Write a new row in state `imported` that wants, and has, this part; return whether it was new.

        It is not unfinished, and in no feed: nothing is done about it until ingest reads the image. An existing row is
        left as it is.
        """

    def get(self, image_id: str) -> ImageRow | None:
        """Read one row, consistently."""

    def get_many(self, image_ids: Iterable[str]) -> dict[str, ImageRow]:
        """Read many rows, consistently; those without a row are left out."""

    def begin(
        self, seen: ImageRow, content: Content, capture: Capture, wanted: Mapping[str, str], lane: Lane
    ) -> ImageRow | None:
        """Fix what is to be analysed: content, capture and `wanted`; state `analysing`, version + 1, due for a check.

        Parts whose analysis id changed are cleared. Where content, capture and wanted are already those, nothing is
        written and the row is given. Condition: the version is still the one of `seen`; before the first `begin`, also
        content, wanted and rejection.
        """

    def end(self, seen: ImageRow, state: State, rejection: Rejection, judged: Judged | None = None) -> ImageRow | None:
        """Set `rejected` or `gone`: version + 1, feed position; wanted and parts cleared; rejection and judged kept.

        An image that was never read keeps wanted and parts, which were imported. It stays unfinished only while the
        graph still shows an older version. Condition: version as in `seen`.
        """

    def move_capture(self, seen: ImageRow, capture: Capture) -> ImageRow | None:
        """Set another capture: version + 1, feed position; `complete` becomes `analysed` until the graph shows it.

        Condition: version and state as in `seen`, which must be analysed, complete, rejected or gone.
        """

    def write_result(self, image_id: str, feature: str, part: FeatureResult) -> ImageRow | None:
        """Keep a settled analysis. Condition: `wanted[feature]` is `part.analysis_id`."""

    def want(self, seen: ImageRow, wanted: Mapping[str, str]) -> ImageRow | None:
        """Let the row want more; version + 1. Condition: state `analysing`, version and wanted as in `seen`.

        Raises ValueError if something that is wanted would not be wanted any more.
        """

    def mark_analysed(self, seen: ImageRow, with_part: str | None = None) -> ImageRow | None:
        """Set `analysed`, version + 1, feed position. Condition: state `analysing`, version and wanted as in `seen`.

        with_part: a feature whose part in `seen` is not in the row yet, and is written with it
        The row is looked at again within two minutes; a check that comes in the second of them stays.
        """

    def mark_merged(self, image_id: str, version: int) -> ImageRow | None:
        """Note that the graph shows `version`: `analysed` becomes `complete`; out of the unfinished.

        Condition: the row's version is that version.
        """

    def mark_many_merged(self, versions: Mapping[str, int]) -> dict[str, SightlineError]:
        """Do `mark_merged` for many rows at once (image id → version); return the error of each that met one.

        A row whose version is another by then is no error. Raises what concerns all of them.
        """

    def postpone(
        self, seen: ImageRow, until: datetime, *, counts_round: bool, is_sent: bool = False
    ) -> ImageRow | None:
        """Move `next_check_at`, and list a row with a capture in its day. Condition: both it and version as in `seen`.

        counts_round: rounds + 1, and the failure that it counts is forgotten; is_sent: its steps were sent now.
        """

    def postpone_many(self, postponements: Iterable[Postponement]) -> dict[str, SightlineError]:
        """Do `postpone` for many distinct rows at once; return the error of each that met one, by image id.

        A row that has moved since is no error. Raises what concerns all of them.
        """

    def note_failure(self, seen: ImageRow, failure: Rejection) -> ImageRow | None:
        """Keep why a step of an unfinished row failed. Condition: version and `next_check_at` as in `seen`."""

    def note_drop(self, seen: ImageRow) -> None:
        """Count an answer that was dropped since the object was overwritten during its call, also if `seen` is old."""

    def give_up(self, seen: ImageRow, why: Rejection) -> ImageRow | None:
        """Set `stuck`: out of the unfinished, with why; wanted and parts stay. `begin` leads out of it.

        Condition: version, state and `next_check_at` as in `seen`.
        """

    def unfinished(self, due_before: datetime | None = None) -> Iterator[Unfinished]:
        """Return what is unfinished (and due, if a time is given), by shard, soonest first. Eventually consistent."""

    def due(self, shard: int, before: datetime, after: UnfinishedPlace | None = None) -> Iterator[Unfinished]:
        """Yield what one shard of the unfinished is due before a time, soonest first, from behind `after` on.

        Eventually consistent.
        """

    def count_by_state(
        self, most: int = MOST_COUNTED, most_of_an_ended_state: int = MOST_COUNTED_OF_AN_ENDED_STATE
    ) -> StateCounts:
        """Count the rows of every state but `complete`, from sparse indexes, and read at most so many entries.

        If there are more, the counts are estimates. most: of the unfinished
        """

    def by_day(self, camera: str, capture_day: str, part: DayPart = WHOLE_DAY) -> Iterator[ImageSummary]:
        """Yield one camera's images of one capture day in order of capture. Eventually consistent.

        A row is listed from the moment that it is analysed, rejected, gone or stuck, is looked at by the reconciler, or
        begins again; from then on for ever.
        """

    def by_days(
        self, days: Collection[CameraDay], part: DayPart = WHOLE_DAY
    ) -> Mapping[CameraDay, Iterator[ImageSummary]]:
        """Return what `by_day` yields of each of these days, for fewer requests.

        Read it at once: what is listed after this call may be missing.
        """

    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        """Yield one shard's writes of a UTC day with after < position <= until, oldest first. Eventually consistent.

        page: about how many are taken, out of all shards together; each shard is asked for its share at first, and for
        more as they are taken. None: for all
        """

    def count(self) -> tuple[int, timedelta]:
        """Return the table's own count of rows, and how old that count may be."""

    def scan(self, after: str | None = None) -> Iterator[ImageRow]:
        """Read every row, or those after the image `after` in the scan's own order: expensive."""
