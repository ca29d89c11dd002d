"""Agreement and second looks: who sees what of what was said."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sightline.stats.agreement import cohens_kappa, double_reviews
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from tests.unit.services.rollups.yard import Yard, truth
from tests.unit.web.figures_house import answer, fill, found_in, review
from tests.unit.web.house import FROM_HERE, House, build


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    """Return a house where two reviewers have looked at one day's images, and differ about some."""
    yard = Yard()
    fill(yard, days=1, cameras=("yard",))
    for uri in review(yard, 40, "ann", days=1):
        number = int(uri.rsplit("/", 1)[1].removesuffix(".jpg"))
        answer(yard, uri, "bob<b>", Answer.UNSURE if number % 9 == 0 else truth(uri))
    made = build(tmp_path, world=yard)
    made.add("ann", [Role.REVIEWER])
    yield made
    made.console.close()


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.replace("\N{NO-BREAK SPACE}", " ")))


def test_kappa_is_that_of_the_command_line(house):
    found = cohens_kappa(double_reviews(kept.verdict for kept in house.world.verdicts.scan()))
    assert found is not None
    told = house.client("owner").get("/api/v1/agreement").json()
    names = ("pairs", "observed", "kappa", "low", "high")
    assert {name: getattr(found, name) for name in names} == told["together"]
    said = text_of(house.client("owner").get("/agreement"))
    assert f"Person 40 {100 * found.observed:.0f} % {found.kappa:.2f} {found.low:.2f} to {found.high:.2f}" in said


def test_a_pairs_answers_are_counted_in_a_table(house):
    page = house.client("owner").get("/agreement").text
    (table,) = re.findall(r'<table class="small">(.*?)</table>', page, re.DOTALL)
    numbers = [int(each) for each in re.findall(r"<td>(\d+)</td>", table)]
    assert (40, 5) == (sum(numbers), numbers[2] + numbers[5])
    assert "bob&lt;b&gt;" in page
    assert "bob<b>" not in page


def test_the_detectors_answers_are_compared_for_each_reviewer_and_a_reviewer_sees_their_own(house):
    told = {who: house.client(who).get("/api/v1/agreement").json()["with_detector"] for who in ("owner", "ann")}
    assert ["ann", "bob<b>"] == [each["reviewer"] for each in told["owner"]]
    assert [told["owner"][0]] == told["ann"]
    assert (40, 0) == (told["ann"][0]["decided"], told["ann"][0]["unsure"])
    found = [found_in(number).get("Person", 0) >= 50 for number in range(40)]
    equal = sum(found[number] == (truth(f"/{number}.jpg") is Answer.PRESENT) for number in range(40))
    assert equal == told["ann"][0]["equal"]
    section = text_of(house.client("ann").get("/agreement")).partition("Reviewers with the detector")[2]
    assert "bob" not in section.partition("Where reviewers differ")[0]


def test_images_about_which_reviewers_differ_are_listed_for_owners_alone(house):
    assert "5 images" in text_of(house.client("owner").get("/agreement"))
    assert "/image?id=" in house.client("owner").get("/agreement").text
    for who in ("operator", "ann"):
        page = house.client(who).get("/agreement").text
        assert "/image?id=" not in page
        assert "5 images" in text_of(house.client(who).get("/agreement"))


def test_what_was_said_is_read_once_in_five_minutes(house):
    scans, scan = [], house.world.verdicts.scan
    house.world.verdicts.scan = lambda *given: scans.append(given) or scan(*given)
    for who in ("owner", "reviewer", "ann"):
        for path in ("/agreement", "/api/v1/agreement"):
            assert 200 == house.client(who).get(path).status_code
    assert 1 == len(scans)


def test_without_answers_the_page_says_so(tmp_path):
    made = build(tmp_path)
    assert "No image has answers of two reviewers yet" in text_of(made.client("owner").get("/agreement"))
    assert json.dumps(made.client("owner").get("/api/v1/agreement").json()).count("[]") == 2
    assert "no image waits for you" in text_of(made.client("reviewer").get("/review/second"))
    made.console.close()


def test_second_looks_are_counted_and_begun_from_their_page(tmp_path):
    yard = Yard()
    fill(yard, days=1, cameras=("yard",))
    review(yard, 40, "ann", days=1)
    drawn = [uri for uri in yard.uris() if is_drawn("salt", "Person", uri)]
    made = build(tmp_path, world=yard)
    client = made.client("reviewer")
    read_at = yard.clock.now
    assert f"{len(drawn)} images wait for you" in text_of(client.get("/review/second"))
    yard.clock.move(timedelta(minutes=3))
    assert f"As of {read_at:%Y-%m-%d %H:%M} UTC" in text_of(client.get("/review/second")), "it is as old as its words"
    begun = client.post("/review/second", data={"label": "Person"}, headers=FROM_HERE)
    assert 303 == begun.status_code
    (batch,) = yard.users.batches.open_of("reviewer")
    assert begun.headers["location"] == f"/review/{batch.batch_id}/1"
    assert sorted(drawn) == sorted(each.image_id for each in batch.pictures)
    assert 422 == client.post("/review/second", data={"label": "Nothing"}, headers=FROM_HERE).status_code
    made.console.close()
