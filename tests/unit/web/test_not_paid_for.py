"""What page and API say of an image that is not paid for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.models.images import Lane
from sightline.queues.steps import ingest_step
from sightline.services.need import Near, Need
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.protocol import Role
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.services.like_pictures import looking
from tests.unit.web.house import DAY, URI, House, build

SECOND = uri_of("02")
NEED = Need(near=Near(seconds=3600, bits=8), control_percent=1e-9)


@pytest.fixture
def house(tmp_path):
    world = FakeSightline()
    world.plan = replace(world.plan, need=NEED)
    world.services = world.make_services(world.plan)
    made = build(tmp_path, world=world)
    made.analyse(URI, data=looking(1))
    world.put(SECOND, looking(1, 3))
    world.add(SECOND)
    world.run()
    world.detector.script.clear()
    yield made
    made.console.close()


def page_of(house: House, name: str = "owner") -> str:
    return house.client(name).get("/image", params={"id": SECOND}).text


def facts_of(house: House, name: str = "owner") -> dict[str, Any]:
    header = house.token(name, *Role)
    facts: dict[str, Any] = (
        house.client().get("/api/v1/image", params={"id": SECOND}, headers=header).json()["stand_in"]
    )
    return facts


def test_the_page_names_the_other_image_and_what_was_seen_there(house):
    said = page_of(house)
    assert "Not paid for" in said
    assert f"<bdi>{URI}</bdi></a>: 3 of 256 bits differ." in said
    assert '<a href="/image?id=s3' in said
    assert "Seen there: labels" in said
    assert "<li><bdi>Person</bdi> 98\N{NO-BREAK SPACE}%</li>" in said
    assert "other bytes" not in said


def test_the_call_tells_the_same(house):
    facts = facts_of(house)
    assert (URI, 3, True) == (facts["image_id"], facts["distance"], facts["is_as_it_was"])
    assert [{"name": "Person", "confidence": 97.5}, {"name": "Plant", "confidence": 61.0}] == facts["seen_there"][
        "labels"
    ]
    assert ["faces", "labels", "text"] == [*facts["seen_there"]]


def test_an_image_that_is_paid_for_has_none(house):
    header = house.token("owner", *Role)
    facts = house.client().get("/api/v1/image", params={"id": URI}, headers=header).json()
    assert facts["stand_in"] is None
    assert "Not paid for" not in house.client("owner").get("/image", params={"id": URI}).text


def test_what_the_review_hides_in_the_other_image_is_not_told_here(house):
    house.ask(URI)
    said, facts = page_of(house, "all"), facts_of(house, "all")
    assert "Not paid for" in said
    assert "Person</bdi> 98" not in said
    assert {} == facts["seen_there"]


def test_of_an_image_that_is_gone_it_is_told_what_was_seen_when_they_looked_alike(house):
    world = house.world
    world.clock.move(timedelta(minutes=1))
    world.buckets.delete(ObjectUri.parse(URI))
    world.send([ingest_step(URI, Lane.LIVE)])
    world.run()
    assert "has other bytes by now, or is gone" in page_of(house)
    facts = facts_of(house)
    assert (False, ["faces", "labels", "text"]) == (facts["is_as_it_was"], [*facts["seen_there"]])


def test_a_list_and_a_day_say_so_too(house):
    world, header = house.world, house.token("owner", *Role)
    images = house.client().get("/api/v1/images", params={"day": DAY}, headers=header).json()["images"]
    assert {URI: None, SECOND: URI} == {each["image_id"]: each["looks_like"] for each in images}
    later = URI.replace("110001", "112001")  # in a visit of its own
    world.put(later, looking(1, 2))
    world.add(later)
    world.run()
    assert "not paid for" in house.client("owner").get("/day", params={"day": DAY}).text
