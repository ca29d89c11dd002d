"""What the review has asked and what reviewers have said: all of it, kept for some minutes.

Some pages compare what was said. From a reviewer everything is hidden that speaks of an image which the review may
still ask them about: a second look is blind to the first answer. So are the images of a batch of theirs that is open,
whose answers can still be changed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sightline.stats.second_looks import Picture, is_asked_by_doubt, is_drawn
from sightline.stats.verdicts import Verdict
from sightline.storage.verdicts.protocol import Asked, KeptVerdict
from sightline.web.console import Console
from sightline.web.doubts import doubted_pictures
from sightline.web.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Words:
    """All verdicts that this version can read, and when they were read."""

    as_of: datetime
    verdicts: Sequence[Verdict]


Said: TypeAlias = Mapping[tuple[str, str, str], Sequence[Verdict]]
"""Image id, label and the SHA-256 of the bytes → what was said about them."""


@dataclass(frozen=True, slots=True)
class AskedStill:
    """An image that the review has asked about, and may ask everybody about but those who have answered it."""

    image_id: str
    answered_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that was asked and said.

    reviewers: everybody who has said something; entry: what was asked since is in later entries of the log of questions
    """

    words: Words
    said: Said
    asked_still: Sequence[AskedStill]
    reviewers: frozenset[str]
    entry: int


def read_words(console: Console) -> Words:
    """Return what everybody has said."""
    return read_review(console).words


def read_review(console: Console) -> Review:
    """Return what was asked and said."""
    return console.words.of("", lambda: _read(console))


def _read(console: Console) -> Review:
    """Read everything; the number of the log's last entry first, so that no question is missed in between."""
    verdicts, as_of = console.services.verdicts, console.now
    entry = verdicts.last_entry()
    read = list(verdicts.everything())
    asked = [each for each in read if isinstance(each, Asked)]
    words = [each.verdict for each in read if isinstance(each, KeptVerdict)]
    reviewers = frozenset(each.reviewer for each in words)
    known = [each for each in words if each.is_known]
    said = _by_bytes(known)
    still = list(_asked_still(asked, said, console.services.accuracy.salt))
    return Review(Words(as_of, known), said, still, reviewers, entry)


def _by_bytes(verdicts: Sequence[Verdict]) -> Said:
    said: defaultdict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for each in verdicts:
        said[each.image_id, each.label, each.content].append(each)
    return dict(said)


def _asked_still(asked: Iterable[Asked], said: Said, salt: str) -> Iterator[AskedStill]:
    for each in asked:
        answers = [word for word in said.get((each.image_id, each.label, each.content), ()) if word.source.was_asked]
        if not answers or is_drawn(salt, each.label, each.image_id):
            yield AskedStill(each.image_id, frozenset(word.reviewer for word in answers))


def words_for(visitor: Visitor, console: Console) -> Words:
    """Return what this visitor may know of what was said."""
    review = read_review(console)
    if not visitor.is_reviewer:
        return review.words
    open_pictures = {
        (picture.image_id, batch.label)
        for batch in console.services.users.batches.open_of(visitor.user)
        for picture in batch.pictures
    }
    salt = console.services.accuracy.salt
    doubted = {label: doubted_pictures(label, console) for _, label, _ in review.said}
    shown = [
        verdict
        for (image_id, label, content), said in review.said.items()
        if (image_id, label) not in open_pictures
        and not waits_for(visitor.user, (image_id, content), label, said, doubted[label], salt)
        for verdict in said
    ]
    return Words(review.words.as_of, shown)


def waits_for(
    user: str, picture: Picture, label: str, said: Sequence[Verdict], doubted: Collection[Picture], salt: str
) -> bool:
    """Return whether the review may still ask this reviewer about these bytes: as the first, or for a second look.

    said: what was said about them
    """
    if may_be_asked(user, picture[0], label, said, salt):
        return True
    return picture in doubted and is_asked_by_doubt(said, user)


def may_be_asked(user: str, image_id: str, label: str, said: Sequence[Verdict], salt: str) -> bool:
    """Return whether the review may still ask this reviewer: nobody has answered it, or a second look is drawn."""
    answers = [verdict for verdict in said if verdict.source.was_asked]
    if user in {verdict.reviewer for verdict in answers}:
        return False
    return not answers or is_drawn(salt, label, image_id)
