"""What reviewers have said, for the pages that compare it: all verdicts, kept for some minutes.

From a reviewer everything is hidden that speaks of an image which the review may still ask them about: a second look is
blind to the first answer. So are the images of a batch of theirs that is open, whose answers can still be changed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sightline.stats.second_looks import is_asked_by_doubt, is_drawn
from sightline.stats.verdicts import Verdict
from sightline.web.console import Console
from sightline.web.doubts import doubted_pictures
from sightline.web.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Words:
    """All verdicts that this version can read, and when they were read."""

    as_of: datetime
    verdicts: Sequence[Verdict]


def read_words(console: Console) -> Words:
    """Return what everybody has said. One visitor at a time reads it."""
    with console.words_read:
        kept = console.words.get("")
        if kept is None:
            read = [each.verdict for each in console.services.verdicts.scan() if each.verdict.is_known]
            kept = console.words.keep("", (console.now, read))
    return Words(*kept)


def words_for(visitor: Visitor, console: Console) -> Words:
    """Return what this visitor may know of what was said."""
    words = read_words(console)
    if not visitor.is_reviewer:
        return words
    open_pictures = {
        (picture.image_id, batch.label)
        for batch in console.services.users.batches.open_of(visitor.user)
        for picture in batch.pictures
    }
    groups: defaultdict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for each in words.verdicts:
        groups[each.image_id, each.label, each.content].append(each)
    salt = console.services.accuracy.salt
    doubted = {label: doubted_pictures(label, console) for _, label, _ in groups}
    shown = [
        verdict
        for (image_id, label, content), said in groups.items()
        if (image_id, label) not in open_pictures
        and not may_be_asked(visitor.user, image_id, label, said, salt)
        and not ((image_id, content) in doubted[label] and is_asked_by_doubt(said, visitor.user))
        for verdict in said
    ]
    return Words(words.as_of, shown)


def may_be_asked(user: str, image_id: str, label: str, said: Sequence[Verdict], salt: str) -> bool:
    """Return whether the review may still ask this reviewer: nobody has answered it, or a second look is drawn."""
    answers = [verdict for verdict in said if verdict.source.was_asked]
    if user in {verdict.reviewer for verdict in answers}:
        return False
    return not answers or is_drawn(salt, label, image_id)
