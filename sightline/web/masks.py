"""What a reviewer must not see yet: what the detector found in an image that the review asks about.

For a reviewer, an image is masked in pages, lists and tokens alike until they have answered and their batch is closed,
or until they cannot be asked any more: others have answered, the second look that is drawn for it is done, and nobody
doubts the only answer. A list by label leaves masked images out: to be listed by it tells as much as the label itself.

What nobody is asked about may be asked about again: somebody doubts their answer, or corrects one before their batch is
closed. Who has seen it by then is asked all the same, and the batch keeps that the look is not blind.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from sightline.models.images import ImageRow, ImageSummary
from sightline.stats.second_looks import Picture
from sightline.storage.verdicts.protocol import Asked
from sightline.web.console import Console
from sightline.web.doubts import doubted_pictures
from sightline.web.visitors import Visitor
from sightline.web.words import Review, read_review, still_asked, waits_for

FEW = 4
"""Images of which each is asked about: to read what everybody has said walks through all verdicts, now and then."""

Contents = Mapping[str, str]
"""Image id → the SHA-256 of its bytes."""

Find = Callable[[Sequence[str]], Iterable[str]]
"""Tells which of some images are among those that are meant: those of a week, say."""


def contents_of(images: list[ImageSummary]) -> Contents:
    """Return which bytes each image has."""
    return {each.image_id: each.content_sha256 for each in images}


def masked(contents: Contents, visitor: Visitor, console: Console) -> frozenset[str]:
    """Return the images whose answers this visitor must not see yet."""
    if not visitor.is_reviewer or not contents:
        return frozenset()
    held = _in_open_batches(visitor.user, console) & contents.keys()
    return held | _still_asked(visitor.user, contents, console)


def masked_among(find: Find, visitor: Visitor, console: Console) -> frozenset[str]:
    """Return the masked images among very many.

    Only what may be masked is looked at. Of what was asked up to some minutes ago that is known, and what was asked
    since is read, so that a question counts at once.
    """
    if not visitor.is_reviewer:
        return frozenset()
    held = _in_open_batches(visitor.user, console)
    perhaps = held | _perhaps_asked(visitor.user, console)
    found = frozenset(find(sorted(perhaps)) if perhaps else ())
    if not found:
        return frozenset()
    rows = console.services.images.get_many(found)
    contents = {name: row.content.sha256 for name, row in rows.items() if row.content}
    return held & found | _still_asked(visitor.user, contents, console)


def _perhaps_asked(user: str, console: Console) -> set[str]:
    """Return the images that the review may still ask this person about, and perhaps some more; of all days."""
    review = read_review(console)
    kept = {each.image_id for each in review.asked_still if user not in each.spoken_of_by}
    rules = console.services.accuracy.rules if review.said else ()
    doubted = {image_id for rule in rules for image_id, _ in doubted_pictures(rule.label, console)}
    return kept | doubted | console.services.verdicts.asked_since(review.entry)


def _still_asked(user: str, contents: Contents, console: Console) -> frozenset[str]:
    """Return the images that the review has asked about, and may still ask this person about."""
    asked_many = console.services.verdicts.asked_many
    asked = ((rule.label, asked_many(contents, rule.label)) for rule in console.services.accuracy.rules)
    return frozenset(
        name for label, found in asked for name in _waiting(user, _of_same_bytes(found, contents), label, console)
    )


def _of_same_bytes(asked: Mapping[str, Asked], contents: Contents) -> Contents:
    """Return the images that were asked about with the bytes that they have now."""
    return {name: each.content for name, each in asked.items() if each.content == contents[name]}


def _waiting(user: str, same: Contents, label: str, console: Console) -> set[str]:
    """Return the same of one label. same: images that it asked about with the bytes that they have now.

    Of more than a few, and where it is at hand, most are known to be settled by what was said, which is kept for some
    minutes: what nobody can add to or change is settled now. What reviewers have said of the others is read; who is no
    reviewer yet and answers the first time counts a few minutes later.
    """
    if not same:
        return set()
    doubted = doubted_pictures(label, console)
    review = read_review(console) if len(same) > FEW else console.words.get("")
    if review is None:
        of_label = console.services.verdicts.of_label
        read = console.reads.map(lambda name: of_label(name, label).verdicts, same)
        said = dict(zip(same, read, strict=True))
    else:
        same = _unsettled(user, same, label, review, doubted, console)
        said = console.services.verdicts.of_reviewers(same, label, review.reviewers | {user}) if same else {}
    salt = console.services.accuracy.salt
    return {
        name
        for name, content in same.items()
        if waits_for(user, (name, content), label, [each.verdict for each in said.get(name, ())], doubted, salt)
    }


def _unsettled(
    user: str, contents: Contents, label: str, review: Review, doubted: Collection[Picture], console: Console
) -> Contents:
    """Return the images that the review may still ask this person about, as far as what is kept tells."""
    salt = console.services.accuracy.salt
    still = {picture: still_asked(picture, label, review.said, salt) for picture in contents.items()}
    return {
        picture[0]: picture[1]
        for picture, asked in still.items()
        if picture in doubted or (asked and user not in asked.spoken_of_by)
    }


def _in_open_batches(user: str, console: Console) -> frozenset[str]:
    """Return the images of this person's open batches: their answers can be changed until the batch is closed."""
    open_batches = console.services.users.batches.open_of(user)
    return frozenset(picture.image_id for batch in open_batches for picture in batch.pictures)


def is_masked(row: ImageRow, visitor: Visitor, console: Console) -> bool:
    """Return whether the answers of one image are hidden from this visitor."""
    return row.content is not None and bool(masked({row.image_id: row.content.sha256}, visitor, console))
