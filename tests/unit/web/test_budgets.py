"""How often each page asks the stores: what a page costs is part of what it promises."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source
from sightline.storage.images.positions import position_at
from sightline.storage.users.protocol import Look, Role
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.web.house import DAY, FROM_HERE, URI, build
from tests.unit.web.known import POLICY, keep, know

COUNTED = ("images", "ledger", "verdicts", "users", "rollups", "graph", "buckets", "limiter", "queues")
COUNTED_OPERATIONS = (
    "dead_letters",
    "usage",
    "runs",
    "pauses",
    "bucket_refusals",
    "capture_counts",
    "comparisons",
    "people",
)


class Counting:
    """A store whose calls are counted."""

    def __init__(self, name: str, store: Any, counts: "Counter[str]") -> None:
        self._name, self._store, self._counts = name, store, counts

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._store, method)

        def call(*arguments: Any, **options: Any) -> Any:
            self._counts[f"{self._name}.{method}"] += 1
            return found(*arguments, **options)

        return call if callable(found) else found


@pytest.fixture
def counts(house) -> "Counter[str]":
    """Count what the console asks of its stores, from here on; nine images and two cameras are there."""
    return counted(house)


def counted(house: Any) -> "Counter[str]":
    for second in range(9):
        house.analyse(uri_of(f"{second:02}", "gate" if second > 6 else "yard"))
    taken_at, place = f"{DAY}T11:00:01+00:00", {"camera": "yard", "image_id": URI}
    house.world.graph.answers["newest-with-label"] = [{**place, "taken_at": taken_at, "confidence": 97.5}]
    house.world.graph.answers["label-by-time"] = [{"weekday": 1, "hour": 11, "images": 9}]
    house.world.graph.answers["label-by-confidence"] = [{"from_percent": 95, "images": 9}]
    house.world.graph.answers["images-between"] = [{"image_id": URI}]
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    counts: Counter[str] = Counter()
    services = house.console.services
    if house.world.treasury:
        house.world.treasury._accounts = Counting("budget_accounts", house.world.operations.budget_accounts, counts)
    house.world.users.batches = Counting("batches", house.world.users.batches, counts)
    house.world.users.doubts = Counting("doubts", house.world.users.doubts, counts)
    counting: Any = {name: Counting(name, getattr(services, name), counts) for name in COUNTED}
    small = {name: Counting(name, getattr(services.operations, name), counts) for name in COUNTED_OPERATIONS}
    house.console.services = replace(services, operations=replace(services.operations, **small), **counting)
    house.console.thumbnails = type(house.console.thumbnails)(
        house.console.thumbnails._folder, 10_000_000, counting["buckets"]
    )
    return counts


SESSION = {"users.session": 1, "users.user": 1}
OPEN = {"batches.open_of": 1}
MASK = {"verdicts.asked_many": 1} | OPEN
NOTED = MASK | {"users.mark_new": 1}
COUNTED_WITHOUT = {"graph.query": 1, "verdicts.asked_since": 1} | OPEN
"""For a reviewer who is asked about nothing: that it is so."""

IMAGE = {"images.get": 1, "ledger.get": 3}

PAGES = {
    "/day": (f"/day?day={DAY}", {"images.by_days": 1}, NOTED),
    "/day of a label": (f"/day?day={DAY}&label=Person", {"images.by_days": 1}, NOTED),
    "/new": ("/new", {"users.look": 1, "images.feed": 8, "images.get_many": 1}, NOTED),
    "/calendar": ("/calendar?month=2026-11", {"rollups.between": 1, "users.look": 1, "images.feed": 4}, {}),
    "/day of near misses": (f"/day?day={DAY}&only=near", {"images.by_days": 1}, {}),
    "/new of a camera": ("/new?camera=gate", {"users.look": 1, "images.feed": 8, "images.get_many": 1}, NOTED),
    "/image": (f"/image?id={URI}", IMAGE | {"verdicts.of_image": 1, "users.mark": 1}, MASK),
    "/search": ("/search?label=Person", {"graph.query": 1, "images.get_many": 1}, NOTED),
    "/heat": ("/heat", {}, COUNTED_WITHOUT),
    "/heat.png": ("/heat.png", {}, COUNTED_WITHOUT),
    "/confidence": ("/confidence?label=Plant", {}, COUNTED_WITHOUT),
    "/months": ("/months?before=2026-11&after=2026-11", {}, COUNTED_WITHOUT),
    "/months to come": ("/months?after=2090-01", {}, COUNTED_WITHOUT | {"graph.query": 2}),
    "/me": ("/me", {"users.tokens": 1}, {}),
    "/api/v1/image": (f"/api/v1/image?id={URI}", IMAGE | {"users.mark": 1}, MASK),
    "/api/v1/images": (f"/api/v1/images?day={DAY}&label=Person", {"images.by_days": 1}, NOTED),
    "/api/v1/images by label": (
        "/api/v1/images?label=Person",
        {"graph.query": 1, "images.get_many": 1},
        NOTED,
    ),
    "/api/v1/verdicts": (f"/api/v1/verdicts?id={URI}", {"images.get": 1, "verdicts.of_image": 1}, MASK),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_no_more_than_it_must(house, counts, name):
    path, asked, of_reviewers = PAGES[name]
    house.add("both", [Role.OWNER, Role.REVIEWER])
    for user, expected in (("owner", asked), ("both", asked | of_reviewers)):
        house.client(user).get(path)  # notes whose answers a reviewer has seen, once
        client = house.client(user)
        counts.clear()
        assert 200 == client.get(path).status_code
        assert SESSION | expected == counts, user
        counts.clear()
        client.get(path)
        assert expected == counts, "who asks is read once in ten seconds"


@pytest.mark.parametrize(("path", "name"), [("/heat", "label-by-time"), ("/confidence", "label-by-confidence")])
def test_where_nothing_is_counted_the_last_picture_takes_one_query_more(house, counts, path, name):
    house.world.graph.answers[name] = []
    client = house.client("owner")
    client.get("/me")
    counts.clear()
    assert "The last one" in client.get(path).text
    assert {"graph.query": 2, "images.get_many": 1} == {
        name: number for name, number in counts.items() if name in {"graph.query", "images.get_many"}
    }


def test_how_often_a_confidence_is_right_is_read_for_owners_alone(house, counts):
    for user, reads in (("owner", 1), ("all", 0)):
        client = house.client(user)
        counts.clear()
        client.get("/confidence")
        assert reads == counts["rollups.newest_first"], user


OF_OPERATORS = {
    "/status": {},
    "/status.json": {},
    "/dead": {},
    "/dead?error=NotAnImage": {"dead_letters.walk": 1},
    "/dead/confirm?error=NotAnImage&act=redrive&whole=1": {"dead_letters.walk": 1},
    "/cost": {"usage.calls_by_day": 1},
    "/rates": {"limiter.rates": 1},
    "/people": {"users.users": 1, "users.acts": 1},
    "/people/user?name=owner": {"users.user": 1, "users.tokens": 1},
    "/log": {"users.acts": 1},
    "/api/v1/status": {},
    "/api/v1/dead-letters": {"dead_letters.walk": 1},
    "/api/v1/cost": {"usage.calls_by_day": 1},
    "/api/v1/rates": {"limiter.rates": 1},
}


def test_a_page_of_operators_asks_no_more_than_it_must(house, counts):
    client = house.client("operator")
    house.console.status.read(whole=True)
    client.get("/dead")  # reads the numbers, once a minute
    for path, expected in OF_OPERATORS.items():
        counts.clear()
        assert 200 == client.get(path).status_code
        assert expected == counts, path


COMPARED = {"comparisons.get": 1}


@pytest.mark.parametrize("budget", ["", "compare 1 USD/day"])
def test_a_comparison_asks_no_more_than_it_must_and_what_is_paid_for_no_account(tmp_path, budget):
    policy = PeoplePolicy("who left the gate open", "consent", 30, ("yard",))
    house = build(tmp_path, world=FakeSightline(people_policy=policy, budget=budget))
    house.analyse()
    counts, account = counted(house), {"budget_accounts.read": 1} if budget else {}
    client, asked = house.client("operator"), {"source": URI, "target": URI}
    client.get("/me")
    counts.clear()
    name = client.post("/api/v1/comparisons", json=asked, headers=FROM_HERE).json()["id"]
    assert {"images.get": 2, "users.note": 2, "comparisons.ask": 1} | COMPARED | account == counts
    counts.clear()
    client.get(f"/api/v1/comparisons/{name}")
    assert {"comparisons.request": 1} | COMPARED | account == counts
    house.world.run()
    counts.clear()
    client.get(f"/api/v1/comparisons/{name}")
    assert COMPARED == counts


MAY_BE_ASKED = Counter({"people.all": 1, "images.get_many": 1} | MASK)
"""Of candidates: who is known now, their images, and what the review asks about."""

CANDIDATE = MAY_BE_ASKED + Counter({"people.candidate": 1})
ONES_AFTER = MAY_BE_ASKED + Counter({"people.waiting": 1})


def test_a_candidate_asks_no_more_than_it_must(tmp_path):
    policy = PeoplePolicy(POLICY.purpose, "consent", 30, ("yard",))
    house = build(tmp_path, world=FakeSightline(people_policy=policy, known_people=KnownPeople(policy, 99.0)))
    counts = counted(house)
    know(house)
    for second in range(4):
        keep(house, uri_of(f"0{second}"))
    first, other = house.world.operations.people.waiting(None, 2)
    client = house.client("reviewer")
    place = f"/review/people/{first.candidate_id}"
    client.get(place)  # makes the small picture, and notes what was seen
    said = {"answer": "yes", "content": first.content}
    for ask, expected in (
        (lambda: client.get(place), CANDIDATE + ONES_AFTER + Counter({"users.mark_new": 1})),
        (lambda: client.get(f"/look/people/{first.candidate_id}/1280"), CANDIDATE),
        (lambda: client.get(f"/look/people/{first.candidate_id}/face"), CANDIDATE + Counter({"buckets.get": 1})),
        (lambda: client.get("/review/people"), ONES_AFTER),
        (
            lambda: client.post(place, params=said, headers=FROM_HERE),
            CANDIDATE + ONES_AFTER + Counter({"people.say": 1}),
        ),
        (lambda: client.get("/review/people/said"), MAY_BE_ASKED + Counter({"people.said_by": 1})),
        (lambda: client.get("/api/v1/candidates"), ONES_AFTER + Counter({"users.mark_new": 1})),
        (
            lambda: client.post(f"/api/v1/candidates/{other.candidate_id}", json={"answer": "no"}, headers=FROM_HERE),
            CANDIDATE + Counter({"people.say": 1}),
        ),
    ):
        counts.clear()
        assert ask().status_code in {200, 303}
        assert expected == counts


OFTEN_READ = {
    "queues.read": 1,
    "queues.memory": 1,
    "limiter.rates": 1,
    "pauses.stops": 1,
    "bucket_refusals.read": 1,
    "runs.last": 1,
}


def test_the_status_reads_often_only_what_costs_little(house, counts):
    client = house.client("operator")
    house.console.status.read(whole=True)
    client.get("/status")
    house.world.clock.move(timedelta(seconds=10))
    counts.clear()
    client.get("/status")
    assert SESSION | OFTEN_READ == counts
    house.world.clock.move(timedelta(seconds=60))
    counts.clear()
    client.get("/status")
    of_a_minute = {"usage.calls": 2, "usage.calls_by_day": 1, "capture_counts.of_month": 1}
    assert SESSION | OFTEN_READ | of_a_minute == counts


def test_the_mask_reads_the_verdicts_only_of_what_the_review_has_asked_about(house, counts):
    house.ask(uri_of("03"))
    house.ask(uri_of("04"), content="of bytes that were overwritten")
    client = house.client("all")
    counts.clear()
    assert "1 in review" in client.get(f"/day?day={DAY}").text
    assert (1, 1) == (counts["verdicts.asked_many"], counts["verdicts.of_label"])


@pytest.mark.parametrize(("path", "queries"), [("/heat", 2), ("/heat?weeks=12", 2), ("/months?after=2090-01", 4)])
def test_to_count_without_what_is_asked_takes_as_many_requests_whatever_is_counted(house, counts, path, queries):
    """Which of the images that are asked about are among those counted, and what the review still asks about these."""
    asked = [uri_of(f"{second:02}") for second in range(6)]
    for uri in asked:
        house.ask(uri)
        said = Said(uri, "Person", "reviewer", Answer.PRESENT, house.world.clock.now, None, Source.SAMPLED)
        house.world.verdicts.write(verdict_of(said, judge_of(house.world.services)))
    drawn = [uri for uri in asked if is_drawn(house.world.services.accuracy.salt, "Person", uri)]
    house.world.graph.answers["images-between"] = [{"image_id": uri} for uri in drawn]
    client = house.client("all")
    client.get(path)  # reads what was asked and said, once in five minutes
    counts.clear()
    client.get(path)
    looked_at = {"verdicts.asked_many": 1, "verdicts.of_reviewers": 1, "images.get_many": 1}
    assert {"graph.query": queries, "verdicts.asked_since": 1} | OPEN | looked_at == counts


def test_after_a_long_absence_the_feed_is_read_for_its_last_days_alone(house, counts):
    house.world.users.keep_look("owner", Look(position_at(house.world.clock.now - timedelta(days=400))), None)
    counts.clear()
    assert "more than 8 days ago" in house.client("owner").get("/new").text
    assert 4 * (8 + 1) == counts["images.feed"]


def test_a_picture_is_read_from_its_bucket_once(house, counts):
    sha256 = house.world.images.get(URI).content.sha256
    address, client = house.console.signer.picture(320, sha256, URI), house.client("owner")
    counts.clear()
    for _ in range(3):
        assert 200 == client.get(address).status_code
    assert SESSION | {"buckets.get": 1} == counts


def test_what_asks_nobody_asks_no_store(house, counts):
    for path in ("/healthz", "/login", "/static/console.css", "/nothing"):
        house.client().get(path)
    assert {} == counts


PICTURE = {"batches.get": 1}
VERDICT = {"images.get": 1, "verdicts.of_label": 2, "verdicts.write": 1, "batches.answer": 1, "batches.get": 2}
BATCH = {
    "rollups.between": 2,
    "batches.open_of": 1,
    "batches.held": 1,
    "batches.hold": 1,
    "batches.begin": 1,
    "verdicts.ask": 1,
    "images.get_many": 1,
    "users.marks": 1,
}


def test_a_review_asks_no_more_than_it_must(house, counts):
    client = house.client("reviewer")
    client.get("/me")
    counts.clear()
    place = client.post("/review", data={"label": "Person"}, headers=FROM_HERE).headers["location"]
    of_days = {name: number for name, number in counts.items() if name in {"images.by_day", "verdicts.of_day"}}
    assert BATCH == counts - Counter(of_days)
    number = place.rsplit("/", 1)[1]
    batch = house.world.users.batches.newest("reviewer", 1)[0]
    client.get(place)  # makes the small picture
    said = {"answer": "absent", "content": batch.picture(int(number)).content}
    for ask, expected in (
        (lambda: client.get(place), PICTURE),
        (lambda: client.get(f"/look{place.removeprefix('/review')}/1280"), PICTURE),
        (lambda: client.post(place, params=said, headers=FROM_HERE), VERDICT),
        (lambda: client.get(f"/review/{batch.batch_id}/done"), PICTURE),
    ):
        counts.clear()
        assert ask().status_code in {200, 303}
        assert expected == counts
    client.post(f"/review/{batch.batch_id}/done", headers=FROM_HERE)
    counts.clear()
    assert 303 == client.post(f"{place}/doubt", headers=FROM_HERE).status_code
    assert PICTURE | {"doubts.keep": 1, "batches.doubt": 1} == counts


def test_doubts_are_read_once_a_minute_and_only_where_the_review_has_asked(house, counts):
    client = house.client("all")
    client.get(f"/day?day={DAY}")
    assert 0 == counts["doubts.of"]
    house.ask(uri_of("03"))
    for _ in range(2):
        client.get(f"/day?day={DAY}")
        assert 1 == counts["doubts.of"]
