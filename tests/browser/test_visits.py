"""What is new, a day and the calendar as a person sees them: in visits, on every screen, by keys and without script."""

import re
from datetime import timedelta

import pytest

from sightline.models.answers import Answer, Detection
from sightline.services.rollups.run import RollUp
from tests.browser.boxes import photo
from tests.browser.visiting import SHARED_KEYS
from tests.unit.web.house import DAY

MASKED = f"s3://frames/yard/{DAY}/Hour-07/snap/MDAlarm_20261102-070020.jpg"
LONG = "the-camera-at-the-end-of-the-drive-behind-the-old-oak"


@pytest.fixture
def busy(served):
    """Serve two days of three cameras: a visit of three pictures, one of them in review, and some of one picture."""
    house = served.house
    for number, (camera, day, time, percent) in enumerate(
        (
            ("yard", DAY, "070000", 61.0),
            ("yard", DAY, "070020", 97.5),
            ("yard", DAY, "070050", 88.0),
            ("gate", DAY, "070030", 0.0),
            (LONG, DAY, "121500", 55.0),
            ("gate", "2026-11-05", "180000", 99.0),
        )
    ):
        person = [Detection("Person", percent)] if percent else []
        labels = Answer((*person, *([Detection("Domestic animal", 71.0)] if percent else [])), "m-1", 30.0)
        uri = f"s3://frames/{camera}/{day}/Hour-{time[:2]}/snap/MDAlarm_{day.replace('-', '')}-{time}.jpg"
        house.analyse(uri, {"labels": labels}, photo((640 + 2 * number, 480)))
    RollUp(house.world.services, DAY).do(lambda: True)
    house.ask(MASKED)
    house.world.clock.move(timedelta(minutes=1))  # so that the feed's newest entries are read
    return served


def test_the_pages_of_visits_are_whole_on_every_screen(busy, visit):
    assert busy
    with visit() as seen:
        seen.sign_in("owner")
        seen.go("/calendar")
        seen.look_on_every_screen("calendar")
        seen.go("/new")
        seen.page.get_by_text("3 pictures", exact=True).click()
        seen.look_on_every_screen("new")
        seen.go(f"/day?day={DAY}&label=Person&at_least=60")
        seen.look_on_every_screen("day-of-a-label")


def test_so_are_they_with_nothing_new_and_to_a_reviewer(busy, visit):
    assert busy
    with visit() as seen:
        seen.sign_in("all")
        seen.go(f"/day?day={DAY}")
        assert "1 in review" in seen.page.locator("main").inner_text()
        seen.look_on_every_screen("day-in-review")
        seen.go("/calendar")
        seen.look_on_every_screen("calendar-of-a-reviewer")
        seen.go("/new")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("s")
        seen.look_on_every_screen("new-seen")


def test_keys_mark_what_is_new_take_it_back_and_go_from_day_to_day(busy, visit):
    with visit() as seen:
        seen.sign_in_by_form("owner")
        assert 4 == seen.page.locator(".visit").count(), "an owner begins with what is new"
        seen.go("/new")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("s")
        assert "6 pictures marked as seen" in seen.page.locator("[role=status]").inner_text()
        assert 0 == seen.page.locator(".visit").count()
        with seen.page.expect_navigation():
            seen.page.keyboard.press("z")
        assert 4 == seen.page.locator(".visit").count()
        seen.go("/day")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("[")
        assert f"day={DAY}" in seen.page.url
        with seen.page.expect_navigation():
            seen.page.keyboard.press("c")
        with seen.page.expect_navigation():
            seen.page.get_by_role("link", name="5 pictures").click()
        assert f"day={DAY}" in seen.page.url
        assert [] == seen.wrong
    assert busy.house.world.users.look("owner")


def test_keys_choose_visits_and_the_button_says_how_many_it_marks(busy, visit):
    assert busy
    with visit() as seen:
        seen.sign_in("owner")
        seen.go("/new")
        assert [] == seen.page.evaluate(SHARED_KEYS)
        assert seen.page.locator("[data-counted]").is_hidden()
        for key in ("j", "x", "j", "x"):
            seen.page.keyboard.press(key)
        marking = seen.page.locator("[data-counted]")
        assert re.search(r"Mark 2 visits \(\d pictures\) as seen", marking.inner_text())
        seen.look("new-chosen")
        seen.page.keyboard.press("Escape")
        marking.wait_for(state="hidden")
        found = seen.page.locator(".choose input")
        found.first.click()
        found.nth(2).click(modifiers=["Shift"])
        assert 3 == seen.page.locator(".choose input:checked").count()
        seen.page.keyboard.press("Control+a")
        assert "Mark 4 visits" in marking.inner_text()
        found.nth(3).click()
        with seen.page.expect_navigation():
            seen.page.keyboard.press("s")
        assert 1 == seen.page.locator(".visit").count()
        seen.go(f"/day?day={DAY}")
        seen.page.keyboard.press("j")
        seen.page.keyboard.press("j")
        assert "visit-2" == seen.page.evaluate("document.activeElement.closest('.visit').id")
        seen.page.keyboard.press("k")
        assert "visit-1" == seen.page.evaluate("document.activeElement.closest('.visit').id")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("t")
        assert "day=" not in seen.page.url
        assert [] == seen.wrong


def test_without_script_a_visit_opens_and_all_is_marked_as_seen(busy, visit):
    assert busy
    with visit(script=False) as seen:
        seen.sign_in("owner")
        seen.page.goto(f"{seen.origin}/new")
        seen.page.get_by_text("3 pictures", exact=True).click()
        assert seen.page.get_by_role("link", name="07:00:50", exact=True).is_visible()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="All seen").click()
        assert "Nothing new" in seen.page.locator("main").inner_text()
        seen.page.goto(f"{seen.origin}/day?day={DAY}")
        seen.page.get_by_label("Label").fill("person")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Show").click()
        assert 2 == seen.page.locator(".visit").count(), "the gate showed nobody"


@pytest.mark.parametrize("width", [360, 1600])
def test_nothing_moves_when_something_is_chosen_and_the_button_in_its_place_has_the_key(busy, visit, width):
    assert busy
    with visit(width) as seen:
        seen.sign_in("owner")
        seen.go("/new")
        before = seen.page.evaluate(PLACES)
        all_seen = seen.page.get_by_role("button", name="All seen")
        assert all_seen.is_visible()
        seen.page.locator(".choose input").nth(1).click()
        assert before == seen.page.evaluate(PLACES)
        assert all_seen.is_hidden()
        seen.look("new-chosen")


PLACES = """() => [...document.querySelectorAll(".visit, .steps .button")]
  .map((each) => each.getBoundingClientRect()).map((each) => [each.left, each.top + scrollY])"""

COVERED = """() => [...document.querySelectorAll(".visit")].filter((visit) => {
  const [box, image] = [".choose", "img"].map((each) => visit.querySelector(each).getBoundingClientRect());
  return box.right > image.left && box.left < image.right && box.bottom > image.top && box.top < image.bottom;
}).length"""


@pytest.mark.parametrize("width", [360, 1600])
def test_the_box_that_chooses_a_visit_covers_none_of_its_picture(busy, visit, width):
    assert busy
    with visit(width) as seen:
        seen.sign_in("owner")
        seen.go("/new")
        assert 0 == seen.page.evaluate(COVERED)
        seen.look("new-to-choose")
