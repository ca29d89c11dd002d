"""The roll-ups count what the graph counts, over a real Neo4j."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from sightline.services.graph_merge import graph_image
from sightline.storage.users.protocol import Role
from sightline.web.console import Console
from sightline.web.patterns import Counted, Days, by_confidence, by_time
from sightline.web.visitors import Visitor
from tests.integration.graph.subject import Subject
from tests.unit.services.rollups.yard import LAST_DAY, Yard
from tests.unit.web.house import build

OWNER = Visitor("owner", frozenset({Role.OWNER}), is_reviewer=False)
FIRST, TODAY = "2044-05-10", "2044-05-17"


@pytest.fixture
def yard(tmp_path: Path, real: Subject) -> Iterator[tuple[Yard, Console]]:
    """Return eight days of two cameras in both stores, of which the last has not ended."""
    world, chance = Yard(), random.Random(3)  # noqa: S311 - a fixed draw
    for day in range(10, 18):
        for number in range(15):
            found = {name: round(chance.uniform(30, 100), 4) for name in ("Person", "Dog") if chance.random() < 0.5}
            world.image(number, found, f"2044-05-{day}", chance.choice(("yard", "gate")))
    real.store.merge([graph_image(row) for row in world.images.scan()])
    world.roll_up()
    house = build(tmp_path, world=world)
    house.console.services = replace(house.console.services, graph=real.store)
    yield world, house.console
    house.console.close()


SPANS = (Days(FIRST, TODAY), Days("2044-05-12", LAST_DAY), Days("2044-01-01", "2044-05-11"))


def test_the_roll_ups_and_the_graph_count_the_same(yard: tuple[Yard, Console], real: Subject) -> None:
    _, console = yard
    for camera, days in product((None, "gate"), SPANS):
        asked = {"label": "Person", "camera": camera, **days.asked}
        for at_least in (0.0, 50.0, 87.0):
            rows = real.store.query("label-by-time", asked | {"at_least": at_least})
            expected = {(row["weekday"], row["hour"]): row["images"] for row in rows}
            assert expected == by_time(Counted("Person", camera, days, at_least), OWNER, console)
        rows = real.store.query("label-by-confidence", asked)
        assert rows
        expected_bands = {row["from_percent"]: row["images"] for row in rows}
        assert expected_bands == by_confidence(Counted("Person", camera, days), OWNER, console)


def test_days_that_have_changed_are_counted_by_the_graph_among_others_that_have_not(
    yard: tuple[Yard, Console], real: Subject
) -> None:
    world, console = yard
    counted = Counted("Person", None, Days(FIRST, TODAY))
    before = by_time(counted, OWNER, console)
    late = world.images.get(world.image(80, {"Person": 90.0}, "2044-05-13"))
    assert late is not None
    real.store.merge([graph_image(late)])
    after = by_time(replace(counted, days=Days("2044-05-09", TODAY)), OWNER, console)
    taken_at = late.capture.taken_at if late.capture else None
    assert taken_at is not None
    cell = taken_at.isoweekday(), taken_at.hour
    assert {**before, cell: before.get(cell, 0) + 1} == after
