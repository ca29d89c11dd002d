"""The steps of an image, over any store that can do a conditional update: DynamoDB, or the in-memory fake."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from typing_extensions import override

from sightline.errors import SightlineError
from sightline.models.images import (
    Capture,
    Content,
    FeatureResult,
    ImageRow,
    Judged,
    Lane,
    Rejection,
    State,
    Unfinished,
)
from sightline.storage.images import transitions
from sightline.storage.images.counting import (
    MOST_COUNTED,
    MOST_COUNTED_OF_AN_ENDED_STATE,
    Countable,
    StateCounts,
    count_by_state,
)
from sightline.storage.images.keys import check_id
from sightline.storage.images.positions import Positions
from sightline.storage.images.protocol import ImageStore, Postponement
from sightline.storage.images.transitions import Transition

WRITES_TRIED = 5
"""How often a write is tried if other processes change what it requires but not what it means: their own count of a
dropped answer, or when the row is looked at again."""


class Applied(NamedTuple):
    """What came of a transition: whether it was done, and the row as it then stands (None: no such row)."""

    is_done: bool
    row: ImageRow | None


class ImageSteps(ImageStore, Countable, ABC):
    """What both stores share: the steps, over `get` and `_apply`, and walks over all shards of the unfinished.

    `protocol.py` says what each step does.

    clock: the present, aware
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._positions = Positions(clock)

    @abstractmethod
    def _put_new(self, row: ImageRow) -> Applied:
        """Write a row, if there is none; return the row that stands."""

    @abstractmethod
    def _apply(self, image_id: str, transition: Transition) -> Applied:
        """Do one conditional update."""

    @abstractmethod
    def _apply_many(self, transitions: Mapping[str, Transition]) -> dict[str, bool | SightlineError]:
        """Do one conditional update for each row (image id → transition); return whether it was done, or its error."""

    @abstractmethod
    def _unfinished_of(self, shard: int, before: datetime | None) -> Iterable[Unfinished]:
        """Return what is unfinished in one shard (and due, if a time is given), soonest first."""

    @override
    def unfinished(self, due_before: datetime | None = None) -> Iterator[Unfinished]:
        for shard in range(self.shards.unfinished):
            yield from self._unfinished_of(shard, due_before)

    @override
    def unfinished_states(self, shard: int) -> Iterator[State]:
        return (each.state for each in self._unfinished_of(shard, None))

    @override
    def count_by_state(
        self, most: int = MOST_COUNTED, most_of_an_ended_state: int = MOST_COUNTED_OF_AN_ENDED_STATE
    ) -> StateCounts:
        return count_by_state(self, self.shards.unfinished, most, most_of_an_ended_state)

    @override
    def add(self, image_id: str, lane: Lane) -> bool:
        """Write a new row, if there is none; receive one that has ended again."""
        now = self._clock()
        is_new, row = self._put_new(transitions.new_row(check_id(image_id), lane, now))
        if row and row.state in transitions.ENDED:
            self._apply(image_id, transitions.receive_again(row, lane, now))
        return is_new

    @override
    def receive(self, seen: ImageRow, lane: Lane) -> ImageRow | None:
        return self._step(seen, transitions.receive_again(seen, lane, self._clock()))

    @override
    def add_imported(self, image_id: str, feature: str, part: FeatureResult) -> bool:
        """Write a new row that holds an imported answer, if there is none."""
        return self._put_new(transitions.imported_row(check_id(image_id), feature, part, self._clock())).is_done

    @override
    def begin(
        self, seen: ImageRow, content: Content, capture: Capture, wanted: Mapping[str, str], lane: Lane
    ) -> ImageRow | None:
        capture = transitions.with_fixed_offset(capture)
        if transitions.is_begun(seen, content, capture, wanted):
            row = self._as_seen(seen)
            if row is None or transitions.is_begun(row, content, capture, wanted):
                return row
        return self._step(seen, transitions.begin(seen, content, capture, wanted, lane, self._clock()))

    @override
    def end(self, seen: ImageRow, state: State, rejection: Rejection, judged: Judged | None = None) -> ImageRow | None:
        """Set `rejected` or `gone`. Refused as well if a merge was noted since `seen`."""
        if transitions.is_ended(seen, state, rejection, judged):
            row = self._as_seen(seen)
            if row is None or transitions.is_ended(row, state, rejection, judged):
                return row
        position, now = self._positions.next(), self._clock()
        return self._step(seen, transitions.end(seen, state, rejection, judged, position, now))

    def move_capture(self, seen: ImageRow, capture: Capture) -> ImageRow | None:
        """Set another capture. Refused as well where steps of `seen` are on their way."""
        if not seen.is_known or not transitions.is_movable(seen.state):
            return None
        return self._step(seen, transitions.move_capture(seen, capture, self._positions.next(), self._clock()))

    @override
    def write_result(self, image_id: str, feature: str, part: FeatureResult) -> ImageRow | None:
        applied = self._apply(image_id, transitions.write_result(feature, part))
        return applied.row if applied.is_done else None

    @override
    def want(self, seen: ImageRow, wanted: Mapping[str, str]) -> ImageRow | None:
        return self._step(seen, transitions.want(seen, wanted, self._clock()))

    @override
    def mark_analysed(self, seen: ImageRow, with_part: str | None = None) -> ImageRow | None:
        """Set `analysed`. Refused as well if `seen` lacks a part; not if the row was only postponed."""
        if seen.unsettled():
            return None
        seen.require_known()
        for _ in range(WRITES_TRIED):
            transition = transitions.mark_analysed(seen, self._positions.next(), self._clock(), with_part)
            is_done, row = self._apply(seen.image_id, transition)
            if is_done or row is None or not transitions.is_only_postponed(seen, row):
                return row if is_done else None
            seen = replace(row, parts={**row.parts, with_part: seen.parts[with_part]}) if with_part else row
            if seen.unsettled():
                return None
        return None

    @override
    def mark_merged(self, image_id: str, version: int) -> ImageRow | None:
        """Note that the graph shows `version`. An older version is noted as well, though refused."""
        applied = self._apply(image_id, transitions.mark_complete(version))
        if applied.row and not applied.is_done:
            noted = transitions.note_merged(applied.row, version, self._clock())
            applied = self._apply(image_id, noted) if noted else applied
        return applied.row if applied.row and applied.row.version == version else None

    @override
    def mark_many_merged(self, versions: Mapping[str, int]) -> dict[str, SightlineError]:
        """Note what the graph shows of many rows. One that is refused together is noted by itself, as far as it can."""
        outcomes = self._apply_many({each: transitions.mark_complete(version) for each, version in versions.items()})
        failed = {each: outcome for each, outcome in outcomes.items() if isinstance(outcome, SightlineError)}
        for image_id in (each for each, outcome in outcomes.items() if outcome is False):
            try:
                self.mark_merged(image_id, versions[image_id])
            except SightlineError as error:
                failed[image_id] = error
        return failed

    @override
    def postpone(
        self, seen: ImageRow, until: datetime, *, counts_round: bool, is_sent: bool = False
    ) -> ImageRow | None:
        """Move `next_check_at`. Refused as well if `seen` is finished: it has none."""
        if seen.next_check_at is None:
            return None
        return self._step(seen, self._postpone(Postponement(seen, until, counts_round, is_sent)))

    @override
    def postpone_many(self, postponements: Iterable[Postponement]) -> dict[str, SightlineError]:
        wanted = [each for each in postponements if each.seen.next_check_at]
        for each in wanted:
            each.seen.require_known()
        outcomes = self._apply_many({each.seen.image_id: self._postpone(each) for each in wanted})
        return {image_id: error for image_id, error in outcomes.items() if isinstance(error, SightlineError)}

    def _postpone(self, postponement: Postponement) -> Transition:
        sent_at = self._clock() if postponement.is_sent else None
        counts_round = postponement.counts_round
        return transitions.postpone(postponement.seen, postponement.until, counts_round=counts_round, sent_at=sent_at)

    @override
    def note_failure(self, seen: ImageRow, failure: Rejection) -> ImageRow | None:
        """Keep why a step failed. Refused as well if `seen` is finished."""
        return self._step(seen, transitions.note_failure(seen, failure)) if seen.next_check_at else None

    @override
    def note_drop(self, seen: ImageRow) -> None:
        row: ImageRow | None = seen
        for _ in range(WRITES_TRIED):
            if row is None:
                return
            applied = self._apply(row.image_id, transitions.note_drop(row, self._clock()))
            if applied.is_done:
                return
            row = applied.row

    @override
    def give_up(self, seen: ImageRow, why: Rejection) -> ImageRow | None:
        """Set `stuck`. Refused as well if `seen` is finished."""
        return self._step(seen, transitions.give_up(seen, why)) if seen.next_check_at else None

    def _step(self, seen: ImageRow, transition: Transition) -> ImageRow | None:
        seen.require_known()
        applied = self._apply(seen.image_id, transition)
        return applied.row if applied.is_done else None

    def _as_seen(self, seen: ImageRow) -> ImageRow | None:
        """Read the row, unless its version went on. It may be stuck since: that leaves the version alone."""
        row = self.get(seen.image_id)
        return row if row and row.version == seen.version else None
