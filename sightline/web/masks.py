"""What a reviewer must not see yet: what the detector found in an image that the review asks about.

For a reviewer, an image is masked in pages, lists and tokens alike until they have answered and their batch is closed,
or until they cannot be asked any more: somebody else has answered, no second look is drawn for it, and nobody doubts
the answer. A list by label leaves masked images out: to be listed by it tells as much as the label itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sightline.models.images import ImageRow, ImageSummary
from sightline.stats.second_looks import Picture, is_asked_by_doubt, is_drawn
from sightline.stats.verdicts import Verdict
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.web.console import Console
from sightline.web.doubts import doubted_pictures
from sightline.web.visitors import Visitor
from sightline.web.words import may_be_asked, read_words

ASKED_AT_ONCE = 1_000
"""Of very many images: so many are read by one thread."""

Contents = Mapping[str, str]
"""Image id → the SHA-256 of its bytes."""


def contents_of(images: list[ImageSummary]) -> Contents:
    """Return which bytes each image has."""
    return {each.image_id: each.content_sha256 for each in images}


def masked(contents: Contents, visitor: Visitor, console: Console) -> frozenset[str]:
    """Return the images whose answers this visitor must not see yet."""
    if not visitor.is_reviewer:
        return frozenset()
    reviewing = _in_open_batches(visitor.user, console) & contents.keys()
    labels = [rule.label for rule in console.services.accuracy.rules]
    waiting = [_still_asked(visitor.user, contents, label, console) for label in labels]
    return frozenset(reviewing.union(*waiting))


def masked_among(image_ids: Sequence[str], visitor: Visitor, console: Console) -> frozenset[str]:
    """Return the same of very many images; rows are read only of those that the review has asked about.

    Most of those are answered. What was said, which is kept for some minutes, tells of which the review asks this
    person no more: words are only added, so an image that it leaves out would be left out now. The others are asked.
    """
    if not visitor.is_reviewer:
        return frozenset()
    verdicts = console.services.verdicts
    parts = [image_ids[start : start + ASKED_AT_ONCE] for start in range(0, len(image_ids), ASKED_AT_ONCE)]
    pairs = [(part, rule.label) for part in parts for rule in console.services.accuracy.rules]
    asked = {name for found in console.reads.map(lambda pair: [*verdicts.asked_many(*pair)], pairs) for name in found}
    held = _in_open_batches(visitor.user, console) & set(image_ids)
    rows = console.services.images.get_many(sorted(asked)) if asked else {}
    contents = {name: row.content.sha256 for name, row in rows.items() if row.content}
    if not contents:
        return frozenset(held)
    said = _said_by_image(contents, console)
    waiting = (
        _still_asked(visitor.user, _unsettled(visitor.user, contents, rule.label, said, console), rule.label, console)
        for rule in console.services.accuracy.rules
    )
    return frozenset(held.union(*waiting))


def _said_by_image(contents: Contents, console: Console) -> Mapping[tuple[str, str], list[Verdict]]:
    """Return the answers to the review that are kept, on these bytes, by image and label."""
    found: defaultdict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in read_words(console).verdicts:
        if verdict.image_id in contents and verdict.counts_for(contents[verdict.image_id]):
            found[verdict.image_id, verdict.label].append(verdict)
    return found


def _unsettled(
    user: str, contents: Contents, label: str, said: Mapping[tuple[str, str], list[Verdict]], console: Console
) -> Contents:
    """Return the images that the review may still ask this person about, as far as what is kept tells."""
    salt = console.services.accuracy.salt
    doubted = doubted_pictures(label, console)
    return {
        image_id: content
        for image_id, content in contents.items()
        if (image_id, content) in doubted or may_be_asked(user, image_id, label, said.get((image_id, label), ()), salt)
    }


def _in_open_batches(user: str, console: Console) -> set[str]:
    """Return the images of this person's open batches: their answers can be changed until the batch is closed."""
    open_batches = console.services.users.batches.open_of(user)
    return {picture.image_id for batch in open_batches for picture in batch.pictures}


def is_masked(row: ImageRow, visitor: Visitor, console: Console) -> bool:
    """Return whether the answers of one image are hidden from this visitor."""
    return row.content is not None and bool(masked({row.image_id: row.content.sha256}, visitor, console))


def _still_asked(user: str, contents: Contents, label: str, console: Console) -> set[str]:
    """Return the images that the review may still ask this person about. Few of a page were ever asked about at all."""
    asked = console.services.verdicts.asked_many(contents, label)
    same = {image_id: contents[image_id] for image_id, each in asked.items() if each.content == contents[image_id]}
    doubted = doubted_pictures(label, console) if same else frozenset()
    waits = console.reads.map(
        lambda image_id: _waits_for(user, image_id, same[image_id], label, doubted, console), same
    )
    return {image_id for image_id, is_waiting in zip(same, waits, strict=True) if is_waiting}


def _waits_for(
    user: str, image_id: str, content: str, label: str, doubted: Collection[Picture], console: Console
) -> bool:
    """Return whether the review may still ask this person about these bytes: as the first, or for a second look."""
    known = console.services.verdicts.of_label(image_id, label)
    if known.asked is None or known.asked.content != content:
        return False
    answers = blind_words(known.verdicts, content)
    if user in {kept.verdict.reviewer for kept in answers}:
        return False
    if not answers or is_drawn(console.services.accuracy.salt, label, image_id):
        return True
    said = (kept.verdict for kept in known.verdicts if kept.verdict.content == content)
    return (image_id, content) in doubted and is_asked_by_doubt(said, user)


def blind_words(kept: Iterable[KeptVerdict], content: str) -> list[KeptVerdict]:
    """Return the answers to the review, on these bytes."""
    return [each for each in kept if each.verdict.counts_for(content)]
