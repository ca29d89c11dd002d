"""A day in visits: no page loses or repeats a picture, and a list by label has nothing of what is in review."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.models.answers import Answer, Detection
from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.visits import Glimpse, visits
from sightline.storage.users.protocol import Role
from sightline.testing.fake import picture, uri_of
from sightline.web.chosen import ALL_IMAGES, NO_IMAGES, Chosen
from sightline.web.days import pictures_of
from sightline.web.filters import Filters
from sightline.web.visitors import Visitor
from sightline.web.visits import Listed, listed
from tests.unit.web.house import DAY, URI, House

NOTHING = Answer((), "m-1", 30.0)


def found(percent: float) -> dict[str, Answer]:
    return {"labels": Answer((Detection("Person", percent),), "m-1", 30.0)}


def at(hour: int, minute: int, second: int = 0, camera: str = "yard") -> str:
    return f"s3://frames/{camera}/{DAY}/Hour-{hour:02}/snap/MDAlarm_20261102-{hour:02}{minute:02}{second:02}.jpg"


def visits_of(html: str) -> list[int]:
    """Return how many pictures each visit has."""
    return [int(each) for each in re.findall(r'data-pictures="(\d+)"', html)]


def pages_of(house: House, chosen: Chosen, **limits: int) -> list[Listed]:
    """Return a day's pages, one after the other."""
    owner = Visitor("owner", frozenset({Role.OWNER}), is_reviewer=False)
    pages: list[Listed] = []
    while not pages or pages[-1].more:
        found = pictures_of(DAY, ("yard", "gate"), house.console, pages[-1].more if pages else None)
        pages.append(listed(found, chosen, owner, house.console, **limits))
    return pages


def test_pictures_at_most_a_minute_apart_are_one_visit_with_the_most_certain_as_its_cover(house):
    for second, percent in ((0, 60.0), (40, 99.0), (100, 70.0)):
        house.analyse(at(7, second // 60, second % 60), found(percent))
    house.analyse(at(7, 30), found(88.0))
    house.analyse(at(7, 1, 0, "gate"), found(51.0))
    html = house.client("owner").get("/day").text
    assert [1, 3, 1] == visits_of(html), "the newest first, each camera's own"
    assert re.findall(r"\d+\N{NO-BREAK SPACE}%", html) == [f"{each}\N{NO-BREAK SPACE}%" for each in (88, 99, 51)]
    assert "5 pictures in 3 visits" in html


@pytest.mark.parametrize("page", ["/day", "/new", "/day?label=Person&only=all"])
def test_a_card_that_knows_labels_alone_does_not_say_that_nothing_was_found(house, page):
    house.analyse(at(7, 0), {"labels": NOTHING})  # a face and a text are in it
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    html = house.client("owner").get(page).text
    assert '<span class="aside brief">no labels' in " ".join(html.split()).replace("> ", ">")
    assert "nothing found" not in html


def test_the_choice_of_pictures_and_the_button_have_names_of_their_own(looked_at):
    looked_at.world.clock.move(timedelta(seconds=10))
    for page in ("/day", "/new"):
        html = looked_at.client("owner").get(page).text
        named = re.findall(r"<(?:label for=[^>]*|button)>(\w+)</", html)
        assert ("Pictures" in named, len(named)) == (True, len(set(named))), page


def test_to_end_a_page_no_picture_is_read_behind_the_one_that_the_next_begins_with(house):
    for minute in range(0, 50, 10):
        house.analyse(at(8, minute))
    owner = Visitor("owner", frozenset({Role.OWNER}), is_reviewer=False)
    day = pictures_of(DAY, ("yard",), house.console)
    assert 2 == len(listed(day, ALL_IMAGES, owner, house.console, most_visits=2).images)
    assert [at(8, 10), at(8, 0)] == [each.image.image_id for each in day], "two were shown, and one told the end"


@pytest.mark.parametrize("cameras", [("yard",), ("yard", "gate")])
def test_page_after_page_each_picture_is_there_once(house, cameras):
    uris = [at(8, minute, second, camera) for camera in cameras for minute in (0, 3, 6, 9) for second in (0, 30)]
    for shade, uri in enumerate(uris):
        house.analyse(uri, found(60.0), picture(shade))
    pages = pages_of(house, ALL_IMAGES, most_visits=3)
    assert sorted(uris) == sorted(image.image_id for page in pages for image in page.images)
    for page in pages:
        glimpses = [Glimpse(each.image_id, each.capture) for each in page.images]
        assert 1 <= len(visits(glimpses, house.console.options.visit_gap)) <= 3


def test_no_page_parts_a_visit_of_one_camera(house):
    uris = [at(8, minute, second) for minute in (0, 3, 6, 9, 12) for second in (0, 20, 40)]
    for shade, uri in enumerate(uris):
        house.analyse(uri, found(60.0), picture(shade))
    assert [6, 6, 3] == [len(page.images) for page in pages_of(house, ALL_IMAGES, most_visits=2)]


def test_what_is_rare_is_looked_for_up_to_a_bound_and_then_page_by_page(house):
    for second in range(7):
        house.analyse(uri_of(f"{second:02}"), {"labels": NOTHING} if second else found(90.0), picture(second))
    pages = pages_of(house, Chosen("Person"), most_looked_at=3)
    assert [0, 0, 1] == [len(page.images) for page in pages]


def test_the_address_of_the_next_page_keeps_what_was_asked_for(house):
    for minute in range(61):
        house.analyse(at(8 + minute // 30, 2 * (minute % 30)), found(60.0), picture(minute))
    client = house.client("owner")
    html = client.get(f"/day?camera=yard&day={DAY}&label=Person&at_least=50").text
    onward = re.search(r'rel="next"[^>]*href="([^"]*)"', html)
    assert onward
    after = client.get(onward[1].replace("&amp;", "&")).text
    assert (60, 1) == (len(visits_of(html)), len(visits_of(after)))
    assert all(each in onward[1] for each in ("camera=yard", f"day={DAY}", "label=Person", "at_least=50"))


def test_a_list_by_label_has_what_shows_it_from_a_confidence_up(house):
    for minute, percent in ((1, 95.0), (5, 55.0)):
        house.analyse(at(9, minute), found(percent))
    house.analyse(at(9, 9), {"labels": NOTHING})
    client = house.client("owner")
    for query, number in (("", 3), ("&label=Person", 2), ("&label=person&at_least=90", 1), ("&label=Dog", 0)):
        assert number == len(visits_of(client.get(f"/day?day={DAY}{query}").text)), query
    assert "none shows <bdi>Dog</bdi>" in client.get("/day?label=Dog").text


def test_what_is_in_review_is_neither_cover_nor_listed_by_its_label(house):
    house.analyse(at(9, 1), found(99.0), picture(1))
    house.analyse(at(9, 1, 20), found(60.0), picture(2))
    house.ask(at(9, 1))
    owner, reviewer = house.client("owner"), house.client("all")
    assert "99\N{NO-BREAK SPACE}%" in owner.get("/day").text
    html = reviewer.get("/day").text
    assert ("60\N{NO-BREAK SPACE}%" in html, "99\N{NO-BREAK SPACE}%" in html, "1 in review" in html) == (
        True,
        False,
        True,
    )
    assert [[2], [1]] == [visits_of(each.get("/day?label=Person").text) for each in (owner, reviewer)]
    assert "are not in this list" in reviewer.get("/day?label=Person").text


def test_a_visit_of_which_nothing_may_be_told_says_so(looked_at):
    looked_at.ask()
    html = looked_at.client("all").get("/day").text
    assert ("in review" in html, "Person" in html, URI.rsplit("/", 1)[1] in html) == (True, False, True)


def test_a_day_leads_to_those_before_and_after_and_to_its_month(house):
    house.analyse(at(9, 1))
    for day in ("2026-11-01", "2026-11-05"):
        house.analyse(at(9, 1).replace(DAY, day).replace("20261102", day.replace("-", "")), data=picture(9))
    html = house.client("owner").get(f"/day?day={DAY}").text
    assert ["/day?day=2026-11-01", "/day?day=2026-11-05"] == re.findall(r'data-key="[\[\]]"[^>]*href="([^"]*)"', html)
    assert "/calendar?month=2026-11" in html


def test_the_gap_is_the_settings(house):
    house.console.options = replace(house.console.options, visit_gap=timedelta(seconds=5))
    house.analyse(uri_of("01"))
    house.analyse(uri_of("09"))
    assert [1, 1] == visits_of(house.client("owner").get("/day").text)


def test_near_misses_are_from_the_low_threshold_up_to_the_positive_one_and_not_of_the_review(house):
    for minute, percent in ((1, 97.5), (5, 50.0), (9, 49.5), (13, 20.0), (17, 19.5)):
        house.analyse(at(9, minute), found(percent), picture(minute))
    house.analyse(at(9, 30), {"labels": NOTHING})
    owner, reviewer = house.client("owner"), house.client("all")
    assert [1, 1] == visits_of(owner.get("/day?only=near").text)
    assert "near misses" in owner.get("/day?only=near").text
    house.ask(at(9, 9))
    html = reviewer.get("/day?only=near").text
    assert ([1], False) == (visits_of(html), "20261102-090900" in html)
    assert [1, 1] == visits_of(owner.get("/day?only=near&label=person").text), "as the other lists read a label"
    empty = owner.get("/day?only=near&day=2026-01-01").text.replace("\N{NO-BREAK SPACE}", " ")
    assert "none nearly shows <bdi>Person</bdi>, from 30 % up to its threshold of 50 %" in empty, "30 is asked for"


@pytest.mark.parametrize("page", ["/day", "/new"])
def test_near_misses_of_a_label_that_is_not_watched_are_told_not_to_be_known(looked_at, page):
    looked_at.world.clock.move(timedelta(seconds=10))
    answer = looked_at.client("owner").get(f"{page}?only=near&label=Dog%3Cb%3E")
    assert (200, []) == (answer.status_code, visits_of(answer.text))
    assert "Near misses are known only for watched labels: Person." in answer.text
    assert ("review" in answer.text, "nearly shows" in answer.text) == (False, False)
    assert "<bdi>label Dog&lt;b&gt;</bdi>" in answer.text, "the page stays as it was asked for"


def test_where_no_label_is_watched_no_near_misses_are_known():
    plan = AccuracyPlan((), "salt", 5.0, ())
    assert "Near misses are known only for watched labels: none is watched." == Filters(only="near").unknown(plan)
    assert NO_IMAGES == Filters(only="near").chosen(plan)


def test_all_pictures_are_listed_with_the_label_on_covers_and_in_the_strip(house):
    dog = Answer((Detection("Dog", 99.0), Detection("Person", 60.0)), "m-1", 30.0)
    house.analyse(at(9, 1), {"labels": dog}, picture(1))
    house.analyse(at(9, 1, 30), found(70.0), picture(2))
    house.analyse(at(11, 1), {"labels": Answer((Detection("Dog", 88.0),), "m-1", 30.0)}, picture(3))
    house.analyse(at(12, 1), {"labels": NOTHING}, picture(4))
    owner, reviewer = house.client("owner"), house.client("all")
    every = owner.get("/day?label=Person&only=all").text
    assert ([1, 1, 2], 1) == (visits_of(every), every.count("found-bar"))
    assert re.search(r"<bdi>Person</bdi>\s*70\N{NO-BREAK SPACE}%", every), "the cover is the most certain person"
    assert "all pictures" in every
    assert 0 == owner.get("/day?label=Person&only=all&at_least=80").text.count("found-bar")
    assert 2 == owner.get("/day").text.count("found-bar"), "without a label anything counts"
    house.ask(at(9, 1, 30))
    masked = reviewer.get("/day?label=Person&only=all").text
    assert ([1, 1, 2], "70\N{NO-BREAK SPACE}%" in masked) == (visits_of(masked), False), (
        "listed, and nothing told of it"
    )


def test_the_strip_has_a_bar_for_each_quarter_and_leads_to_its_earliest_visit(house):
    for hour, minute in ((7, 0), (7, 13), (7, 15), (23, 59)):
        house.analyse(at(hour, minute), found(60.0), picture(minute))
    house.analyse(at(7, 13, 30), {"labels": NOTHING}, picture(99))
    html = house.client("owner").get("/day").text
    bars = re.findall(r'<a href="#visit-(\d)" aria-label="([^"]*)"', html)
    assert [
        ("4", "07:00: 3 pictures in 2 visits"),
        ("2", "07:15: 1 picture in 1 visit"),
        ("1", "23:45: 1 picture in 1 visit"),
    ] == bars
    assert [str(n) for n in range(1, 5)] == re.findall(r'id="visit-(\d)"', html)


def test_the_strip_says_nothing_of_what_is_in_review(house):
    house.analyse(at(9, 1), found(99.0))
    house.analyse(at(10, 1), {"labels": NOTHING}, picture(2))
    assert 1 == house.client("all").get("/day").text.count("found-bar")
    house.ask(at(9, 1))
    assert 0 == house.client("all").get("/day").text.count("found-bar")


@pytest.mark.parametrize("page", ["/day", "/new"])
def test_a_confidence_that_filters_nothing_is_told(house, page):
    house.analyse(at(9, 1), found(60.0))
    house.world.clock.move(timedelta(minutes=1))  # so that the feed's newest entries are read
    client, told = house.client("owner"), 'role="status">The confidence filters'
    for query, words in (
        ("at_least=80", f"{told} only together with a label: choose a label."),
        ("at_least=80&label=&only=all", f"{told} only together with a label"),
        ("at_least=80&only=near", f"{told} nothing here: near misses"),
    ):
        assert words in client.get(f"{page}?{query}").text, query
    for query in ("", "at_least=0", "label=Person&at_least=80", "label=Person&at_least=80&only=all", "only=near"):
        assert told not in client.get(f"{page}?{query}").text, query


def test_the_api_refuses_a_confidence_of_nothing(house):
    house.analyse(at(9, 1), found(60.0))
    client = house.client("owner")
    refused = client.get("/api/v1/images", params={"day": DAY, "at_least": 80})
    assert (422, "Name a label or a text, or leave it out") == (refused.status_code, refused.json()["remedy"])
    assert "at_least: a confidence filters only together with a label or a text" in refused.json()["detail"]
    for more in ({}, {"at_least": 0}, {"at_least": 80, "label": "Person"}, {"at_least": 80, "text": "AB"}):
        assert 200 == client.get("/api/v1/images", params={"day": DAY, **more}).status_code
