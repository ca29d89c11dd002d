"""`sightline cost`, over a whole sightline in memory."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from sightline.services.bookkeeping import keep_books
from sightline.testing.fake import FakeSightline, picture, uri_of


@pytest.fixture
def paid(world):
    for shade, camera in enumerate(("yard", "yard", "gate")):
        uri = uri_of(f"{shade:02}", camera)
        world.put(uri, picture(shade, form="PNG"))
        world.add(uri)
    world.run()
    while keep_books(world.services, lambda: True)["changes"]:
        pass
    return world


def test_what_was_paid_is_told_by_everything_that_it_was_for(run, paid):
    told = json.loads(run("cost", "--json").stdout)
    features = len(paid.services.plan.features)
    whole = {"usd": round(0.003 * features, 6), "usd_at_most": round(0.003 * features, 6)}
    assert whole == told["month"] == told["today"]
    assert {"gate": 0.001 * features, "yard": 0.002 * features} == {
        name: each["usd"] for name, each in told["by_camera"].items()
    }
    for way in ("day", "lane", "reason"):
        assert [whole] == [*told[f"by_{way}"].values()]
    assert sorted(paid.services.plan.features) == [*told["by_feature"]]


def test_only_what_is_asked_for_is_told(run, paid):
    told = json.loads(run("cost", "--json", "--by", "lane").stdout)
    assert {"by_lane"} == {name for name in told if name.startswith("by_")}
    assert paid


def test_tables_say_region_and_day_of_the_prices(run, paid):
    told = run("cost").stdout
    assert "list prices for us-east-1 as of 2026-03-02" in told
    assert "known after the first whole day" in told
    for way in ("day", "feature", "camera", "lane", "reason"):
        assert f"this month by {way}" in told
    assert paid


def test_nothing_called_is_nothing_paid(run, world):
    assert {"usd": 0.0, "usd_at_most": 0.0} == json.loads(run("cost", "--json").stdout)["month"]
    assert world


def test_each_cap_says_when_it_was_reached_or_is_expected_to_be(run, factory):
    world = FakeSightline(budget="0.004 USD/day, 0.05 USD/month, labels 1 USD/month")
    factory.services = world.services
    world.clock.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for shade in range(7):
        world.put(uri_of(f"{shade:02}"), picture(shade, form="PNG"))
        world.add(uri_of(f"{shade:02}"))
        world.run()
        world.clock.move(timedelta(days=1))
    lines = [line for line in run("cost").stdout.splitlines() if "USD/" in line]
    expected = [
        ["all 0.004 USD/day", "0.00", "0 %", "not reached this month"],
        ["all 0.05 USD/month", "0.02", "42 %", "expected on 2026-11-17 (2026-11-17 to 2026-11-17)"],
        ["labels 1.00 USD/month", "0.01", "1 %", "not this month, if it goes on"],
    ]
    assert expected == [re.split(r"  +", line.strip()) for line in lines]
    told = json.loads(run("cost", "--json").stdout)["caps"]["all 0.05 USD/month"]
    assert ([], "2026-11-17", 7) == (told["reached_on"], told["expected_on"], told["expected_from_days"])
