"""Figures and comparisons tell a reviewer nothing of the detector's answer about what they are still asked."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sightline.services.review import ask_next, read_cells, scope_of
from sightline.services.review_batches import answer_picture, close_batch
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer
from sightline.stats.windows import days_of
from sightline.storage.users.protocol import Role
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth
from tests.unit.web.figures_house import answer, found_in, review
from tests.unit.web.house import FROM_HERE, House, build

BEFORE = days_of(LAST_DAY, 2)[0]
AFTER = "2044-05-17"
UNDER_REVIEW = 30
REVIEWERS = ("reviewer", "both", "all")
OF_A_DAY = ("/accuracy?window=1", "/accuracy?window=1&camera=yard", "/api/v1/accuracy?window=1")
OF_A_WEEK = (
    "/accuracy?window=7",
    "/accuracy?window=7&threshold=65",
    "/accuracy?window=28&camera=yard",
    *(f"/accuracy/accuracy.{form}?window=7" for form in ("csv", "html", "png")),
    "/api/v1/accuracy?window=7",
    "/api/v1/accuracy/thresholds?window=7",
)
COMPARISONS = ("/agreement", "/api/v1/agreement", "/review/second")

Found = Callable[[int], Mapping[str, float]]


def changed(number: int) -> Mapping[str, float]:
    """Return other answers of the detector, of which fewer find somebody."""
    return {"Plant": 70.0} if number % 2 else found_in(number + 1)


def swapped(number: int) -> Mapping[str, float]:
    """Return the same answers, of other pictures."""
    return found_in(UNDER_REVIEW - 1 - number)


def world(found: Found, found_before: Found = found_in) -> Yard:
    """Return a day that is reviewed, and the next one, which is not."""
    yard = Yard()
    for number in range(40):
        yard.image(number, found_before(number), BEFORE)
    review(yard, 40, days=1, last_day=BEFORE)
    for number in range(UNDER_REVIEW):
        yard.image(number, found(number))
    yard.roll_up()
    return yard


def house_over(yard: Yard, folder: Path) -> House:
    house = build(folder, world=yard)
    house.add("both", [Role.OWNER, Role.REVIEWER])
    return house


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Iterator[Sequence[House]]:
    """Give three consoles that no test changes: the detector's answers as they are, changed, and swapped."""
    made = [house_over(world(each), tmp_path_factory.mktemp("thumbs")) for each in (found_in, changed, swapped)]
    yield made
    for house in made:
        house.console.close()


@pytest.fixture
def two(tmp_path) -> Iterator[Callable[..., Sequence[House]]]:
    """Make two consoles over worlds that a test may change."""
    made: list[House] = []

    def make(*worlds: Yard) -> Sequence[House]:
        made.extend(house_over(each, tmp_path) for each in worlds)
        return made

    yield make
    for house in made:
        house.console.close()


def said(house, who, calls, headers=None):
    """Return every answer without what differs by request."""
    client, found = house.client(None if headers else who), {}
    for call in calls:
        given = client.get(call, headers=headers)
        found[call] = (given.status_code, given.content.replace(given.headers["x-request-id"].encode(), b""))
    return found


def review_some(house, who):
    """Begin a batch of the last day, answer some of it, and have the figures follow."""
    client, yard = house.client(who), house.world
    form = {"label": "Person", "day": LAST_DAY}
    assert 303 == client.post("/review", data=form, headers=FROM_HERE).status_code
    (batch,) = yard.users.batches.open_of(who)
    assert UNDER_REVIEW == len(batch.pictures)
    for number in range(1, 13):
        yard.clock.move(timedelta(seconds=5))
        batch = answer_picture(batch, number, truth(batch.picture(number).image_id), None, yard.services)
    follow(house)
    return batch


def follow(house):
    house.world.roll_up()
    house.world.clock.move(timedelta(minutes=6))


def test_while_a_batch_is_open_nothing_differs_whatever_the_detector_said(two):
    one, other = two(world(found_in), world(changed))
    batches = [review_some(house, "both") for house in (one, other)]
    calls = OF_A_DAY + OF_A_WEEK + COMPARISONS
    before = said(one, "both", calls)
    assert before == said(other, "both", calls)
    assert b"Close the batch first" in before["/accuracy?window=7"][1]
    assert said(one, "owner", OF_A_DAY) != said(other, "owner", OF_A_DAY)
    of_programs = said(one, None, ["/api/v1/accuracy?window=7"], one.token("both", Role.OWNER))
    assert 409 == of_programs["/api/v1/accuracy?window=7"][0]
    for house, batch in zip((one, other), batches, strict=True):
        close_batch(batch, house.world.services)
    assert b"Missed images" in said(one, "both", OF_A_WEEK[:1])["/accuracy?window=7"][1]


@pytest.mark.parametrize("who", REVIEWERS)
def test_of_a_day_that_nobody_has_reviewed_a_reviewer_sees_no_sum(three, who):
    one, other, _ = three
    assert said(one, who, OF_A_DAY) == said(other, who, OF_A_DAY)
    assert said(one, "owner", OF_A_DAY) != said(other, "owner", OF_A_DAY)


@pytest.mark.parametrize("who", REVIEWERS)
def test_sums_do_not_tell_which_picture_has_which_answer(three, who):
    one, _, other = three
    calls = OF_A_DAY + OF_A_WEEK + COMPARISONS
    seen = said(one, who, calls)
    assert seen == said(other, who, calls)
    assert b"Missed images" in seen["/accuracy?window=7"][1]
    assert b"stratum" not in seen["/accuracy?window=7"][1]
    assert not re.search(
        rb"\d+ (in which it was found|near misses|without a sign of it)", seen["/accuracy?window=7"][1]
    )
    hours = "/api/v1/accuracy?window=7"
    assert said(one, "owner", [hours]) != said(other, "owner", [hours])


DRAWN = [n for n in range(40) if is_drawn("salt", "Person", f"s3://frames/yard/{BEFORE}/{n}.jpg")]


def only_drawn_changed(number):
    return changed(number) if number in DRAWN else found_in(number)


def test_what_was_said_of_a_picture_that_waits_for_a_second_look_is_in_no_comparison(two):
    made = two(world(found_in), world(found_in, only_drawn_changed))
    assert len(DRAWN) > 1
    for house in made:
        for number in range(40):
            uri = f"s3://frames/yard/{BEFORE}/{number}.jpg"
            answer(house.world, uri, "bob", Answer.UNSURE if number in DRAWN else truth(uri))
    one, other = made
    seen = said(one, "both", COMPARISONS)
    assert seen == said(other, "both", COMPARISONS)
    assert b"ann" in seen["/agreement"][1]
    assert said(one, "owner", COMPARISONS) != said(other, "owner", COMPARISONS)


def test_a_reviewer_sees_no_strata_no_hours_and_no_single_earlier_day_that_is_not_reviewed(three):
    house, *_ = three
    call = "/api/v1/accuracy?window=7"
    told = {who: house.client(who).get(call).json()["rows"][0] for who in ("owner", "both")}
    assert told["owner"]["strata"]["A"]["images"]
    assert told["owner"]["hours"]
    assert ({}, []) == (told["both"]["strata"], told["both"]["hours"])
    assert "Pictures are left to review." == told["both"]["advice"]


def left_over(*, is_found: bool) -> Yard:
    """Return a day of which a few pictures are left, all of them such in which it was found, or none of them."""
    yard = Yard()
    for number in range(40):
        yard.image(number, found_in(number))
    scope = scope_of("Person", None, LAST_DAY, 1, yard.operations)
    asked = [each.request.candidate.image_id for each in ask_next(read_cells(scope, yard.services), 40, yard.services)]
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for uri in asked:
        kinds[found_in(int(uri.rpartition("/")[2].removesuffix(".jpg"))).get("Person", 0) >= 50].append(uri)
    left = kinds[is_found][-1:]
    for number, uri in enumerate(each for each in asked if each not in left):
        is_unsure = uri in kinds[False] and number % 2
        answer(yard, uri, "ann", Answer.UNSURE if is_unsure else truth(uri))
    yard.roll_up()
    return yard


def next_card(house, who, window="1"):
    """Return what the page says of what is to be reviewed next."""
    page = house.client(who).get("/accuracy", params={"window": window}).text
    (card,) = re.findall(r'<section class="card next">(.*?)</section>', page, re.DOTALL)
    return re.sub(r"<time.*?</time>", "", card)


@pytest.mark.parametrize("who", REVIEWERS)
def test_a_reviewer_is_not_told_of_which_kind_the_pictures_are_that_are_left(two, who):
    one, other = two(left_over(is_found=True), left_over(is_found=False))
    assert next_card(one, "owner") != next_card(other, "owner")
    said = next_card(one, who)
    assert said == next_card(other, who)
    assert "<p>Pictures are left to review. " in said
    assert ">Review</a>" in said


def test_that_nothing_is_left_a_reviewer_is_told_without_more(two):
    yard = world(found_in)
    review(yard, UNDER_REVIEW, days=1)
    yard.roll_up()
    (house,) = two(yard)
    assert "<p>Nothing is left to review. " in next_card(house, "all")
    assert "/review" not in next_card(house, "all")


def days_in(answer):
    """Return the days that the chart of recall day by day names."""
    assert answer.status_code == 200
    (chart,) = [each for each in answer.text.split("<svg ") if 'aria-label="Recall day by day' in each]
    return [f"2044-{each}" for each in re.findall(r">(\d\d-\d\d)<", chart)]


def test_the_line_of_days_leaves_out_those_that_nobody_has_reviewed(two):
    yard = world(found_in)
    for number in range(40):
        yard.image(number, found_in(number), AFTER)
    review(yard, 40, days=1, last_day=AFTER)
    yard.clock.move(timedelta(days=1))
    yard.roll_up()
    (house,) = two(yard)
    days = {who: days_in(house.client(who).get("/accuracy", params={"window": "1"})) for who in ("owner", "both")}
    assert [BEFORE, LAST_DAY, AFTER] == days["owner"]
    assert [BEFORE, AFTER] == days["both"]
