"""What a reviewer says of a candidate: it shows the person, or it does not. The last word stands."""

from collections.abc import Mapping
from dataclasses import replace

from sightline.errors import ConfigurationError
from sightline.models.people import Match, Word
from sightline.services.people.forgetting import Forgetting
from sightline.services.people.searching import Searching

ANSWERS: Mapping[str, Word] = {"yes": Word.CONFIRMED, "no": Word.DENIED}
"""How the console and its API call a reviewer's words."""


class NoCandidate(ConfigurationError):
    """The image is no candidate for the person."""

    rule = "only a candidate is confirmed or denied, and this image is none for this person, or not any longer"
    remedy = "`sightline people matches` lists the candidates"


def say(image_id: str, name: str, word: Word, by: str, *, forgetting: Forgetting, searching: Searching) -> Match:
    """Keep a reviewer's word, and show it in the graph. Raise UnknownPerson or NoCandidate."""
    person = forgetting.person_named(name)
    found = searching.operations.people.matches(image_id=image_id, person_id=person.person_id)
    said = keep_word(found[0], word, by, searching) if found else None
    if said is None:
        raise NoCandidate(f"{name} in {image_id}")
    searching.show(said)
    return said


def keep_word(match: Match, word: Word, by: str, searching: Searching) -> Match | None:
    """Keep a reviewer's word about a candidate as it was read, the same one once; None if it is gone."""
    if (match.word, match.by) != (word, by) and not searching.operations.people.say(match, word, by):
        return None
    return replace(match, word=word, by=by)
