"""The end of the work is no error: where nothing is left to review, the page says so and leads on."""

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest

from sightline.services import review_planning
from sightline.services.review_batches import Wanted, answer_picture, begin_batch, close_batch
from sightline.services.review_planning import plan_review
from sightline.web.times import long_day
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth
from tests.unit.web.figures_house import fill
from tests.unit.web.house import FROM_HERE, House, build

DAY_BEFORE = (date.fromisoformat(LAST_DAY) - timedelta(days=1)).isoformat()
LAST, BEFORE = (long_day(date.fromisoformat(day)) for day in (LAST_DAY, DAY_BEFORE))


HELD_WORDS = "in a batch that is open, or that was broken off less than 2 hours ago"


@pytest.fixture
def house(tmp_path):
    """Two days of two cameras, of which the last is reviewed."""
    yard = Yard()
    fill(yard, days=2, cameras=("yard", "gate"))
    made = build(tmp_path, world=yard)
    review_all(made, "reviewer", Wanted("Person", None, LAST_DAY))
    yield made
    made.console.close()


def review_all(house: House, user: str, wanted: Wanted, batches: int = 2) -> None:
    services = house.world.services
    for _ in range(batches):
        batch = begin_batch(user, wanted, services)
        for number in range(1, len(batch.pictures) + 1):
            picture = batch.picture(number)
            assert picture is not None
            answer_picture(batch, number, truth(picture.image_id), None, services)
        close_batch(batch, services)


def post(house: House, name: str = "reviewer", path: str = "/review", **form: Any) -> Any:
    """Send the form, and follow where it leads."""
    client = house.client(name)
    answer = client.post(path, data={"label": "Person", **form}, headers=FROM_HERE)
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def start(house: House, name: str = "reviewer", **form: Any) -> tuple[int, str]:
    answer = post(house, name, **form)
    return answer.status_code, " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main_of(answer.text))).split())


def main_of(text: str) -> str:
    return text.partition("<main")[2].partition("</main>")[0]


def ways_of(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the words of each button, and what it sends."""
    forms = re.findall(r'<form method="post" action="/review">(.*?)</form>', main_of(text), re.DOTALL)
    buttons = [re.search(r"<button[^>]*>([^<]*)<", each) for each in forms]
    sent = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', each)) for each in forms]
    return [(button[1], each) for button, each in zip(buttons, sent, strict=True) if button]


@pytest.mark.parametrize(("camera", "named"), [("", "All cameras"), ("gate", "gate")])
def test_that_a_day_is_all_reviewed_is_said_and_is_no_error(house, camera, named):
    status, said = start(house, camera=camera, day=LAST_DAY)
    assert 200 == status
    assert f"Person : all reviewed {named}, {LAST}: every picture that was to be looked at has been." in said
    for word in ("Status", "What to do", "First page", "422"):
        assert word not in said


def test_it_leads_to_longer_windows_to_the_day_before_and_to_accuracy(house):
    answer = post(house, camera="gate")
    same = {"label": "Person", "camera": "gate"}
    assert [
        (f"Review the 7 days up to {LAST}", same | {"day": LAST_DAY, "window": "7"}),
        (f"Review {BEFORE}", same | {"day": DAY_BEFORE, "window": "1"}),
        ("Review the last 28 days of all cameras", {"label": "Person", "window": "28"}),
    ] == ways_of(answer.text)
    assert 'href="/accuracy?label=Person"' in answer.text
    for words, form in ways_of(answer.text):
        begun = house.client("reviewer").post("/review", data=form, headers=FROM_HERE)
        assert ("28" in words) == ("why=plan" in begun.headers["location"]), words
        for batch in house.world.users.batches.open_of("reviewer"):
            close_batch(batch, house.world.services)


def test_a_window_that_is_not_planned_leads_to_those_that_need_no_plan_and_says_when_it_will_be(house):
    answer = post(house, window=28)
    assert (200, True) == (answer.status_code, "28 days are not planned yet" in answer.text)
    assert "They are planned every 20 min, from the figures of all cameras" in answer.text
    for word in ("plan_review", "`", "an hour"):
        assert word not in main_of(answer.text)
    assert [f"Review {LAST}", f"Review the 7 days up to {LAST}"] == [words for words, _ in ways_of(answer.text)]


def test_a_plan_of_a_part_that_is_used_up_says_when_more_is_planned_and_leads_to_shorter_windows(house, monkeypatch):
    monkeypatch.setattr(review_planning, "KEPT", 10)
    house.world.roll_up()
    plan_review(house.world.services, lambda: True)
    review_all(house, "reviewer", Wanted("Person", None, None, 28), batches=1)
    answer = post(house, window=28)
    said = start(house, window=28)[1]
    assert "Person : no more is planned yet All cameras, the last 28 days: what is planned is answered" in said
    assert "More is planned from the next figures: these are made every hour, and the plan every 20 min." in said
    assert "all reviewed" not in said
    assert [f"Review {LAST}", f"Review the 7 days up to {LAST}"] == [words for words, _ in ways_of(answer.text)]
    assert 'href="/accuracy?label=Person"' in answer.text


def paths_of(house: House, answer: Any, path: list[str]) -> list[list[str]]:
    """Press each button of each page that follows; return which were pressed one after the other."""
    ways = ways_of(answer.text) if len(path) < 9 else []
    return [each for words, form in ways for each in paths_of(house, post(house, **form), [*path, words])] or [path]


def test_no_chain_of_buttons_leads_back_to_what_has_been_tried(house):
    review_all(house, "reviewer", Wanted("Person", None, LAST_DAY, 7))
    assert [f"Review the 7 days up to {LAST}"] == paths_of(house, post(house, window=28, tried=1), [])[0][:1]
    for path in paths_of(house, post(house), [f"Review {LAST}"]):
        shorter = [words for words in path if "28" not in words]
        assert len({*shorter}) == len(shorter) <= 4, path
    done = post(house, window=28, tried=7)
    assert [] == ways_of(done.text)
    assert 'href="/accuracy?label=Person"' in done.text


@pytest.mark.parametrize("form", [{"camera": "gate"}, {"day": LAST_DAY}])
def test_where_28_days_are_planned_a_camera_or_day_with_them_leads_to_all_cameras(house, form):
    assert "28 days are not planned yet" in post(house, window=28, **form).text
    house.world.roll_up()
    plan_review(house.world.services, lambda: True)
    answer = post(house, window=28, **form)
    assert "A review of 28 days covers all cameras" in answer.text
    assert "It ends with the last day that is over." in answer.text
    (words, sent), *others = ways_of(answer.text)
    assert "Review the last 28 days of all cameras" == words
    assert [f"Review {LAST}", f"Review the 7 days up to {LAST}"] == [each for each, _ in others]
    begun = house.client("reviewer").post("/review", data=sent, headers=FROM_HERE)
    assert "/review/left" not in begun.headers["location"]


@pytest.mark.parametrize(("form", "last"), [({"camera": "gate"}, LAST), ({"day": DAY_BEFORE}, BEFORE)])
@pytest.mark.parametrize("is_planned", [True, False])
def test_what_was_tried_of_all_cameras_up_to_the_newest_day_says_nothing_of_others(house, form, last, is_planned):
    if is_planned:
        house.world.roll_up()
        plan_review(house.world.services, lambda: True)
    words = [each for each, _ in ways_of(post(house, window=28, tried=7, **form).text)]
    assert [f"Review {last}", f"Review the 7 days up to {last}"] == words[is_planned:]


def test_of_all_cameras_up_to_the_newest_day_what_was_tried_is_not_offered_again(house):
    house.world.roll_up()
    plan_review(house.world.services, lambda: True)
    words = [each for each, _ in ways_of(post(house, window=28, tried=1, day=LAST_DAY).text)]
    assert ["Review the last 28 days of all cameras", f"Review the 7 days up to {LAST}"] == words


def test_the_start_says_of_28_days_that_they_are_of_all_cameras(house):
    assert '<option value="28">28, of all cameras</option>' in house.client("reviewer").get("/review").text


def test_what_others_have_in_a_batch_is_told_from_what_is_reviewed(house):
    house.add("bob", ["reviewer"])
    wanted = Wanted("Person", "gate", DAY_BEFORE)
    begin_batch("reviewer", wanted, house.world.services)
    status, said = start(house, "bob", camera="gate", day=DAY_BEFORE)
    assert (200, True) == (status, f"gate, {BEFORE}: what is left is {HELD_WORDS}." in said)
    assert "all reviewed" not in said


def test_days_without_pictures_say_so(house):
    status, said = start(house, day="2001-01-01")
    assert (200, True) == (status, "All cameras, Mon 1 Jan 2001: there is no analysed picture." in said)


def test_without_any_picture_the_page_looks_like_no_error_and_offers_nothing_that_can_only_fail(tmp_path):
    made = build(tmp_path)
    answer = post(made)
    assert (200, []) == (answer.status_code, ways_of(answer.text))
    assert "All cameras, the newest day: there is no analysed picture." in answer.text
    made.console.close()


@pytest.mark.parametrize("day", ["2026-02-31", "0001-01-02"])
def test_a_day_that_the_calendar_has_not_is_refused(house, day):
    status, said = start(house, day=day)
    assert (422, True) == (status, "calendar" in said)


def test_second_looks_that_somebody_else_has_begun_meanwhile_are_no_error(house):
    answer = post(house, path="/review/second")
    assert (200, True) == (answer.status_code, "No image waits for a second look of yours" in answer.text)


@pytest.mark.parametrize("query", ["why=other", "why=held&window=3", "why=held&day=2026-02-31", "why=held&day=x"])
def test_an_address_that_cannot_be_read_is_refused(house, query):
    assert 422 == house.client("reviewer").get(f"/review/left?label=Person&{query}").status_code
