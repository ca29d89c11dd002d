"""How an image row changes, as values: what must still hold, and what then becomes of it. Both stores obey these.

Every version of a row has one `wanted`; a part is only written under the id that is wanted. So a transition that
requires the version seen knows which parts may be there, even one written after the row was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from sightline.models.images import Capture, Content, Drops, FeatureResult, ImageRow, Judged, Lane, Rejection, State
from sightline.storage.images.bounds import fit_rejection, fit_result
from sightline.timing import CHECK_AFTER, CHECK_KEPT_FROM

ENDS = (State.REJECTED, State.GONE)
"""How an image may end by what it is."""

ENDED = (*ENDS, State.STUCK, State.IMPORTED)
"""States that nothing leads out of by itself."""

FieldPath = tuple[str, ...]
"""A field of the row, or a field and the feature in its map."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One conditional update.

    name: what it does, for the log
    requires: field → the values of which the row must have one; None means: not there
    sets: field → new value; None removes it
    stays_in_day: a row that is listed stays in the same camera's day, and so in its shard; its place in the day may be
    another, and the row may have been listed since it was seen
    is_new_in_day: as far as was seen, the row is listed in this day for the first time
    """

    name: str
    requires: Mapping[FieldPath, tuple[Any, ...]]
    sets: Mapping[FieldPath, Any]
    stays_in_day: bool = False
    is_new_in_day: bool = True

    @property
    def listed(self) -> Capture | None:
        """Return the capture by which the row is listed in a day; None if it is not, by this."""
        listed: Capture | None = self.sets.get(("listed",))
        return listed


def new_row(image_id: str, lane: Lane, now: datetime) -> ImageRow:
    """Return the row of an image that nobody knew."""
    return ImageRow(image_id, lane, State.RECEIVED, received_at=now, next_check_at=now + CHECK_AFTER, sent_at=now)


def imported_row(image_id: str, feature: str, part: FeatureResult, now: datetime) -> ImageRow:
    """Return the row of an image of which no more is known than an answer that another system paid for."""
    return ImageRow(
        image_id,
        Lane.BACKFILL,
        State.IMPORTED,
        received_at=now,
        wanted={feature: part.analysis_id},
        parts={feature: fit_result(part)},
    )


def with_fixed_offset(capture: Capture) -> Capture:
    """Return the capture with its UTC offset instead of its zone.

    An aware datetime in a zone's DST fold or gap never compares equal to one in another zone.
    """
    offset = capture.taken_at.utcoffset()
    if offset is None:
        raise ValueError(f"capture time {capture.taken_at} has no UTC offset")
    return replace(capture, taken_at=capture.taken_at.astimezone(timezone(offset)))


def is_begun(row: ImageRow, content: Content, capture: Capture, wanted: Mapping[str, str]) -> bool:
    """Return whether exactly this is being, or has been, analysed.

    The same bytes uploaded again change nothing, except while calls may be due: these look for the upload they know.
    """
    is_in_analysis_or_after = row.is_known and row.state not in {*ENDED, State.RECEIVED}
    if not is_in_analysis_or_after or row.content is None or row.wanted != wanted:
        return False
    if row.capture is None or not row.capture.is_same_as(capture):
        return False
    return row.content == content if row.state is State.ANALYSING else row.content.is_same_as(content)


def receive_again(row: ImageRow, lane: Lane, now: datetime) -> Transition:
    """Let an image be looked at again that has ended, or was overwritten. What is known of it stays, to be compared."""
    return Transition(
        "receive again",
        _as_it_was(row),
        {("state",): State.RECEIVED, ("lane",): lane, **_fresh(now)},
    )


def is_ended(row: ImageRow, state: State, rejection: Rejection, judged: Judged | None) -> bool:
    """Return whether the row has ended like this, and for the same object."""
    is_same_object = judged is None or (row.judged is not None and row.judged.etag == judged.etag)
    return is_same_object and (row.state, row.rejection) == (state, fit_rejection(rejection))


def begin(
    seen: ImageRow, content: Content, capture: Capture, wanted: Mapping[str, str], lane: Lane, now: datetime
) -> Transition:
    """Fix what is to be analysed. Parts under an id that is wanted no more go."""
    return Transition(
        "begin",
        {**_as_it_was(seen), **_as_new(seen)},
        {
            ("state",): State.ANALYSING,
            ("version",): seen.version + 1,
            ("content",): content,
            ("capture",): capture,
            ("wanted",): dict(wanted),
            ("lane",): lane,
            ("rejection",): None,
            **_fresh(now),
            **_without_results(seen, wanted),
            # A row with a capture may be listed since it was seen; it must not stay at its old place. One that another
            # stands in for is found by the day before that other is looked at
            **({("listed",): capture} if seen.capture or capture.shown_with else {}),
            **({("was_other",): True} if _becomes_another(seen, content, capture) else {}),
        },
        stays_in_day=_is_of_day(seen.capture, capture),
        is_new_in_day=not _is_of_day(seen.listed, capture),
    )


def _is_of_day(seen: Capture | None, capture: Capture) -> bool:
    """Return whether a row has had a capture of the same camera's day. A row of the same version has the same one."""
    return seen is not None and seen.camera_day == capture.camera_day


def _becomes_another(seen: ImageRow, content: Content, capture: Capture) -> bool:
    """Return whether what others may be shown with is not what the row will have answers about."""
    if seen.content is None:
        return False
    return seen.content.sha256 != content.sha256 or capture.shown_with is not None


def _as_new(seen: ImageRow) -> dict[FieldPath, tuple[Any, ...]]:
    """Require more of a row that was never begun: it may be begun without having been read.

    An imported answer, or an earlier refusal, stands in a row of the same version and state.
    """
    if seen.version:
        return {}
    return {("content",): (seen.content,), ("wanted",): (dict(seen.wanted),), ("rejection",): (seen.rejection,)}


def end(
    seen: ImageRow, state: State, rejection: Rejection, judged: Judged | None, position: str, now: datetime
) -> Transition:
    """End an image. Its row stays unfinished until the graph no longer shows the old state.

    An image that was never read keeps what it wants and has: an imported answer waits until it can be read.
    """
    if state not in ENDS:
        raise ValueError(f"{state} is no end: {', '.join(ENDS)} are")
    is_shown = seen.merged_version > 0
    wanted = dict(seen.wanted) if seen.content is None else {}
    return Transition(
        "end",
        # A merge noted meanwhile would have to be undone
        {**_as_it_was(seen), ("merged_version",): (seen.merged_version,)},
        {
            ("state",): state,
            ("version",): seen.version + 1,
            ("wanted",): wanted,
            ("rejection",): fit_rejection(rejection),
            ("judged",): judged,
            **_fresh(now if is_shown else None),
            ("feed_position",): position,
            **_without_results(seen, wanted),
            **_listed(seen),
        },
        stays_in_day=True,
    )


def is_movable(state: State) -> bool:
    """Return whether the capture of a row in this state can be moved: no step of it is on its way."""
    return state in {State.ANALYSED, State.COMPLETE, *ENDS}


def move_capture(seen: ImageRow, capture: Capture, position: str, now: datetime) -> Transition:
    """Give a row another capture time. What the graph shows of it becomes due, as after an analysis.

    What stands in for it is as it was seen here: the capture may have been read before.
    """
    is_shown = seen.state not in ENDS or seen.merged_version > 0
    capture = replace(with_fixed_offset(capture), stand_in=seen.capture.stand_in if seen.capture else None)
    return Transition(
        "move capture",
        {**_as_it_was(seen), ("merged_version",): (seen.merged_version,)},
        {
            ("state",): seen.state if seen.state in ENDS else State.ANALYSED,
            ("version",): seen.version + 1,
            ("capture",): capture,
            ("listed",): capture,
            **_fresh(now if is_shown else None),
            ("feed_position",): position,
        },
        stays_in_day=_is_of_day(seen.capture, capture),
        is_new_in_day=not _is_of_day(seen.listed, capture),
    )


def write_result(feature: str, part: FeatureResult) -> Transition:
    """Keep a settled analysis, if it is still wanted and the row's state is known."""
    requires: dict[FieldPath, tuple[Any, ...]] = {("wanted", feature): (part.analysis_id,), ("state",): tuple(State)}
    return Transition("write part", requires, {("parts", feature): fit_result(part)})


def want(seen: ImageRow, wanted: Mapping[str, str], now: datetime) -> Transition:
    """Let a row in analysis want more. What it wants already stays, and so do its results.

    One that wants something is paid for: nothing stands in for it any more.
    """
    if not seen.wanted.items() <= wanted.items():
        raise ValueError(f"{seen.image_id} wants {dict(seen.wanted)}: it cannot want less or else, {dict(wanted)}")
    return Transition(
        "want",
        {("state",): (State.ANALYSING,), ("version",): (seen.version,), ("wanted",): (dict(seen.wanted),)},
        {("version",): seen.version + 1, ("wanted",): dict(wanted), **_paid_for(seen), **_fresh(now)},
    )


def mark_analysed(seen: ImageRow, position: str, now: datetime, with_part: str | None = None) -> Transition:
    """Let sync and merge see the row. All its parts must have been seen: none goes while the version stays.

    with_part: the feature whose part is only in `seen` as yet. Then the others are required: `seen` may be old, and a
    row that was restored from a backup, or made anew, may have its version and lack them.
    A check that comes soon enough stays: to move an entry of the unfinished costs two write units, to change it one.
    """
    requires: dict[FieldPath, tuple[Any, ...]] = {
        ("state",): (State.ANALYSING,),
        ("version",): (seen.version,),
        ("wanted",): (dict(seen.wanted),),
    }
    if with_part:
        requires |= {("parts", each): (seen.parts[each],) for each in seen.wanted if each != with_part}
    sets: dict[FieldPath, Any] = {
        ("state",): State.ANALYSED,
        ("version",): seen.version + 1,
        ("feed_position",): position,
        **_fresh(now),
        **_listed(seen),
        **({("was_other",): False} if seen.was_other else {}),
        **({("parts", with_part): fit_result(seen.parts[with_part])} if with_part else {}),
    }
    if seen.next_check_at and CHECK_KEPT_FROM <= seen.next_check_at - now <= CHECK_AFTER:
        requires["next_check_at",] = (seen.next_check_at,)  # a postponement meanwhile would let the merge wait longer
        del sets["next_check_at",]
    return Transition("mark analysed", requires, sets, stays_in_day=True)


def is_only_postponed(seen: ImageRow, standing: ImageRow) -> bool:
    """Return whether nothing but the check of a row in analysis has moved."""
    is_as_seen = (standing.version, standing.state) == (seen.version, State.ANALYSING)
    return is_as_seen and standing.next_check_at != seen.next_check_at


def mark_complete(version: int) -> Transition:
    """Note that the graph shows an analysed row."""
    return Transition(
        "mark complete",
        {("version",): (version,), ("state",): (State.ANALYSED, State.COMPLETE)},
        {("state",): State.COMPLETE, ("merged_version",): version, **_fresh(None)},
    )


def note_merged(row: ImageRow, version: int, now: datetime) -> Transition | None:
    """Note what the graph shows of a row that `mark_complete` does not fit; None if that is known.

    `mark_complete` rejects a merge whose row has changed meanwhile, but the graph now shows that version, so a later
    merge must correct it.
    """
    if version > row.version or version <= row.merged_version or not row.is_known:
        return None
    sets: dict[FieldPath, Any] = {("merged_version",): version}
    if row.state in ENDS:
        sets |= _fresh(now if version < row.version else None)
    return Transition("note merged", {**_as_it_was(row), ("merged_version",): (row.merged_version,)}, sets)


def postpone(seen: ImageRow, until: datetime, *, counts_round: bool, sent_at: datetime | None) -> Transition:
    """Look at an unfinished row later, and list it in its day. sent_at: when its steps were sent again, if at all."""
    requires: dict[FieldPath, tuple[Any, ...]] = {
        ("version",): (seen.version,),
        ("next_check_at",): (seen.next_check_at,),
    }
    sets: dict[FieldPath, Any] = {("next_check_at",): until, **_listed(seen)}
    if counts_round:
        sets |= {("rounds",): seen.rounds + 1, ("failure",): None}
    if sent_at:
        sets["sent_at",] = sent_at
    return Transition("postpone", requires, sets, stays_in_day=True)


def note_failure(seen: ImageRow, failure: Rejection) -> Transition:
    """Keep why a step failed, for the next look at the row."""
    requires: dict[FieldPath, tuple[Any, ...]] = {
        ("version",): (seen.version,),
        ("next_check_at",): (seen.next_check_at,),
    }
    return Transition("note failure", requires, {("failure",): fit_rejection(failure)})


def note_drop(seen: ImageRow, now: datetime) -> Transition:
    """Count an answer that was dropped, if the row's state is known. Its version and state stay as they are."""
    before = seen.drops.count if seen.drops and seen.drops.are_recent(now) else 0
    requires: dict[FieldPath, tuple[Any, ...]] = {("drops",): (seen.drops,), ("state",): tuple(State)}
    return Transition("note drop", requires, {("drops",): Drops(before + 1, now)})


def give_up(seen: ImageRow, why: Rejection) -> Transition:
    """Leave a row as far as it came: its parts stay, so that a redrive pays for what is missing alone."""
    return Transition(
        "give up",
        {**_as_it_was(seen), ("next_check_at",): (seen.next_check_at,)},
        {("state",): State.STUCK, ("rejection",): fit_rejection(why), **_fresh(None), **_listed(seen)},
        stays_in_day=True,
    )


def _as_it_was(seen: ImageRow) -> dict[FieldPath, tuple[Any, ...]]:
    """Require the state as well: a row that gets stuck, or is received again, keeps its version."""
    return {("version",): (seen.version,), ("state",): (seen.state,)}


def _fresh(sent_at: datetime | None) -> dict[FieldPath, Any]:
    """Count no failure of what was before. sent_at: when the next messages are sent; None: nothing is left to do."""
    return {
        ("rounds",): 0,
        ("failure",): None,
        ("sent_at",): sent_at,
        ("next_check_at",): sent_at and sent_at + CHECK_AFTER,
    }


def _listed(seen: ImageRow) -> dict[FieldPath, Any]:
    """List a row in its day, if it is not yet. Requires the version: a row of the same version has the same capture.

    Not from the beginning: each of its parts would cost the index a write.
    """
    return {("listed",): seen.capture} if seen.capture and seen.listed is None else {}


def _paid_for(seen: ImageRow) -> dict[FieldPath, Any]:
    return {("capture",): replace(seen.capture, stand_in=None)} if seen.capture and seen.capture.shown_with else {}


def _without_results(seen: ImageRow, wanted: Mapping[str, str]) -> dict[FieldPath, Any]:
    return {("parts", feature): None for feature, old in seen.wanted.items() if wanted.get(feature) != old}
