"""What the review has asked and what reviewers have said: all of it, kept for some minutes.

Some pages compare what was said. From a reviewer everything is hidden that speaks of an image which the review may
still ask them about: a second look is blind to the first answer. So are the images of a batch of theirs that is open,
whose answers can still be changed. What asks for second looks decides it, so that nothing is hidden that is not asked.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sightline.stats.second_looks import Picture, is_asked_again, is_drawn
from sightline.stats.verdicts import DECIDING, Verdict
from sightline.storage.verdicts.protocol import Asked, KeptVerdict
from sightline.web.console import Console
from sightline.web.doubts import doubted_pictures
from sightline.web.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Words:
    """All verdicts that this version can read, and when they were read."""

    as_of: datetime
    verdicts: Sequence[Verdict]


Said: TypeAlias = Mapping[tuple[str, str], Sequence[Verdict]]
"""Image id and label → what was said of them, about any bytes."""


@dataclass(frozen=True, slots=True)
class AskedStill:
    """An image that the review has asked about, and may come to ask everybody about but those who have spoken of it."""

    image_id: str
    spoken_of_by: frozenset[str]


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
    said, salt = _by_image(known), console.services.accuracy.salt
    perhaps = (still_asked((each.image_id, each.content), each.label, said, salt) for each in asked)
    still = [each for each in perhaps if each]
    return Review(Words(as_of, known), said, still, reviewers, entry)


def _by_image(verdicts: Sequence[Verdict]) -> Said:
    said: defaultdict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for each in verdicts:
        said[each.image_id, each.label].append(each)
    return dict(said)


def still_asked(picture: Picture, label: str, said: Said, salt: str) -> AskedStill | None:
    """Return whom the review may ask about these bytes, now or once more is said; None if nobody. Doubts come on top.

    What was said may be minutes old: others add to it, and change an answer until their batch is closed. So two equal
    answers settle nothing here; as many as decide do.
    """
    words = said.get((picture[0], label), ())
    answers = sum(word.counts_for(picture[1]) for word in words)
    if not answers:
        return AskedStill(picture[0], frozenset())
    if answers < DECIDING and is_drawn(salt, label, picture[0]):
        return AskedStill(picture[0], frozenset(word.reviewer for word in words))
    return None


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
    doubted = {label: doubted_pictures(label, console) for label in {label for _, label in review.said}}
    shown = [
        verdict
        for (image_id, label), said in review.said.items()
        if (image_id, label) not in open_pictures
        for content in dict.fromkeys(each.content for each in said)
        if not waits_for(visitor.user, (image_id, content), label, said, doubted[label], salt)
        for verdict in said
        if verdict.content == content
    ]
    return Words(review.words.as_of, shown)


def waits_for(
    user: str, picture: Picture, label: str, said: Sequence[Verdict], doubted: Collection[Picture], salt: str
) -> bool:
    """Return whether the review may still ask this reviewer about these bytes: as the first, or for a second look.

    said: what was said of the image and label, about any bytes
    """
    is_answered = any(word.counts_for(picture[1]) for word in said)
    return not is_answered or is_asked_again(user, picture, label, said, salt, doubted)
