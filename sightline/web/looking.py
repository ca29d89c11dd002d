"""One image as a visitor may see it, and what they say of it: for its page and for the API."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sightline.errors import ImageMissing
from sightline.models.images import ImageRow
from sightline.services.seen_there import SeenThere, seen_there
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.verdicts import Answer, Source
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.protocol import MarkKind
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.web.console import Console
from sightline.web.errors import InReview
from sightline.web.found import FeatureShown, features_of
from sightline.web.masks import is_masked
from sightline.web.visitors import Visitor

VIEWED_LASTS = timedelta(days=400)
"""How long it is remembered that somebody saw an image's answers: longer than any figure looks back."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """An image's row, and what was found in it; nothing if the review hides it from this visitor.

    seen_there: what it is shown with, if it is not paid for; that tells nothing where the review hides the other image
    """

    row: ImageRow
    is_hidden: bool
    features: list[FeatureShown]
    seen_there: SeenThere | None


def look_at(image_id: str, visitor: Visitor, console: Console) -> LookedAt:
    """Return what a visitor may see of an image, and note that they have seen it."""
    row = row_of(image_id, console)
    is_hidden = is_masked(row, visitor, console)
    features = [] if is_hidden else features_of(row, console)
    there = None if is_hidden else _seen_there(row, visitor, console)
    viewed = [row.image_id] if features else [there.stand_in.image_id] if there and there.found else []
    if viewed:
        console.services.users.mark(visitor.user, MarkKind.VIEWED, viewed, VIEWED_LASTS)
    return LookedAt(row, is_hidden, features, there)


def _seen_there(row: ImageRow, visitor: Visitor, console: Console) -> SeenThere | None:
    if (stand_in := row.shown_with) is None:
        return None
    services = console.services
    other = services.images.get(stand_in.image_id)
    if other and is_masked(other, visitor, console):
        return SeenThere(stand_in, is_as_it_was=True, found={})
    return seen_there(stand_in, other, services.ledger, services.plan)


def note_viewed(image_ids: Collection[str], visitor: Visitor, console: Console) -> None:
    """Note that a person who reviews has seen what was found in these images, as a list tells it; once for each."""
    if visitor.is_reviewer and image_ids:
        console.services.users.mark_new(visitor.user, MarkKind.VIEWED, image_ids, VIEWED_LASTS)


def row_of(image_id: str, console: Console) -> ImageRow:
    """Return an image's row; raise InvalidUri, or ImageMissing if there is none."""
    row = console.services.images.get(str(ObjectUri.parse(image_id)))
    if row is None:
        raise ImageMissing(image_id, rule="the image must have been added", remedy="Add it with `sightline add`")
    return row


def verdicts_of(row: ImageRow, visitor: Visitor, console: Console, *, hidden: bool) -> list[KeptVerdict]:
    """Return the verdicts that this visitor may see: their own, and those of others once theirs is given."""
    kept = console.services.verdicts.of_image(row.image_id)
    return [each for each in kept if not hidden or each.verdict.reviewer == visitor.user]


def volunteer(
    image_id: str, label: str, answer: Answer, content: str | None, visitor: Visitor, console: Console
) -> KeptVerdict:
    """Keep a volunteered verdict; raise InReview if the answers are hidden, VerdictStands if a blind one is there."""
    if is_masked(row_of(image_id, console), visitor, console):
        raise InReview(image_id)
    services = console.services
    said = Said(image_id, label, visitor.user, answer, console.now, content, Source.VOLUNTEERED)
    kept = verdict_of(said, judge_of(services))
    services.verdicts.write(kept)
    return kept
