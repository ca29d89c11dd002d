"""Visits as pages show them: a cover with the labels it shows, and the other pictures.

Of each image only the labels are read, so a card cannot say that nothing was found: a text or a face may have been.

What the review hides is not told, and has no part in which picture is the cover.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sightline.models.answers import Finding
from sightline.models.images import ImageSummary
from sightline.stats.visits import Begun, Glimpse, Visit, visits
from sightline.web.chosen import ALL_IMAGES, Chosen
from sightline.web.console import Console
from sightline.web.days import Placed
from sightline.web.looking import note_viewed
from sightline.web.masks import contents_of, masked
from sightline.web.visitors import Visitor

VISITS_ON_A_PAGE = 60
MOST_LOOKED_AT = 2_000
"""Pictures that one page reads for those that are asked for; the next page goes on from there."""
READ_AT_ONCE = 100
"""Pictures that the review is asked about at once. It hides nothing from others: they read no further than they see."""
LABELS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A visit on a page.

    labels: the most certain of its cover; is_found: the cover shows what is asked for, or any label if none is named
    in_review: of how many pictures nothing may be told
    """

    visit: Visit
    cover: ImageSummary
    is_cover_hidden: bool
    labels: Finding
    is_found: bool
    in_review: int
    pictures: tuple[ImageSummary, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page's images. more: the place in the day from which the next page goes on; None if nothing follows."""

    images: tuple[ImageSummary, ...]
    hidden: frozenset[str]
    more: str | None


def listed(
    found: Iterator[Placed],
    chosen: Chosen,
    visitor: Visitor,
    console: Console,
    *,
    most_visits: int = VISITS_ON_A_PAGE,
    most_looked_at: int = MOST_LOOKED_AT,
) -> Listed:
    """Take the pictures of a page's visits from a day's, which come newest first.

    A page ends before the first picture of one visit too many. Where cameras were busy at the same time, this may part
    a visit of another camera: its earlier pictures are then a visit of the next page, and no picture is on both.
    """
    images: list[ImageSummary] = []
    hidden: set[str] = set()
    begun, last = Begun(console.options.visit_gap), None
    for looked_at, (place, is_listed, is_hidden) in enumerate(_judged(found, chosen, visitor, console)):
        is_full = is_listed and begun.number == most_visits and begun.is_another(place.image.capture)
        if is_full or looked_at == most_looked_at:
            return Listed(tuple(images), frozenset(hidden), last)
        last = place.position
        if is_listed:
            begun.add(place.image.capture)
            images.append(place.image)
            hidden |= {place.image.image_id} if is_hidden else set()
    return Listed(tuple(images), frozenset(hidden), None)


def _judged(
    found: Iterator[Placed], chosen: Chosen, visitor: Visitor, console: Console
) -> Iterator[tuple[Placed, bool, bool]]:
    """Say of each picture whether it is listed, and whether the review hides what was found in it.

    What the review hides is not listed where a list says what was found.
    """
    if not visitor.is_reviewer:
        yield from ((each, chosen.takes(each.image), False) for each in found)
        return
    while batch := list(islice(found, READ_AT_ONCE)):
        wanted = [each.image for each in batch if chosen.takes(each.image)]
        hidden = masked(contents_of(wanted), visitor, console)
        names = {each.image_id for each in wanted} - (hidden if chosen.asks_what_was_found else frozenset())
        for each in batch:
            yield each, each.image.image_id in names, each.image.image_id in hidden


def cards(
    images: Iterable[ImageSummary],
    hidden: frozenset[str],
    visitor: Visitor,
    console: Console,
    chosen: Chosen = ALL_IMAGES,
) -> list[Card]:
    """Return the visits of these images, the newest first, and note whose answers the visitor has then seen."""
    by_id = {each.image_id: each for each in images}
    found = {each: () if each in hidden else _labels(by_id[each]) for each in by_id}
    glimpses = [Glimpse(each, by_id[each].capture, _certainty(found[each], chosen)) for each in by_id]
    made = [
        Card(
            visit,
            by_id[visit.cover.image_id],
            visit.cover.image_id in hidden,
            _told_first(found[visit.cover.image_id], chosen)[:LABELS_SHOWN],
            bool(found[visit.cover.image_id]) and chosen.shows(by_id[visit.cover.image_id]),
            sum(each.image_id in hidden for each in visit.pictures),
            tuple(by_id[each.image_id] for each in visit.pictures),
        )
        for visit in visits(glimpses, console.options.visit_gap)
    ]
    told = by_id.values() if chosen.asks_what_was_found else [each.cover for each in made]
    note_viewed([each.image_id for each in told if _is_told(each, hidden)], visitor, console)
    return made


def _is_told(image: ImageSummary, hidden: frozenset[str]) -> bool:
    """Return whether a page says which labels an image shows, or that it shows none."""
    return image.image_id not in hidden and "labels" in image.parts


def _labels(image: ImageSummary) -> Finding:
    """Return the labels, the most certain first."""
    part = image.parts.get("labels")
    return tuple(sorted(part.finding if part else (), key=lambda each: -each[1]))


def _told_first(labels: Finding, chosen: Chosen) -> Finding:
    """Return the labels with the one that is asked for in front."""
    wanted = (chosen.label or "").casefold()
    return tuple(sorted(labels, key=lambda each: each[0].casefold() != wanted))


def _certainty(labels: Finding, chosen: Chosen) -> float:
    wanted = None if chosen.label is None else chosen.label.casefold()
    return max((percent for name, percent in labels if wanted in {None, name.casefold()}), default=0.0)
