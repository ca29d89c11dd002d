"""What a reviewer must not see yet: what the detector found in an image that the review asks about.

Whoever has the role of a reviewer is masked, in pages, lists and tokens alike, until their own answer on those bytes is
there. A list by label leaves such images out: to be listed by it tells as much as the label itself.
"""

from collections.abc import Mapping

from sightline.models.images import ImageRow, ImageSummary
from sightline.stats.verdicts import Source
from sightline.storage.users.protocol import Role
from sightline.storage.verdicts.protocol import KeptVerdict, VerdictStore
from sightline.web.console import Console
from sightline.web.visitors import Visitor

Contents = Mapping[str, str]
"""Image id → the SHA-256 of its bytes."""


def contents_of(images: list[ImageSummary]) -> Contents:
    """Return which bytes each image has."""
    return {each.image_id: each.content_sha256 for each in images}


def masked(contents: Contents, visitor: Visitor, console: Console) -> frozenset[str]:
    """Return the images whose answers this visitor must not see yet."""
    if not visitor.is_any(Role.REVIEWER):
        return frozenset()
    asked = console.reads.map(
        lambda image_id: _is_masked(image_id, contents[image_id], visitor.user, console), contents
    )
    return frozenset(image_id for image_id, is_masked in zip(contents, asked, strict=True) if is_masked)


def is_masked(row: ImageRow, visitor: Visitor, console: Console) -> bool:
    """Return whether the answers of one image are hidden from this visitor."""
    return row.content is not None and bool(masked({row.image_id: row.content.sha256}, visitor, console))


def _is_masked(image_id: str, content: str, user: str, console: Console) -> bool:
    verdicts = console.services.verdicts
    labels = [rule.label for rule in console.services.accuracy.rules]
    open_labels = [label for label in labels if _is_asked(image_id, content, label, verdicts)]
    if not open_labels:
        return False
    answered = {each.verdict.label for each in blind_words(verdicts.of_image(image_id), user, content)}
    return any(label not in answered for label in open_labels)


def _is_asked(image_id: str, content: str, label: str, verdicts: VerdictStore) -> bool:
    asked = verdicts.asked(image_id, label)
    return asked is not None and asked.content == content


def blind_words(kept: list[KeptVerdict], user: str, content: str) -> list[KeptVerdict]:
    """Return a user's answers to the review, on these bytes."""
    return [
        each
        for each in kept
        if (each.verdict.reviewer, each.verdict.content, each.verdict.source) == (user, content, Source.SAMPLED)
    ]
