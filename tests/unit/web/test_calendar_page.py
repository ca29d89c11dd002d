"""The calendar: which days have pictures, and where to find them."""

import re

from sightline.models.images import CameraDay
from sightline.testing.fake import uri_of


def test_a_day_with_pictures_is_a_link_and_says_of_how_many_cameras(house):
    house.analyse(uri_of("01"))
    house.analyse(uri_of("02", "gate"))
    html = house.client("owner").get("/calendar").text
    assert ["/day?day=2026-11-02"] == re.findall(r'href="(/day\?day=[^"]*)"', html)
    assert "2 cameras" in html


def test_a_month_leads_to_the_nearest_ones_that_have_pictures(house):
    house.world.operations.dirty_days.mark([CameraDay("yard", f"2026-{month}-09") for month in ("02", "05", "11")])
    html = house.client("owner").get("/calendar?month=2026-07").text
    assert ["2026-05", "2026-11"] == re.findall(r'href="/calendar\?month=([^"]*)"', html)


def test_a_month_that_is_none_is_refused_and_none_is_needed(house):
    client = house.client("owner")
    assert [422, 200] == [client.get(path).status_code for path in ("/calendar?month=2026-13", "/calendar")]
