"""How many images of a day show each watched label, by hour and confidence: what heat maps and histograms are made of.

They are counted when a day is rolled up, of whatever detector version, and closed days as well: unlike an estimate, a
count of what was found has no reason to stay as it was.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sightline.models.images import CameraDay
from sightline.services.rollups.cells import Day, analysed
from sightline.storage.dirty_days import DirtyDayStore, Purpose
from sightline.storage.rollups.protocol import HourCounts, RollupStore


def keep_hour_counts(day: Day, read_at: datetime, labels: Iterable[str], rollups: RollupStore) -> bool:
    """Count a day's images and keep the numbers; return whether they were kept: not if another run has read it later.

    read_at: when the day began to be read
    """
    return rollups.keep_hour_counts(day.camera_day, read_at, {label: _counted(day, label) for label in labels})


def _counted(day: Day, label: str) -> HourCounts:
    found = ((image.capture.taken_at.hour, dict(result.finding).get(label)) for image, result in analysed(day.images))
    return Counter((hour, int(confidence)) for hour, confidence in found if confidence is not None)


@dataclass(frozen=True, slots=True)
class DaysCounted:
    """What is known of some days without asking the graph.

    by_day: of all cameras that are asked about together; left: the days of which something is not known
    """

    by_day: Mapping[str, HourCounts]
    left: Collection[str]


NOTHING_COUNTED = DaysCounted({}, ())
"""No day is known: the graph is asked about all."""


def days_counted(
    label: str, days: Collection[CameraDay], camera: str | None, dirty_days: DirtyDayStore, rollups: RollupStore
) -> DaysCounted:
    """Return the counts of those days that are kept as they are now.

    days: those that have images; camera: whose they are, or None for all. A day of which a camera has changed since,
    or was never counted, is left. The marks are read first: a day that is rolled up between the two reads is marked, or
    counted in full.
    """
    if not days:
        return NOTHING_COUNTED
    first, last = min(each.day for each in days), max(each.day for each in days)
    marked = {each.camera_day for each in dirty_days.dirty(Purpose.ROLLUPS, first, last)}
    kept = dict(rollups.hour_counts(label, first, last, camera))
    left = {each.day for each in days if each in marked or each not in kept}
    by_day: dict[str, Counter[tuple[int, int]]] = {}
    for each in days:
        if each.day not in left:
            by_day.setdefault(each.day, Counter()).update(kept[each])
    return DaysCounted(by_day, left)
