"""What a reviewer says of a candidate: it shows the person, or it does not."""

from dataclasses import replace

from sightline.errors import ConfigurationError
from sightline.models.people import Match, Word
from sightline.services.people.forgetting import Forgetting
from sightline.services.people.searching import Searching


class NoCandidate(ConfigurationError):
    """The image is no candidate for the person."""

    rule = "only a candidate is confirmed or denied, and this image is none for this person, or not any longer"
    remedy = "`sightline people matches` lists the candidates"


def say(image_id: str, name: str, word: Word, by: str, *, forgetting: Forgetting, searching: Searching) -> Match:
    """Keep a reviewer's word, and show it in the graph. Raise UnknownPerson or NoCandidate."""
    person, people = forgetting.person_named(name), searching.operations.people
    found = people.matches(image_id=image_id, person_id=person.person_id)
    if not found or not people.say(found[0], word, by):
        raise NoCandidate(f"{name} in {image_id}")
    said = replace(found[0], word=word, by=by)
    searching.show(said)
    return said
