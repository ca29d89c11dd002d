"""What paying by need saved and missed in a span of days, read from the index by day (`sightline need`).

Whether an image is in the control slice, and what it would have been asked for there, follows from its row and the
rules. So the rules are those of today: images that others saw are judged by these.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sightline.models.images import ImageSummary, ResultStatus, State
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.need import LABELS, Need, is_missed
from sightline.services.plan import Plan
from sightline.stats.bursts import Burst
from sightline.stats.figures import Figure
from sightline.stats.missed import Compared, estimate_missed

_SETTLED = {State.ANALYSED, State.COMPLETE}


@dataclass(frozen=True, slots=True)
class Spared:
    """One feature that is paid for by need.

    images: not asked for it; saved_micro_usd: less what bytes that several images share would have cost again
    compared: images of the control slice that would not have been asked; missed: images, outside the slice, on which it
    would have found something
    """

    images: int
    saved_micro_usd: int
    compared: int
    missed: Figure


@dataclass(slots=True)
class _BurstSeen:
    """What a burst holds for one feature. unpaid: by the rules in the slice, else by the rows."""

    unpaid: int = 0
    missed: int = 0
    is_whole: bool = True


@dataclass(slots=True)
class _Seen:
    bursts: defaultdict[Burst, _BurstSeen] = field(default_factory=lambda: defaultdict(_BurstSeen))
    contents: set[str] = field(default_factory=set)


def what_was_spared(
    first_day: str, last_day: str, need: Need, services: Services, tell: Callable[[], None] = lambda: None
) -> dict[str, Spared]:
    """Return by feature what was saved and missed on these capture days, inclusive; YYYY-MM-DD.

    tell: called before each camera's day is read; what it raises ends the work
    """
    seen = {name: _Seen() for name in need.asks}
    for camera_day in services.operations.dirty_days.known(None, first_day, last_day):
        tell()
        for image in services.images.by_day(camera_day.camera, camera_day.day):
            if image.state in _SETTLED and _has_labels(image, services.plan):
                _count(image, need, services.plan.features, seen)
    prices = {name: services.prices.of_call(feature_named(name), services.plan.features[name]) for name in seen}
    names = (first_day, last_day)
    return {name: _spared(seen[name], prices[name], need, (name, *names)) for name in sorted(seen)}


def _has_labels(image: ImageSummary, plan: Plan) -> bool:
    """Return whether the answer is there by which the rules go; what Rekognition refused would have cost nothing."""
    labels = image.parts.get(LABELS)
    return LABELS not in plan.features if labels is None else labels.status is ResultStatus.ANSWERED


def _count(image: ImageSummary, need: Need, features: Mapping[str, object], seen: Mapping[str, _Seen]) -> None:
    labels, burst = image.parts.get(LABELS), need.burst(image.capture)
    found_labels, cut = (labels.finding, labels.unknown_below_percent) if labels else ((), None)
    would = need.after_labels(list(features), image.capture, found_labels, cut)
    for name, found in seen.items():
        part, counted = image.parts.get(name), found.bursts[burst]
        if part is None:
            found.contents.add(image.content_sha256)
            counted.unpaid, counted.is_whole = counted.unpaid + 1, False
        elif name not in would and need.is_control(image.capture):
            counted.unpaid, counted.missed = counted.unpaid + 1, counted.missed + is_missed(part.finding, ())


def _spared(seen: _Seen, price: int, need: Need, names: Iterable[str]) -> Spared:
    """Estimate. A burst of the slice that has an unpaid image after all, because its time was moved, compares none."""
    bursts = seen.bursts
    control = {burst for burst in bursts if bursts[burst].is_whole and need.is_control_burst(burst)}
    compared = [Compared(bursts[burst].unpaid, bursts[burst].missed) for burst in sorted(control)]
    unpaid = [bursts[burst].unpaid for burst in sorted(bursts) if burst not in control]
    missed = estimate_missed(compared, unpaid, *names)
    return Spared(sum(unpaid), price * len(seen.contents), sum(each.unpaid for each in compared), missed)
