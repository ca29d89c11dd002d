"""What paying by need saved and missed in a span of days, read from the index by day (`sightline need`).

Whether an image is in the control slice, and what it would have been asked for there, follows from its row and the
rules. So the rules are those of today: images that others saw are judged by these.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sightline.models.answers import Finding
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
    compared: images of the control slice that would not have been paid for; missed: images, outside the slice, on which
    it would have found something that they are not shown with
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

    A label is missed from the threshold up at which accuracy is watched; other labels are not.
    tell: called before each camera's day is read; what it raises ends the work
    """
    rules = _Rules(
        need, services.plan.features, {each.label: each.threshold_percent for each in services.accuracy.rules}
    )
    seen = {name: _Seen() for name in need.spared(rules.features)}
    control: dict[str, ImageSummary] = {}
    for camera_day in services.operations.dirty_days.known(None, first_day, last_day):
        tell()
        for image in services.images.by_day(camera_day.camera, camera_day.day):
            if image.state not in _SETTLED or not _is_told(image, services.plan):
                continue
            if need.is_control(image.capture):
                control[image.image_id] = image
            _count_unpaid(image, need, seen)
    for image in control.values():
        _compare(image, control, rules, seen)
    prices = {name: services.prices.of_call(feature_named(name), services.plan.features[name]) for name in seen}
    names = (first_day, last_day)
    return {name: _spared(seen[name], prices[name], need, (name, *names)) for name in sorted(seen)}


@dataclass(frozen=True, slots=True)
class _Rules:
    """By what it is told what is missed. watched: label → least confidence in percent."""

    need: Need
    features: Mapping[str, object]
    watched: Mapping[str, float]

    def would_be_asked(self, image: ImageSummary) -> list[str]:
        """Name the features that an image is paid for outside the slice, if no other stands in for it."""
        labels = image.parts.get(LABELS)
        found, cut = (labels.finding, labels.unknown_below_percent) if labels else ((), None)
        return self.need.after_labels(list(self.features), image.capture, found, cut)

    def is_missed(self, feature: str, own: Finding, shown: Finding) -> bool:
        """Return whether an image would be shown with less than its own answer has."""
        return is_missed(own, shown, self.watched if feature == LABELS else None)


def _is_told(image: ImageSummary, plan: Plan) -> bool:
    """Return whether it is known what the rules ask for; what Rekognition refused would have cost nothing."""
    labels = image.parts.get(LABELS)
    if labels is None:
        return LABELS not in plan.features or image.capture.shown_with is not None
    return labels.status is ResultStatus.ANSWERED


def _count_unpaid(image: ImageSummary, need: Need, seen: Mapping[str, _Seen]) -> None:
    for name, found in seen.items():
        if name not in image.parts:
            counted = found.bursts[need.burst(image.capture)]
            found.contents.add(image.content_sha256)
            counted.unpaid, counted.is_whole = counted.unpaid + 1, False


def _compare(
    image: ImageSummary, control: Mapping[str, ImageSummary], rules: _Rules, seen: Mapping[str, _Seen]
) -> None:
    """Compare an image of the slice with what it would have been shown with, feature by feature."""
    stand_in = image.capture.stand_in if rules.need.near else None
    other = control.get(stand_in.image_id) if stand_in else image
    would = rules.would_be_asked(other) if other else []
    for name, found in seen.items():
        counted = found.bursts[rules.need.burst(image.capture)]
        if other is None or (stand_in and other.content_sha256 != stand_in.content_sha256):
            counted.is_whole = False  # with what it would have been shown nobody knows any more
        elif name in image.parts and (stand_in or name not in would):
            shown = other.parts[name].finding if name in would and name in other.parts else ()
            counted.unpaid += 1
            counted.missed += rules.is_missed(name, image.parts[name].finding, shown)


def _spared(seen: _Seen, price: int, need: Need, names: Iterable[str]) -> Spared:
    """Estimate. A burst of the slice that has an unpaid image after all, because its time was moved, compares none."""
    bursts = seen.bursts
    control = {burst for burst in bursts if bursts[burst].is_whole and need.is_control_burst(burst)}
    compared = [Compared(bursts[burst].unpaid, bursts[burst].missed) for burst in sorted(control)]
    unpaid = [bursts[burst].unpaid for burst in sorted(bursts) if burst not in control]
    missed = estimate_missed(compared, unpaid, *names)
    return Spared(sum(unpaid), price * len(seen.contents), sum(each.unpaid for each in compared), missed)
