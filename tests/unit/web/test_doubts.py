"""Doubts after the reveal, and looking together: agreement changes, no estimate does, and nobody learns too much."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sightline.services.review_batches import Wanted, answer_picture, begin_batch, close_batch
from sightline.services.second_looks import waiting_looks
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source
from sightline.storage.users.batches import Batch
from sightline.storage.users.protocol import Role
from sightline.web.masks import masked, masked_among
from sightline.web.visitors import Visitor
from sightline.web.words import read_words
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth
from tests.unit.web.figures_house import found_in
from tests.unit.web.house import FROM_HERE, House, build

COUNT = 12
DRAWN = [number for number in range(COUNT) if is_drawn("salt", "Person", f"s3://frames/yard/{LAST_DAY}/{number}.jpg")]
PRIVATE = re.compile(r"request [0-9a-f]{12}|01[0-9A-Z]{24}|[0-9a-f]{64}|[?&;]t=[\w-]{22}")
"""What differs whatever is shown of what was found: numbers of requests, and bytes, which a yard makes of answers."""


def other(answer: Answer) -> Answer:
    return Answer.ABSENT if answer is Answer.PRESENT else Answer.PRESENT


def review(house: House, user: str, batch: Batch, *, is_true: bool = True) -> Batch:
    """Answer a whole batch, and close it."""
    services = house.world.services
    house.world.clock.move(timedelta(seconds=5))
    for number, picture in enumerate(batch.pictures, 1):
        said = truth(picture.image_id)
        answer_picture(batch, number, said if is_true else other(said), None, services)
    assert user == batch.user
    return close_batch(batch, services)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Make a house whose day the reviewer has answered, and closed."""
    made: list[House] = []

    def make(found=found_in) -> House:
        yard = Yard()
        for number in range(COUNT):
            yard.image(number, found(number))
        house = build(tmp_path / str(len(made)), world=yard)
        made.append(house)
        for name, roles in (("bob", [Role.REVIEWER]), ("cid", [Role.REVIEWER]), ("both", [Role.REVIEWER, Role.OWNER])):
            house.add(name, roles)
        review(house, "reviewer", begin_batch("reviewer", Wanted("Person", None, LAST_DAY), yard.services))
        return house

    yield make
    for house in made:
        house.console.close()


@pytest.fixture
def house(make: Callable[..., House]) -> House:
    return make()


def doubt(house: House, number: int, user: str = "reviewer") -> str:
    """Doubt the answer about the image of this number in its name; return what the browser is answered."""
    batch = house.world.users.batches.newest(user, 1)[0]
    place = next(n for n, each in enumerate(batch.pictures, 1) if each.image_id.endswith(f"/{number}.jpg"))
    answer = house.client(user).post(f"/review/{batch.batch_id}/{place}/doubt", headers=FROM_HERE)
    return answer.headers.get("location", str(answer.status_code))


def second_look(house: House, user: str, *, is_true: bool = True) -> Sequence[str]:
    """Take the second looks that wait for a user; return of which images they were."""
    house.console.words.forget("")
    client = house.client(user)
    assert 303 == client.post("/review/second", data={"label": "Person"}, headers=FROM_HERE).status_code
    (batch,) = house.world.users.batches.open_of(user)
    review(house, user, batch, is_true=is_true)
    house.console.words.forget("")
    return [each.image_id for each in batch.pictures]


UNDRAWN = next(number for number in range(COUNT) if number not in DRAWN)
IMAGE = f"s3://frames/yard/{LAST_DAY}/{UNDRAWN}.jpg"


def text_of(house: House, user: str, path: str = "/agreement") -> str:
    answer = house.client(user).get(path)
    assert 200 == answer.status_code, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def figures(house: House) -> object:
    """Return what accuracy estimates, and from how many answers."""
    house.world.clock.move(timedelta(minutes=2))  # longer than a report is kept
    assert isinstance(house.world, Yard)
    house.world.roll_up()
    rows = house.client("owner").get("/api/v1/accuracy?window=1").json()["rows"]
    assert rows[0]["reviewed"]
    return [[row[name] for name in ("figures", "reviewed", "held_back", "strata", "hours")] for row in rows]


def test_a_doubt_asks_one_other_reviewer_and_changes_no_estimate(house):
    before = figures(house)
    place = doubt(house, UNDRAWN)
    assert re.search(r"/done#picture-\d+$", place)
    assert 1 == text_of(house, "reviewer", place).count("You doubt your answer")
    assert "1 answer since the detector&#39;s was shown; 1 waits".replace("&#39;", "'") in text_of(house, "owner")
    assert IMAGE in second_look(house, "bob", is_true=False)
    assert DRAWN
    assert IMAGE not in second_look(house, "cid")
    (said,) = [each.verdict for each in house.world.verdicts.of_image(IMAGE) if each.verdict.reviewer == "bob"]
    assert Source.VOLUNTEERED is said.source
    assert before == figures(house)
    page = text_of(house, "owner")
    assert "0 wait for another" in page
    assert "doubted by reviewer : bob" in page
    assert 1 == house.client("owner").get("/api/v1/agreement").json()["doubted"]


def test_nothing_is_doubted_before_the_reveal_nor_what_was_not_answered(make):
    house = make()
    house.world.image(COUNT, found_in(COUNT))
    batch = begin_batch("bob", Wanted("Person", None, LAST_DAY), house.world.services)
    answer_picture(batch, 1, Answer.PRESENT, None, house.world.services)
    client = house.client("bob")
    assert 422 == client.post(f"/review/{batch.batch_id}/1/doubt", headers=FROM_HERE).status_code
    closed = house.world.users.batches.newest("reviewer", 1)[0]
    assert 404 == client.post(f"/review/{closed.batch_id}/1/doubt", headers=FROM_HERE).status_code
    assert 422 == house.client("reviewer").post(f"/review/{closed.batch_id}/99/doubt", headers=FROM_HERE).status_code
    assert [] == house.world.users.doubts.of("Person")


def changed(number: int) -> dict[str, float]:
    """Return another answer of the detector to the image that is doubted."""
    return {"Person": 61.0, "Plant": 70.0} if number == UNDRAWN else dict(found_in(number))


CALLS = (
    f"/image?id={IMAGE}",
    f"/api/v1/image?id={IMAGE}",
    f"/api/v1/images?day={LAST_DAY}&label=Person",
    f"/day?day={LAST_DAY}",
    f"/day?day={LAST_DAY}&label=Person",
    "/agreement",
    "/api/v1/agreement",
    "/review/second",
)


def told(house: House, user: str) -> list[str]:
    return [PRIVATE.sub("", house.client(user).get(path).text) for path in CALLS]


def test_what_is_doubted_is_hidden_from_reviewers_who_may_be_asked_until_they_have_answered(make):
    houses = [make(), make(changed)]
    for house in houses:
        assert ("Plant" in told(house, "both")[0]) == ("Plant" in told(house, "owner")[0])
        doubt(house, UNDRAWN)
    one, swapped = (told(house, "both") for house in houses)
    assert one == swapped
    assert "doubted by" not in one[5]
    assert told(houses[0], "owner") != told(houses[1], "owner")
    second_look(houses[0], "both")
    assert "in review" not in houses[0].client("both").get(CALLS[0]).text


SETTLED = next(iter(DRAWN))
SECOND = f"s3://frames/yard/{LAST_DAY}/{SETTLED}.jpg"


def changed_and_drawn(number: int) -> dict[str, float]:
    """Return another answer of the detector to an image that is drawn for a second look."""
    return {"Person": 61.0, "Plant": 70.0} if number == SETTLED else dict(found_in(number))


def told_of_drawn(house: House, user: str) -> list[str]:
    house.console.words.forget("")
    return [PRIVATE.sub("", house.client(user).get(path.replace(IMAGE, SECOND)).text) for path in CALLS]


def hidden_in(house: House, user: str, *, of_many: bool = False) -> bool:
    """Return whether the drawn image is hidden from a reviewer, as each way to ask says."""
    visitor = Visitor(user, frozenset(Role), is_reviewer=True)
    uris = [f"s3://frames/yard/{LAST_DAY}/{number}.jpg" for number in range(COUNT)]
    rows = house.world.images.get_many(uris if of_many else [SECOND])
    contents = {uri: row.content.sha256 for uri, row in rows.items() if row.content}
    among = SECOND in masked_among(lambda perhaps: perhaps, visitor, house.console)
    assert among == (SECOND in masked(contents, visitor, house.console))
    return among


@pytest.mark.parametrize(
    ("others", "is_asked"),
    [((), True), ((("bob", True),), False), ((("bob", False),), True), ((("bob", False), ("cid", True)), False)],
    ids=["one answer", "two equal ones", "two that differ", "three"],
)
def test_what_a_third_person_is_not_asked_about_any_more_is_shown_to_them(make, others, is_asked):
    houses = [make(), make(changed_and_drawn)]
    for house in houses:
        for user, is_true in others:
            assert SECOND in second_look(house, user, is_true=is_true)
        assert is_asked == hidden_in(house, "both") == hidden_in(house, "both", of_many=True)
    one, swapped = (told_of_drawn(house, "both") for house in houses)
    assert is_asked is (one == swapped)
    assert is_asked is ("asks about this image" in one[0])
    assert is_asked is (SECOND in waiting(houses[0], "both"))


def waiting(house: House, user: str) -> set[str]:
    """Return the images that wait for a second look by a user."""
    house.console.words.forget("")
    looks = waiting_looks(user, "Person", read_words(house.console).verdicts, house.world.services)
    return {each.image_id for each in looks}


def test_the_page_of_an_image_in_an_open_batch_says_that_the_batch_must_be_closed_and_leads_there(house):
    assert 303 == house.client("both").post("/review/second", data={"label": "Person"}, headers=FROM_HERE).status_code
    (batch,) = house.world.users.batches.open_of("both")
    number = next(n for n, each in enumerate(batch.pictures, 1) if each.image_id == SECOND)
    batch = answer_picture(batch, number, truth(SECOND), None, house.world.services)
    client = house.client("both")
    page = client.get("/image", params={"id": SECOND}).text
    assert "is hidden until you have answered it and closed the batch." in page
    assert '<a href="/review">review</a> asks about this image' in page
    assert f"/review/{batch.batch_id}" in client.get("/review").text
    close_batch(batch, house.world.services)
    assert "asks about this image" not in client.get("/image", params={"id": SECOND}).text


def test_a_doubt_does_not_hide_again_what_two_have_settled_for_it_asks_nobody(make):
    house = make()
    second_look(house, "bob")
    assert not hidden_in(house, "both")
    doubt(house, SETTLED)
    house.console.doubts.forget("Person")
    assert not hidden_in(house, "both")
    assert SECOND not in waiting(house, "both")


def test_what_one_has_seen_and_is_asked_about_after_a_doubt_is_hidden_again_and_kept_as_not_blind(house):
    assert "asks about this image" not in house.client("both").get(CALLS[0]).text
    doubt(house, UNDRAWN)
    house.console.doubts.forget("Person")
    assert "asks about this image" in house.client("both").get(CALLS[0]).text
    assert was_viewed(house, "both", IMAGE)


def test_who_has_seen_what_two_settled_and_one_of_them_corrects_is_asked_and_it_is_kept_as_not_blind(house):
    services = house.world.services
    assert 303 == house.client("bob").post("/review/second", data={"label": "Person"}, headers=FROM_HERE).status_code
    (batch,) = services.users.batches.open_of("bob")
    number = next(n for n, each in enumerate(batch.pictures, 1) if each.image_id == SECOND)
    assert hidden_in(house, "both"), "another has it in hand, and may differ"
    batch = answer_picture(batch, number, truth(SECOND), None, services)
    house.console.words.forget("")
    assert not hidden_in(house, "both", of_many=True)
    assert hidden_in(house, "bob"), "the batch is open"
    assert "asks about this image" not in house.client("both").get("/image", params={"id": SECOND}).text
    house.world.clock.move(timedelta(seconds=5))
    close_batch(answer_picture(batch, number, other(truth(SECOND)), truth(SECOND), services), services)
    assert hidden_in(house, "both", of_many=True), "what was said then, and is kept for some minutes, hides nothing"
    house.console.words.forget("")
    assert was_viewed(house, "both", SECOND)


def was_viewed(house: House, user: str, image_id: str) -> bool:
    """Begin the second looks of a user; return whether the look at this image is kept as not blind."""
    assert 303 == house.client(user).post("/review/second", data={"label": "Person"}, headers=FROM_HERE).status_code
    (batch,) = house.world.users.batches.open_of(user)
    (picture,) = [each for each in batch.pictures if each.image_id == image_id]
    return picture.was_viewed


def together(house: House, user: str, image_id: str = IMAGE) -> str:
    content = house.world.images.get(image_id).content.sha256
    client = house.client(user)
    answer = client.get("/agreement/together", params={"id": image_id, "label": "Person", "content": content})
    return answer.text if answer.status_code == 200 else str(answer.status_code)


def test_two_who_differ_look_together_once_both_batches_are_closed(house):
    doubt(house, UNDRAWN)
    assert "404" == together(house, "owner"), "nobody differs yet"
    services = house.world.services
    assert 303 == house.client("bob").post("/review/second", data={"label": "Person"}, headers=FROM_HERE).status_code
    (batch,) = services.users.batches.open_of("bob")
    number = next(n for n, each in enumerate(batch.pictures, 1) if each.image_id == IMAGE)
    house.world.clock.move(timedelta(seconds=5))
    answer_picture(batch, number, other(truth(IMAGE)), None, services)
    house.console.words.forget("")
    assert ["409", "409", "404"] == [together(house, user) for user in ("owner", "reviewer", "bob")]
    close_batch(batch, services)
    assert ["404", "404"] == [together(house, "cid"), together(house, "operator").replace("403", "404")]
    for user in ("owner", "reviewer", "bob"):
        page = together(house, user)
        assert re.search(r"<bdi>reviewer</bdi> <strong>(\w+)</strong>[^|]*<bdi>bob</bdi> <strong>(?!\1)", page), user
        assert "doubted since" in page
        assert "the first one stands" in page
        assert "look together" in text_of(house, user)
    assert "look together" not in text_of(house, "cid")


@pytest.mark.parametrize("query", [{}, {"id": "nothing", "label": "Person", "content": "x"}])
def test_a_comparison_that_is_none_is_refused(house, query):
    assert house.client("owner").get("/agreement/together", params=query).status_code in {404, 422}
