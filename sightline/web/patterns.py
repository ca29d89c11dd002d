"""Counts of what was found: by weekday and hour, by confidence, and in one month against another.

The graph counts what the roll-ups have not counted already, which they do of watched labels. To a reviewer it counts
everything, without the images that the review may still ask them about: with these among them, the difference between
two counts would tell what was found in one.
"""

from array import array
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http import HTTPStatus
from itertools import accumulate
from typing import TypeVar

from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.services.rollups.hour_counts import NOTHING_COUNTED, DaysCounted, days_counted
from sightline.storage.rollups.protocol import HourCounts
from sightline.web.console import Console
from sightline.web.days import known_days, newest_day
from sightline.web.errors import WebError
from sightline.web.graph_reader import Rows
from sightline.web.masks import masked_among
from sightline.web.recent import Recent
from sightline.web.searching import Hit, TooManyHidden, search
from sightline.web.sought import Sought
from sightline.web.visitors import Visitor

Found = TypeVar("Found")

BAND = 5
"""Width of a band of confidences, in percent."""

USUAL_LEAST = 50.0
"""The confidence from which labels are counted, if no other is asked for."""

MOST_LOOKED_AT = 20_000
"""Images among those counted of which it is asked whether the review hides them."""


class TooManyToCount(WebError):
    """So many images may be hidden by the review that it would take too long to look at each."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    rule = f"at most {MOST_LOOKED_AT:,} of the pictures to be counted may be such as the review still asks about"
    remedy = "Choose fewer days or one camera"


@dataclass(frozen=True, slots=True)
class Days:
    """Capture days, first to last."""

    first: str
    last: str

    @property
    def asked(self) -> dict[str, Json]:
        """Return the parameters of a query."""
        return {"first": self.first, "last": self.last}


def days_up_to(last: date | None, number: int, camera: str | None, console: Console) -> Days | None:
    """Return so many days up to one; up to the newest that has pictures, if none is named. None if there is none."""
    newest = last.isoformat() if last else newest_day(known_days(console), camera)
    if newest is None:
        return None
    first = date.fromordinal(max(date.fromisoformat(newest).toordinal() - number + 1, 1))
    return Days(first.isoformat(), newest)


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted: the images of a label, from a confidence up, of a camera or of all."""

    label: str
    camera: str | None
    days: Days
    at_least: float = 0.0


Cell = tuple[int, int]
"""Weekday (1 is Monday) and hour."""


def by_time(counted: Counted, visitor: Visitor, console: Console) -> Mapping[Cell, int]:
    """Return how many images there are in each hour of each weekday; those without one are left out."""

    def count() -> Counter[Cell]:
        days, rows = _days_and_rows("label-by-time", {"at_least": counted.at_least}, counted, visitor, console)
        cells = Counter({(row["weekday"], row["hour"]): row["images"] for row in rows})
        for day, counts in days.items():
            weekday = date.fromisoformat(day).isoweekday()
            cells.update(_in_hours(weekday, counts, counted.at_least))
        return cells

    return _kept_for_owners(counted, visitor, console.times, count)


def _in_hours(weekday: int, counts: HourCounts, at_least: float) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    for (hour, percent), images in counts.items():
        if percent >= at_least:
            found[weekday, hour] += images
    return found


def by_confidence(counted: Counted, visitor: Visitor, console: Console) -> Mapping[int, int]:
    """Return how many images there are in each band, named by where it begins; those without one are left out."""

    def count() -> Counter[int]:
        days, rows = _days_and_rows("label-by-confidence", {}, counted, visitor, console)
        bands = Counter({row["from_percent"]: row["images"] for row in rows})
        for counts in days.values():
            for (_, percent), images in counts.items():
                bands[min(percent // BAND * BAND, 100 - BAND)] += images
        return bands

    return _kept_for_owners(counted, visitor, console.confidences, count)


def last_one(counted: Counted, visitor: Visitor, console: Console) -> Hit | None:
    """Return the newest picture that would be counted, up to the last day; None if there is none to be told of."""
    until = date.fromisoformat(counted.days.last)
    sought = Sought(counted.label, None, counted.camera, None, until, counted.at_least)
    try:
        return next(iter(search(sought, visitor, console, most=1).hits), None)
    except TooManyHidden:
        return None


def _kept_for_owners(
    counted: Counted, visitor: Visitor, kept: Recent[Hashable, Found], count: Callable[[], Found]
) -> Found:
    """Count, or return what was counted for an owner a moment ago; for a reviewer see `_count_of`."""
    if visitor.is_reviewer:
        return count()
    return kept.of(counted, count, keeps=bool)  # not of nothing: the first pictures may be on their way into the graph


def _days_and_rows(
    name: str, more: Mapping[str, Json], counted: Counted, visitor: Visitor, console: Console
) -> tuple[Mapping[str, HourCounts], Rows]:
    """Return the days that are counted already, and what the graph says of the others."""
    days = _days_counted(counted, visitor, console)
    where: dict[str, Json] = {"label": counted.label, "camera": counted.camera, **counted.days.asked}
    asked = {**where, **more, "days": None, "leave_out": _left_out([where], visitor, console)}
    if not days.by_day:
        return {}, console.graph.query(name, asked)
    if not days.left:
        return days.by_day, []
    left = {"first": min(days.left), "last": max(days.left), "days": sorted(days.left)}
    return days.by_day, console.graph.query(name, asked | left)


def _days_counted(counted: Counted, visitor: Visitor, console: Console) -> DaysCounted:
    """Return what the roll-ups have counted: for owners, of a watched label, from a whole number of percent up.

    A reviewer's count leaves out images, so it must know each.
    """
    is_watched = console.services.accuracy.threshold_of(counted.label) is not None
    if visitor.is_reviewer or not is_watched or counted.at_least % 1:
        return NOTHING_COUNTED
    known = known_days(console)
    cameras = known if counted.camera is None else {counted.camera} & known.keys()
    span = counted.days
    days = [CameraDay(name, day) for name in cameras for day in known[name] if span.first <= day <= span.last]
    services = console.services
    return days_counted(counted.label, days, counted.camera, services.operations.dirty_days, services.rollups)


def _left_out(asked: Sequence[Mapping[str, Json]], visitor: Visitor, console: Console) -> list[str] | None:
    """Return the images that are not counted for this visitor; None if all are. asked: where to look for them."""
    if not visitor.is_reviewer:
        return None

    def find(images: Sequence[str]) -> list[str]:
        rows = [row for each in asked for row in console.graph.query("images-between", {**each, "images": images})]
        if len(rows) > MOST_LOOKED_AT:
            raise TooManyToCount(f"{len(rows):,} pictures")
        return [row["image_id"] for row in rows]

    return sorted(masked_among(find, visitor, console))


@dataclass(frozen=True, slots=True)
class Month:
    """A month as it is compared. camera_days: on how many days a camera had pictures, all cameras together."""

    month: str
    images: int
    camera_days: int


@dataclass(frozen=True, slots=True)
class LabelOfMonths:
    """How many images show a label, and of each thousand; None if a month has no image."""

    label: str
    before: int
    after: int
    before_of_thousand: float | None
    after_of_thousand: float | None

    @property
    def more(self) -> float:
        """Return by how much the share has grown, or the number if a month has no image."""
        if self.before_of_thousand is None or self.after_of_thousand is None:
            return self.after - self.before
        return self.after_of_thousand - self.before_of_thousand


@dataclass(frozen=True, slots=True)
class Months:
    """Two months. labels: those whose share has changed most come first."""

    before: Month
    after: Month
    labels: Sequence[LabelOfMonths]

    @property
    def is_uneven(self) -> bool:
        """Return whether cameras were on for so different times that numbers alone mislead."""
        few, many = sorted((self.before.camera_days, self.after.camera_days))
        return many > 0 and few < (1 - UNEVEN) * many


UNEVEN = 0.1


@dataclass(frozen=True, slots=True)
class ComparedMonths:
    """What is compared."""

    before: str
    after: str
    camera: str | None
    at_least: float


def compare_months(asked: ComparedMonths, visitor: Visitor, console: Console) -> Months:
    """Return two months. What owners see of each is kept: for a day once it has ended, else for some minutes.

    It is counted for all whole percents together: from the usual confidence up, or from 0 if a lower one is asked for.
    """
    months = dict.fromkeys((asked.before, asked.after))
    hidden = _left_out([{"camera": asked.camera, **_days_of(each).asked} for each in months], visitor, console)
    count = partial(_count_of, asked=asked, hidden=hidden, visitor=visitor, console=console)
    beside = console.counts.submit(count, asked.after) if len(months) > 1 else None
    before = count(asked.before)
    after = beside.result() if beside else before
    labels = [each.labels(asked.at_least) for each in (before, after)]
    shown = [
        _label(label, [each[label] for each in labels], (before.images, after.images))
        for label in labels[0].keys() | labels[1].keys()
    ]
    first, second = (
        Month(month, counted.images, _camera_days(month, asked.camera, console))
        for month, counted in ((asked.before, before), (asked.after, after))
    )
    return Months(first, second, sorted(shown, key=lambda each: (-abs(each.more), each.label)))


@dataclass(frozen=True, slots=True)
class CountOfMonth:
    """How many images a month has.

    from_percent: label → by whole percent, 0 to 100, how many of them show it with that confidence or a higher one, of
    those that were asked for
    """

    images: int
    from_percent: Mapping[str, Sequence[int]]

    def labels(self, at_least: float) -> Counter[str]:
        """Return how many images show each label from a confidence up; those of none are left out."""
        percent = int(at_least)
        return Counter({label: counts[percent] for label, counts in self.from_percent.items() if counts[percent]})


def _count_of(
    month: str, asked: ComparedMonths, hidden: list[str] | None, visitor: Visitor, console: Console
) -> CountOfMonth:
    """Count a month, or return what was counted lately. To a reviewer it is counted each time, without what is hidden.

    A kept number without what is hidden now would be off by what has come since, and that tells what it shows.
    """
    where: dict[str, Json] = {"camera": asked.camera, **_days_of(month).asked}
    if visitor.is_reviewer or asked.at_least % 1:
        return _counted({**where, "at_least": asked.at_least, "leave_out": hidden}, console)
    kept = console.months if month < _this_month(console) else console.month_going_on
    counted_from = USUAL_LEAST if asked.at_least >= USUAL_LEAST else 0.0
    key = month, asked.camera, counted_from
    return kept.of(key, lambda: _counted({**where, "at_least": counted_from, "leave_out": None}, console))


def _counted(asked: Mapping[str, Json], console: Console) -> CountOfMonth:
    images, from_percent = 0, dict[str, Sequence[int]]()
    for row in console.graph.query("labels-of-days", asked):
        if row["label"] is None:
            images = row["images"]
        else:
            from_percent[row["label"]] = _from_percent(dict(zip(row["percents"], row["of_percents"], strict=True)))
    return CountOfMonth(images, from_percent)


def _from_percent(counts: Mapping[int, int]) -> Sequence[int]:
    """Add up from the highest percent down. As an array it takes half a kilobyte."""
    return array("I", accumulate(counts.get(percent, 0) for percent in range(100, -1, -1)))[::-1]


def _label(label: str, shown: Sequence[int], images: Sequence[int]) -> LabelOfMonths:
    before, after = shown
    of_thousand = (1_000 * n / all_ if all_ else None for n, all_ in zip(shown, images, strict=True))
    return LabelOfMonths(label, before, after, *of_thousand)


def _this_month(console: Console) -> str:
    """Return the month that has not ended everywhere: by a camera far west it may still be the last one."""
    return f"{console.now - timedelta(days=1):%Y-%m}"


def _days_of(month: str) -> Days:
    last = monthrange(int(month[:4]), int(month[5:]))[1]
    return Days(f"{month}-01", f"{month}-{last}")


def _camera_days(month: str, camera: str | None, console: Console) -> int:
    days = known_days(console)
    return sum(day.startswith(month) for name in days if camera in {None, name} for day in days[name])


def months_with_pictures(camera: str | None, console: Console) -> list[str]:
    """Return the months that have pictures, the newest first."""
    days = known_days(console)
    return sorted({day[:7] for name in days if camera in {None, name} for day in days[name]}, reverse=True)
