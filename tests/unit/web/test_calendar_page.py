"""The calendar: which days have pictures, and where to find them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.models.answers import Answer, Detection
from sightline.models.images import CameraDay
from sightline.services.rollups.run import RollUp
from sightline.storage.users.protocol import Role
from sightline.testing.fake import uri_of
from tests.unit.web.house import DAY, FROM_HERE, House, fields_of


def cell_of(html: str, day: str) -> str:
    """Return what a day's cell says, without its markup."""
    _, _, onward = html.partition(f'<time datetime="{day}">')
    inside, _, _ = onward.partition("</td>")
    return " ".join(re.sub(r"<[^>]*>", " ", inside).split())


@pytest.fixture
def counted(house: House) -> House:
    """Return a house whose day has ended and been counted: of three pictures, one shows a person for certain."""
    for second, percent in (("01", 97.5), ("02", 40.0), ("03", 30.5)):
        labels = Answer((Detection("Person", percent), Detection("Dog", 90.0)), "m-1", 30.0)
        house.analyse(uri_of(second), {"labels": labels})
    RollUp(house.world.services, DAY).do(lambda: True)
    return house


def test_a_day_that_was_counted_says_how_many_pictures_it_has_and_how_many_show_the_label(counted):
    assert "2 ● has new pictures, 3 pictures 1 1 with Person" == cell_of(
        counted.client("owner").get("/calendar").text, DAY
    )


def test_a_reviewer_is_not_told_in_how_many_pictures_the_label_was_found(counted):
    html = counted.client("all").get("/calendar").text
    assert "2 ● has new pictures, 3 pictures" == cell_of(html, DAY)
    assert not {"Person", "meter"} & set(re.findall(r"\w+", html))


def test_another_label_must_be_watched(counted):
    client = counted.client("owner")
    assert [200, 422] == [client.get(f"/calendar?label={label}").status_code for label in ("Person", "Dog")]


def test_figures_of_another_threshold_are_not_mixed_in(counted):
    services = counted.console.services
    rule = replace(services.accuracy.rules[0], threshold_percent=35.0)
    counted.console.services = replace(services, accuracy=replace(services.accuracy, rules=(rule,)))
    assert "not counted yet" in cell_of(counted.client("owner").get("/calendar").text, DAY)


def test_a_day_of_two_detector_versions_is_one(counted):
    counted.analyse(uri_of("04"), {"labels": Answer((Detection("Person", 99.0),), "m-2", 30.0)})
    counted.world.operations.dirty_days.mark([CameraDay("yard", DAY)])
    RollUp(counted.world.services, DAY).do(lambda: True)
    assert "2 ● has new pictures, 4 pictures 2 2 with Person" == cell_of(
        counted.client("owner").get("/calendar").text, DAY
    )


def test_a_day_that_was_not_counted_yet_says_of_how_many_cameras_it_has_pictures(house):
    house.analyse(uri_of("01"))
    house.analyse(uri_of("02", "gate"))
    html = house.client("owner").get("/calendar").text
    assert ["/day?day=2026-11-02"] == re.findall(r'href="(/day\?day=[^"]*)"', html)
    assert "2 ○ not counted yet, 2 cameras" == cell_of(html, DAY)


def test_a_month_leads_to_the_nearest_ones_that_have_pictures(house):
    house.world.operations.dirty_days.mark([CameraDay("yard", f"2026-{month}-09") for month in ("02", "05", "11")])
    html = house.client("owner").get("/calendar?month=2026-07").text
    assert ["2026-05", "2026-11"] == re.findall(r'href="/calendar\?month=([^"]*)"', html)


def test_a_month_that_is_none_is_refused_and_none_is_needed(house):
    client = house.client("owner")
    assert [422, 200] == [client.get(path).status_code for path in ("/calendar?month=2026-13", "/calendar")]


def test_a_day_with_something_not_yet_looked_at_bears_a_dot_for_this_user_alone(house):
    house.add("bob", [Role.OWNER])
    house.analyse(uri_of("01"))
    house.world.operations.dirty_days.mark([CameraDay("yard", "2026-11-05")])
    house.world.clock.move(timedelta(seconds=10))
    ann, bob = house.client("owner"), house.client("bob")
    assert "has new pictures" in cell_of(ann.get("/calendar").text, DAY)
    assert "has new pictures" not in cell_of(ann.get("/calendar").text, "2026-11-05")
    ann.post("/new/seen", data=fields_of(ann.get("/new").text), headers=FROM_HERE)
    assert ["has new pictures" in cell_of(each.get("/calendar").text, DAY) for each in (ann, bob)] == [False, True]


class CountedFeed:
    """Images, whose feed says from where on it is read."""

    def __init__(self, images):
        self._images = images
        self.read_from = []

    def __getattr__(self, name):
        return getattr(self._images, name)

    def feed(self, shard, day, after, until, page):
        self.read_from.append(after)
        return self._images.feed(shard, day, after, until, page=page)


def test_those_who_have_not_looked_yet_share_what_has_arrived_and_read_what_came_since(house):
    house.add("bob", [Role.OWNER])
    house.analyse(uri_of("01"))
    house.world.operations.dirty_days.mark([CameraDay("yard", "2026-11-05")])
    house.world.clock.move(timedelta(minutes=2))
    images = CountedFeed(house.world.images)
    house.console.services = replace(house.console.services, images=images)
    pages = [house.client(name).get("/calendar").text for name in ("owner", "bob")]
    assert ["has new pictures" in cell_of(each, DAY) for each in pages] == [True, True]
    first, *_, last = images.read_from
    assert first < last
