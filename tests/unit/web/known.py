"""People who are known in a house, and images that may show them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sightline.models.answers import Box
from sightline.models.people import Consent, Match, Person
from sightline.models.people_policy import PeoplePolicy
from tests.unit.web.house import House

POLICY = PeoplePolicy("who left the gate open", "consent", 30, ("gate",))
ANN, SIMILARITY = 'Ann O\'Neil "the ☂️"', 99.4321
FACE = Box(0.25, 0.25, 0.5, 0.5)


def know(house: House, name: str = ANN, person_id: str = "1" * 32) -> Person:
    """Know somebody who agreed to it for nine days."""
    world, today = house.world, house.world.clock().date()
    consent = Consent(name, today, today + timedelta(days=9), POLICY.purpose, "c" * 64)
    world.graph.people.know(name)
    return world.operations.people.add(Person(name, person_id, consent, world.clock()))


def keep(house: House, uri: str, name: str = ANN, content: str | None = None, **changes: Any) -> None:
    """Keep that an image may show somebody."""
    people, now = house.world.operations.people, house.world.clock()
    row, person = house.world.images.get(uri), people.get(name)
    assert person is not None
    bytes_of = content or (row.content.sha256 if row and row.content else "")
    match = Match(uri, person.person_id, name, bytes_of, SIMILARITY, FACE, now, now + timedelta(days=30))
    assert people.keep(replace(match, **changes))
