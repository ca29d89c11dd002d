"""Correct the capture times of a camera whose clock was wrong, and bring back what its clock said.

Days are the unit of the review's sample, so an image that moves to another day leaves the verdicts of its old day
behind. A correction is previewed with what it costs, kept before it is made, and can be undone up to five times.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from sightline.models.images import MOVED, CameraDay, Capture, ImageRow, ImageSummary, State
from sightline.services.capture import zone_of as zone_in
from sightline.services.clock_doubts import AHEAD
from sightline.services.collaborators import Services
from sightline.services.rollups.cells import Day, cells_of, read_day
from sightline.stats.windows import days_of
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.images.transitions import is_movable

STEADY = timedelta(minutes=10)
"""How much later than its neighbour an image of the same run of the clock may have been uploaded."""

LONGEST = 4_000
"""The most days that are read at once."""

MOST_CORRECTIONS = 5
"""How many corrections of a camera can be undone: their days fit into one item."""

KEPT = timedelta(days=3_650)
"""How long a correction can be undone."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Images in the order of upload whose clock ran on: an offset. Where the clock was reset, the next one begins.

    behind: by how much the clock was behind the uploads, at least; negative if it was ahead
    """

    images: int
    first: datetime
    last: datetime
    behind: timedelta


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that was made. ranges: the days that it touched, as first and last days."""

    number: int
    ranges: Sequence[tuple[str, str]]

    def days(self) -> Iterator[str]:
        """Yield each day."""
        for first, last in self.ranges:
            length = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
            yield from days_of(last, length)


@dataclass(frozen=True, slots=True)
class Moves:
    """What would move.

    captures: image id → its new capture; days: all that lose or gain an image
    in_progress: how many images cannot move yet; moved_before: how many stay because they were moved already
    """

    camera: str
    captures: Mapping[str, Capture]
    days: frozenset[CameraDay]
    in_progress: int = 0
    moved_before: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a correction would change. lost, gained: verdicts that would stop counting, and that would count again."""

    images: int
    in_progress: int
    moved_before: int
    days: Sequence[CameraDay]
    lost: int
    gained: int


def zone_of(camera: str, services: Services) -> tzinfo:
    """Return the camera's time zone."""
    return zone_in(camera, services.sweep.time_zones, services.sweep.default_zone)


def images_between(camera: str, first: datetime, last: datetime, services: Services) -> list[ImageSummary]:
    """Return the camera's images that were taken from `first` to `last`, in order."""
    days = min((last.date() - first.date()).days, LONGEST)
    found = (
        image
        for after in range(days + 1)
        for image in services.images.by_day(camera, (first.date() + timedelta(days=after)).isoformat())
    )
    return [image for image in found if first <= image.capture.taken_at <= last]


def runs_of(images: Iterable[ImageSummary]) -> list[list[ImageSummary]]:
    """Part images, in the order of upload, where the clock jumped against the uploads."""
    runs: list[list[ImageSummary]] = []
    for image in sorted((each for each in images if each.uploaded_at), key=_uploaded_at):
        if not runs or abs(behind_of(image) - behind_of(runs[-1][-1])) > STEADY:
            runs.append([])
        runs[-1].append(image)
    return runs


def behind_of(image: ImageSummary) -> timedelta:
    """Return how long after its capture time the image was uploaded."""
    return _uploaded_at(image) - image.capture.taken_at


def _uploaded_at(image: ImageSummary) -> datetime:
    if image.uploaded_at is None:
        raise ValueError(f"it is not known when {image.image_id} was uploaded")
    return image.uploaded_at


def segment_of(run: Sequence[ImageSummary]) -> Segment:
    """Describe one run of the clock."""
    times = [image.capture.taken_at for image in run]
    return Segment(len(run), min(times), max(times), min(map(behind_of, run)))


def moved_by(camera: str, images: Iterable[ImageSummary], by: timedelta, services: Services) -> Moves:
    """Return the moves of all these images by one offset."""
    return _moves(camera, [(each, each.capture.taken_at + by) for each in images], services)


def moved_to_uploads(camera: str, images: Iterable[ImageSummary], services: Services) -> Moves:
    """Return the moves that bring each run of the clock up to its uploads: as if its soonest upload took no time."""
    found = [
        (image, image.capture.taken_at + behind)
        for run in runs_of(images)
        if abs(behind := min(map(behind_of, run))) > AHEAD
        for image in run
    ]
    return _moves(camera, found, services)


def _moves(camera: str, found: Sequence[tuple[ImageSummary, datetime]], services: Services) -> Moves:
    """Leave out what was moved before: a correction that is made twice by mistake, or was cut, moves nothing twice."""
    kept = corrections(camera, services)
    zone, number = zone_of(camera, services), kept[-1].number + 1 if kept else 1
    movable = [(image, at) for image, at in found if is_movable(image.state)]
    captures = {
        image.image_id: replace(
            image.capture,
            taken_at=at.astimezone(zone),
            source=MOVED,
            read_at=image.capture.taken_at,
            read_source=image.capture.source,
            correction=number,
        )
        for image, at in movable
        if image.capture.source != MOVED
    }
    days = {image.capture.camera_day for image, _ in movable if image.image_id in captures}
    days |= {capture.camera_day for capture in captures.values()}
    return Moves(camera, captures, frozenset(days), len(found) - len(movable), len(movable) - len(captures))


def preview(moves: Moves, services: Services) -> Preview:
    """Return what the moves would change; nothing is written."""
    entering: defaultdict[str, list[ImageSummary]] = defaultdict(list)
    days = {day: read_day(day, services.images, services.verdicts) for day in sorted(moves.days)}
    for day in days.values():
        for image in day.images:
            if capture := moves.captures.get(image.image_id):
                entering[capture.day].append(replace(image, capture=capture))
    lost = gained = 0
    for where, day in days.items():
        staying = [image for image in day.images if image.image_id not in moves.captures]
        after = _counting(replace(day, images=[*staying, *entering[where.day]]), services)
        before = _counting(day, services)
        lost, gained = lost + len(before - after), gained + len(after - before)
    return Preview(len(moves.captures), moves.in_progress, moves.moved_before, sorted(moves.days), lost, gained)


def _counting(day: Day, services: Services) -> set[tuple[str, str]]:
    """Return the reviewed images that count: label and image id."""
    return {
        (rule.label, reviewed.candidate.image_id)
        for rule in services.accuracy.rules
        for cell in cells_of(day, rule, services.accuracy)
        for prefix in cell.reviewed.prefixes.values()
        for reviewed in prefix
    }


def apply(moves: Moves, services: Services) -> Iterator[bool]:
    """Move the images; yield for each whether it moved. One that changed meanwhile stays: run it again."""
    if not moves.captures:
        return
    kept = corrections(moves.camera, services)
    number = next(iter(moves.captures.values())).correction
    _keep(moves.camera, [*kept, Correction(number, ranges_of(day.day for day in moves.days))], services)
    yield from _write(moves.captures, moves.days, services)


def undo(camera: str, services: Services) -> Iterator[bool]:
    """Bring back the times of the last correction; yield for each image whether it went back.

    Until all of them went back it remains the last correction, and can be undone again.
    """
    kept, moves = corrections(camera, services), undoing(camera, services)
    undone = 0
    for is_undone in _write(moves.captures, moves.days, services):
        undone += is_undone
        yield is_undone
    if kept and undone == len(moves.captures) and not moves.in_progress:
        _keep(camera, kept[:-1], services)


def undoing(camera: str, services: Services) -> Moves:
    """Return the moves that undo the last correction: what the camera's key, picture or upload said comes back."""
    kept = corrections(camera, services)
    if not kept:
        return Moves(camera, {}, frozenset())
    days = [CameraDay(camera, day) for day in kept[-1].days()]
    found = [
        image
        for day in days
        for image in services.images.by_day(camera, day.day)
        if image.capture.source == MOVED and image.capture.correction == kept[-1].number
    ]
    captures = {
        image.image_id: replace(
            image.capture, taken_at=at, source=image.capture.read_source, read_at=None, read_source="", correction=0
        )
        for image in found
        if is_movable(image.state) and (at := image.capture.read_at)
    }
    return Moves(camera, captures, frozenset(days), len(found) - len(captures))


def corrections(camera: str, services: Services) -> list[Correction]:
    """Return the camera's corrections that can be undone, the last one at the end."""
    kept = services.operations.checkpoints.get(_name(camera))
    return [Correction(number, ranges) for number, ranges in kept["corrections"]] if kept else []


def _keep(camera: str, kept: Sequence[Correction], services: Services) -> None:
    said = [[each.number, [*each.ranges]] for each in kept[-MOST_CORRECTIONS:]]
    services.operations.checkpoints.keep(_name(camera), {"corrections": said}, KEPT)


def ranges_of(days: Iterable[str]) -> list[tuple[str, str]]:
    """Join days that follow each other: first and last day of each run."""
    ranges: list[tuple[str, str]] = []
    for day in sorted(days):
        if ranges and date.fromisoformat(day) - date.fromisoformat(ranges[-1][1]) == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def _name(camera: str) -> str:
    return sort_key(f"clock#{camera}")


def _write(captures: Mapping[str, Capture], days: Iterable[CameraDay], services: Services) -> Iterator[bool]:
    """Move rows. Their days are marked before, so that a crash leaves none wrong, and after, for a reader between."""
    dirty_days = services.operations.dirty_days
    touched = set(days)
    dirty_days.reopen(touched, services.clock())
    dirty_days.mark(touched)
    for image_id, capture in captures.items():
        yield _write_one(services.images.get(image_id), capture, services)
    dirty_days.mark(touched)


def _write_one(row: ImageRow | None, capture: Capture, services: Services) -> bool:
    if row is None or row.state is State.RECEIVED:
        return False
    return services.images.move_capture(row, capture) is not None
