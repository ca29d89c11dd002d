"""A batch remembers what it was chosen from: the next one goes on there, and an open one says what it is of."""

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from sightline.services.review_batches import answer_picture, close_batch
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer
from sightline.storage.users.batches import Batch, ChosenFrom
from sightline.testing.fake import picture, uri_of
from tests.unit.web.house import FROM_HERE, House
from tests.unit.web.test_budgets import counted
from tests.unit.web.test_nothing_left import main_of

PERSON = {"label": "Person"}


DAYS = ("2026-11-01", "2026-11-02")
BEFORE, LAST = "Sun 1 Nov 2026", "Mon 2 Nov 2026"


def uri(second: int, camera: str, day: str) -> str:
    return uri_of(f"{second:02}", camera).replace("2026-11-02", day).replace("20261102", day.replace("-", ""))


@pytest.fixture
def house(house):
    """Two days of two cameras, of which nothing is reviewed."""
    places = [(second, camera, day) for day in DAYS for camera in ("yard", "gate") for second in range(3)]
    for shade, (second, camera, day) in enumerate(places):
        house.analyse(uri(second, camera, day), None, picture(shade))
    house.add("bob", ["reviewer"])
    return house


def last_batch(house: House, name: str = "reviewer") -> Batch:
    return house.world.users.batches.newest(name, 1)[0]


def start(house: House, path: str = "/review", name: str = "reviewer", **form: Any) -> str:
    """Send the form; return the words of the page that it leads to."""
    client = house.client(name)
    answer = client.post(path, data=PERSON | form, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    return words_of(client.get(answer.headers["location"]).text)


def words_of(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main_of(text))).split())


def stop(house: House, name: str = "reviewer") -> None:
    """Answer two pictures, and close the batch."""
    close_batch(answer_all(house, name, most=2), house.world.services)


def press_next(house: House, name: str = "reviewer") -> str:
    """Press `N` on the closed batch's page."""
    page = house.client(name).get(f"/review/{last_batch(house, name).batch_id}/done").text
    found = re.search(r'<form method="post" action="(/review(?:/second)?)">(.*?Next batch.*?)</form>', page, re.DOTALL)
    assert found
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found[2]))
    return start(house, found[1], name, **form)


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({}, ChosenFrom(None, DAYS[1], 1)),
        ({"day": DAYS[0]}, ChosenFrom(None, DAYS[0], 1)),
        ({"camera": "gate", "window": 7}, ChosenFrom("gate", DAYS[1], 7)),
    ],
)
def test_the_next_batch_goes_on_with_the_same_camera_and_days(house, form, kept):
    start(house, **form)
    stop(house)
    first = last_batch(house)
    assert "0 of" in press_next(house)
    batch = last_batch(house)
    assert (kept, True) == (batch.chosen_from, batch.batch_id != first.batch_id)
    left = {each.image_id for each in first.pictures[2:]}
    assert left <= {each.image_id for each in batch.pictures}, "what was left of the batch before"


def test_the_next_batch_of_second_looks_is_of_second_looks(house):
    places = [uri(second, camera, DAYS[0]) for camera in ("hall", "door") for second in range(60)]
    drawn = [each for each in places if is_drawn("salt", "Person", each)][:4]
    for shade, each in enumerate(drawn):
        house.analyse(each, None, picture(100 + shade))
    start(house, day=DAYS[0])
    close_batch(answer_all(house), house.world.services)
    start(house, "/review/second", "bob")
    stop(house, "bob")
    first = last_batch(house, "bob")
    assert f"0 of {len(first.pictures) - 2} answered" in press_next(house, "bob")
    assert ChosenFrom(is_second=True) == first.chosen_from == last_batch(house, "bob").chosen_from
    assert 'href="/review/second">Choose another' in house.client("bob").get(f"/review/{first.batch_id}/done").text


def answer_all(house: House, name: str = "reviewer", most: int = 99) -> Batch:
    """Answer the first pictures of the last batch."""
    batch, services = last_batch(house, name), house.world.services
    for number in range(1, len(batch.pictures) + 1)[:most]:
        batch = answer_picture(batch, number, Answer.ABSENT, None, services)
    return batch


def test_the_next_batch_after_one_of_an_older_version_is_of_its_label(house):
    start(house, day=DAYS[0])
    older = replace(last_batch(house), chosen_from=None)
    house.world.users.batches._batches["reviewer", older.batch_id] = older
    assert "You have an open batch about Person : 0 of" in words_of(house.client("reviewer").get("/review").text)
    stop(house)
    press_next(house)
    assert ChosenFrom(None, DAYS[1], 1) == last_batch(house).chosen_from


def test_when_the_days_are_done_the_next_says_so_of_these_days_and_another_choice_begins_there(house):
    start(house, camera="gate", day=DAYS[0])
    batch = close_batch(answer_all(house), house.world.services)
    page = house.client("reviewer").get(f"/review/{batch.batch_id}/done").text
    assert f'href="/review?label=Person&amp;camera=gate&amp;day={DAYS[0]}&amp;window=1">Choose another' in page
    assert f"gate, {BEFORE}: every picture that was to be looked at has been." in press_next(house)


def test_an_open_batch_that_goes_on_in_place_of_another_choice_says_what_it_is_of(house):
    assert "You have an open batch" not in start(house, camera="yard", day=DAYS[0])
    said = start(house, camera="gate", window=7)
    assert f"You have an open batch about Person (yard, {BEFORE}), and this is it. To choose others, stop and" in said
    assert "You have an open batch" not in start(house, camera="yard", day=DAYS[0]), "it is what was chosen"
    assert "You have an open batch" not in press_answer(house), "it is said once"
    assert f"You have an open batch about Person ( yard, {BEFORE} ): 1 of" in words_of(
        house.client("reviewer").get("/review").text
    )


@pytest.mark.parametrize(
    "form", [{"window": 28}, {"window": 28, "camera": "gate"}, {"day": "2001-01-01"}, {"camera": "elsewhere"}]
)
def test_an_open_batch_goes_on_whatever_is_chosen_and_be_it_of_nothing(house, form):
    start(house, camera="yard", day=DAYS[0])
    assert f"You have an open batch about Person (yard, {BEFORE}), and this is it." in start(house, **form)


def test_an_open_batch_goes_on_without_a_look_at_what_another_would_be_chosen_from(house):
    start(house, camera="yard", day=DAYS[0])
    batch_id, counts = last_batch(house).batch_id, counted(house)
    for path in ("/review", "/review/second"):
        counts.clear()
        answer = house.client("reviewer").post(path, data=PERSON | {"window": 7}, headers=FROM_HERE)
        assert batch_id in answer.headers["location"]
        asked = {name for name in counts if name.partition(".")[0] not in {"users", "verdicts"}}
        assert {"batches.open_of"} == asked, path
        assert 1 == counts["batches.open_of"]


def test_an_open_batch_of_28_days_goes_on_without_their_plan(house):
    start(house, camera="yard", day=DAYS[0])
    batch = replace(last_batch(house), chosen_from=ChosenFrom(window_days=28))
    house.world.users.batches._batches["reviewer", batch.batch_id] = batch
    said = start(house, window=28)
    assert ("0 of" in said, "You have an open batch" in said) == (True, False)


def test_an_open_batch_that_goes_on_in_place_of_second_looks_says_so(house):
    start(house, camera="yard", day=DAYS[0])
    assert f"You have an open batch about Person (yard, {BEFORE}), and this is it." in start(house, "/review/second")


def test_that_it_is_another_batch_is_said_although_its_next_picture_is_lost(house):
    client = house.client("reviewer")
    client.post("/review", data=PERSON | {"camera": "yard"}, headers=FROM_HERE)
    shown = last_batch(house).picture(1)
    assert shown is not None
    house.world.put(shown.image_id, picture(200))
    answer = client.post("/review", data=PERSON | {"camera": "gate"}, headers=FROM_HERE)
    second = client.get(client.get(answer.headers["location"]).headers["location"])
    assert "You have an open batch about Person" in second.text


def press_answer(house: House) -> str:
    batch = last_batch(house)
    client, shown = house.client("reviewer"), batch.picture(1)
    assert shown is not None
    query = {"answer": "absent", "content": shown.content}
    answer = client.post(f"/review/{batch.batch_id}/1", params=query, headers=FROM_HERE)
    return words_of(client.get(answer.headers["location"]).text)


def test_a_batch_that_is_answered_but_open_says_so_at_its_end(house):
    start(house, camera="yard", window=7)
    answer_all(house)
    said = start(house, camera="gate")
    assert f"You have an open batch about Person (yard, the 7 days up to {LAST}), and this is it." in said
