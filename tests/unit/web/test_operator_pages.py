"""Cost, rates, people and the log: what operators see and change, and what the log says of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.services.need import Ask, Need
from sightline.services.need_estimate import NAME
from sightline.services.users import COMMAND_LINE, note_act
from sightline.storage.users.protocol import Role
from sightline.testing.fake import FakeSightline, uri_of
from sightline.web.acts import Acting, without_end
from sightline.web.visitors import Visitor
from tests.unit.web.house import FROM_HERE, PASSWORDS, build

HOSTILE = ["<script>alert(1)</script>", "{{7*7}}", '"onmouseover=alert(1) x="']
LABELS = "DetectLabels"


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def acts(house, number=2):
    return [(act.what, act.on, act.user) for act in house.world.users.acts(limit=number)]


def count(house, day, micro_usd, unknown=0):
    counts = {("labels", "cost_micro_usd"): micro_usd}
    house.world.operations.usage.count(day, counts | ({("faces", "unknown"): unknown} if unknown else {}))


@pytest.mark.parametrize("page", ["/dead", "/cost", "/rates", "/log", "/status", "/status.json", "/people"])
def test_pages_of_operators_are_refused_to_reviewers_and_owners(house, page):
    for who in ("reviewer", "owner"):
        assert 403 == house.client(who).get(page).status_code


def test_cost_is_a_range_where_calls_ended_unknown(house):
    today = house.world.clock.now.date()
    count(house, f"{today:%Y-%m}-01", 1_500_000)
    count(house, today.isoformat(), 2_000_000, unknown=2)
    page = house.client("operator").get("/cost")
    said = text_of(page)
    assert "This month 3.50 USD" in said  # a fifth of a cent more at most
    assert "faces 0.00 to 0.0020 0.00 to 0.0020 labels 2.00 3.50" in said
    assert "2 calls of this month ended unknown" in said
    assert 2 * 2 * 28 == page.text.count("<polygon"), "for wide screens and for narrow ones"
    told = house.client("operator").get("/api/v1/cost").json()
    assert {"usd": 0.0, "usd_at_most": 0.002} == told["today"]["faces"]
    assert {"usd": 3.5, "usd_at_most": 3.5} == told["month"]["labels"]
    assert 2 == told["unknown_calls"]
    assert told["forecast"]["usd"] >= 3.5


def test_cost_says_when_each_cap_is_reached(tmp_path):
    house = build(tmp_path, world=FakeSightline(budget="0.004 USD/day, 0.05 USD/month"))
    house.world.clock.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for second in range(7):
        house.analyse(uri_of(f"{second:02}"))
        house.world.clock.move(timedelta(days=1))
    client = house.client("operator")
    said = text_of(client.get("/cost"))
    assert "all 0.05 USD/month 0.02 42 % expected on 17 Nov (17 Nov to 17 Nov)" in said
    assert "all 0.004 USD/day 0.00 0 % not reached this month" in said
    told = client.get("/api/v1/cost").json()["caps"]["all 0.05 USD/month"]
    assert ("2026-11-17", 0, 0.021) == (told["expected_on"], told["alarm_percent"], told["taken_usd"])


def test_cost_says_what_paying_by_need_saved_and_missed(house):
    client, services = house.client("operator"), house.console.services
    assert "need" not in text_of(client.get("/cost"))
    plan = replace(services.plan, need=Need(asks={"faces": Ask(labels={"Person": 50})}))
    house.console.services = replace(services, plan=plan)
    assert "not known yet: it is worked out every six hours" in text_of(client.get("/cost"))
    facts = {"images": 4100, "saved_usd": 4.1, "compared": 90, "missed": 3.2, "missed_low": 0.0, "missed_high": 9.0}
    kept = {"first_day": "2026-11-01", "last_day": "2026-11-28", "features": {"faces": {**facts, "reason": None}}}
    services.operations.checkpoints.keep(NAME, kept, timedelta(days=1))
    said = text_of(client.get("/cost"))
    assert "faces 4,100 4.10 3 (0 to 9)" in said
    assert "Captured 2026-11-01 to 2026-11-28" in said
    assert facts | {"reason": None} == client.get("/api/v1/cost").json()["by_need"]["faces"]


def test_before_any_call_cost_says_so(house):
    said = text_of(house.client("operator").get("/cost"))
    assert "nothing was called this month" in said
    assert "known after the first whole day" in said


def test_a_rate_is_set_for_all_with_its_reason_and_reset(house):
    client = house.client("operator")
    form = {"operation": LABELS, "per_second": "12.5", "because": "another application"}
    done = client.post("/rates", data=form, headers=FROM_HERE)
    assert f"{LABELS} is changed" in text_of(client.get(done.headers["location"]))
    rate = house.world.limiter.rates()[LABELS]
    assert (12.5, True) == (rate.quota, "another application (operator)" in rate.reason)
    assert [("rate set", LABELS, "operator"), ("set rate", LABELS, "operator")] == acts(house)
    assert "quota of 12.5" in text_of(client.get("/rates"))
    client.post("/rates/reset", data={"operation": LABELS}, headers=FROM_HERE)
    assert 50.0 == house.world.limiter.rates()[LABELS].quota
    assert [("rate reset", LABELS, "operator"), ("reset rate", LABELS, "operator")] == acts(house)


@pytest.mark.parametrize(
    "wrong",
    [
        {"operation": "Nothing"},
        {"per_second": "0"},
        {"per_second": "-1"},
        {"per_second": "nan"},
        {"per_second": "inf"},
        {"per_second": "99999999"},
        {"per_second": ""},
        {"because": " "},
        {"because": "x" * 201},
    ],
)
def test_a_rate_that_cannot_be_changes_nothing(house, wrong):
    form = {"operation": LABELS, "per_second": "5", "because": "why"} | wrong
    assert 422 == house.client("operator").post("/rates", data=form, headers=FROM_HERE).status_code
    assert {50.0} == {each.quota for each in house.world.limiter.rates().values()}
    assert [] == acts(house)


def test_the_api_sets_rates_and_closes_dead_letters(house):
    header, client = house.token("operator", Role.OPERATOR), house.client()
    new = {"operation": LABELS, "per_second": 5, "because": "why"}
    told = client.post("/api/v1/rates", json=new, headers=header).json()["rates"]
    assert [5.0] == [each["quota"] for each in told if each["operation"] == LABELS]
    problem = client.post("/api/v1/rates", json=new | {"operation": "x"}, headers=header)
    assert (422, "application/problem+json") == (problem.status_code, problem.headers["content-type"])
    reset = client.post("/api/v1/rates", json={"operation": LABELS, "per_second": None}, headers=header).json()
    assert {50.0} == {each["quota"] for each in reset["rates"]}
    house.world.put("s3://frames/yard/1.jpg", b"no picture")
    house.world.add("s3://frames/yard/1.jpg")
    house.world.run()
    (letter,) = client.get("/api/v1/dead-letters", headers=header).json()["dead_letters"]
    closing = {"ids": [letter["id"], "NotAnImage#nothing"], "reason": "test"}
    assert {"closed": 1, "unknown": 1} == client.post("/api/v1/dead-letters/close", json=closing, headers=header).json()
    for params, number in (({}, 0), ({"closed": True}, 1), ({"closed": True, "error": "EmptyImage"}, 0)):
        listed = client.get("/api/v1/dead-letters", params=params, headers=header).json()["dead_letters"]
        assert number == len(listed)


def test_a_user_is_added_with_a_password_that_is_shown_once(house):
    client = house.client("operator")
    page = client.post("/people", data={"name": " ann ", "roles": ["owner", "reviewer"]}, headers=FROM_HERE)
    (password,) = re.findall(r'class="token">([^<]+)<', page.text)
    user = house.world.users.user("ann")
    assert PASSWORDS.match(user.password_hash, password)
    assert {Role.OWNER, Role.REVIEWER} == user.roles
    assert [("user added", "ann", "operator"), ("add user", "ann", "operator")] == acts(house)
    assert password not in client.get("/people/user", params={"name": "ann"}).text
    assert password not in str(house.world.users.acts())
    assert "ann owner, reviewer" in text_of(client.get("/people"))


def test_another_password_ends_the_sessions(house):
    theirs, client = house.client("owner"), house.client("operator")
    assert 200 == theirs.get("/me").status_code
    page = client.post("/people/password", data={"name": "owner"}, headers=FROM_HERE)
    (password,) = re.findall(r'class="token">([^<]+)<', page.text)
    assert 303 == theirs.get("/me").status_code
    signed_in = house.client().post("/login", data={"name": "owner", "password": password}, headers=FROM_HERE)
    assert "/" == signed_in.headers["location"]
    assert "owner owner 2044-05-17 12:00:00 UTC 2044-05-17 12:00:00 UTC" in text_of(client.get("/people"))


def test_to_sign_out_everywhere_ends_sessions_and_withdraws_tokens(house):
    theirs, header = house.client("owner"), house.token("owner", Role.OWNER)
    assert 200 == theirs.get("/me").status_code
    house.client("operator").post("/people/sign-out", data={"name": "owner"}, headers=FROM_HERE)
    assert 303 == theirs.get("/me").status_code
    assert 401 == house.client().get("/api/v1/cameras", headers=header).status_code
    assert [("sessions ended", "owner", "operator"), ("end sessions", "owner", "operator")] == acts(house)


def test_roles_are_given_and_taken_at_once(house):
    theirs, client = house.client("owner"), house.client("operator")
    assert 403 == theirs.get("/status").status_code
    client.post("/people/roles", data={"name": "owner", "roles": "operator"}, headers=FROM_HERE)
    assert (200, 403) == (theirs.get("/status").status_code, theirs.get("/day").status_code)
    assert ("roles set", "owner", "operator") == acts(house)[0]
    details = house.world.users.acts(limit=1)[0].details
    assert (["owner"], ["operator"]) == (details["before"], details["after"])


def test_nobody_shuts_themselves_out(house):
    client = house.client("operator")
    for path, form in (
        ("/people/roles", {"name": "operator", "roles": "owner"}),
        ("/people/roles", {"name": "operator"}),
        ("/people/remove", {"name": "operator", "again": "operator"}),
    ):
        assert 403 == client.post(path, data=form, headers=FROM_HERE).status_code
    assert {Role.OPERATOR} == house.world.users.user("operator").roles


def test_a_user_is_removed_only_if_the_name_is_typed_again(house):
    client = house.client("operator")
    assert 422 == client.post("/people/remove", data={"name": "owner", "again": "x"}, headers=FROM_HERE).status_code
    assert house.world.users.user("owner")
    assert 303 == client.post("/people/remove", data={"name": "owner", "again": "owner"}, headers=FROM_HERE).status_code
    assert house.world.users.user("owner") is None
    assert ("user removed", "owner", "operator") == acts(house)[0]


@pytest.mark.parametrize("path", ["/people/roles", "/people/password", "/people/sign-out", "/people/remove"])
def test_a_user_who_is_not_there_is_told(house, path):
    form = {"name": "nobody", "again": "nobody", "roles": "owner"}
    answer = house.client("operator").post(path, data=form, headers=FROM_HERE)
    assert 422 == answer.status_code
    assert "There must be a user of this name" in answer.text
    assert "Choose one of those that are listed under People" in answer.text


def test_a_user_of_a_known_name_or_without_a_role_is_told_what_to_do_on_the_page(house):
    client = house.client("operator")
    taken = client.post("/people", data={"name": "owner", "roles": "owner"}, headers=FROM_HERE).text
    assert "Choose another name, or draw another password for the user who has it, under People" in taken
    assert "Give some of " in client.post("/people", data={"name": "ann"}, headers=FROM_HERE).text


def test_the_log_is_read_page_by_page_the_newest_first(house):
    client, world = house.client("operator"), house.world
    for number in range(120):
        note_act("ann", "rate reset", LABELS, {"number": number}, users=world.users, clock=world.clock)
        world.clock.move(timedelta(milliseconds=1))
    first = client.get("/log")
    assert 100 == first.text.count('<td data-name="when">')
    (address,) = re.findall(r'rel="next"[^>]* href="([^"]+)"', first.text)
    assert 20 == client.get(address.replace("&amp;", "&")).text.count('<td data-name="when">')
    assert "ann rate reset DetectLabels number 119" in text_of(first)


def test_the_log_says_that_what_was_refused_was_tried(house):
    client = house.client("operator")
    refused = {"name": "ann"}, {"name": "owner", "roles": ["owner"]}
    for form in refused:
        assert 422 == client.post("/people", data=form, headers=FROM_HERE).status_code
    client.post("/people", data={"name": "ann", "roles": ["owner"]}, headers=FROM_HERE)
    said = text_of(client.get("/log"))
    assert [
        ("user added", "ann"),
        ("add user", "ann"),
        ("tried to add user", "owner"),
        ("tried to add user", "ann"),
    ] == (re.findall(r"(user added|(?:tried to )?add user) (ann|owner) ", said))
    assert "it was refused, it broke off, or it goes on" in said


def test_what_is_noted_once_it_is_done_was_not_only_tried(house):
    world = house.world
    for user, what in ((COMMAND_LINE, "add user"), ("ann", "set password"), ("ann", "sign out")):
        note_act(user, what, "ann", users=world.users, clock=world.clock)
        world.clock.move(timedelta(milliseconds=1))
    assert frozenset() == without_end(world.users.acts())


def test_of_two_acts_at_once_the_one_that_was_refused_was_tried(house):
    visitor = Visitor("ann", frozenset({Role.OPERATOR}), is_reviewer=False)
    first, second = (Acting("set rate", LABELS, visitor, house.console) for _ in range(2))
    for note in (first.begin, second.begin, first.end):
        note({"per_second": 2})
        house.world.clock.move(timedelta(milliseconds=1))
    ended, refused, begun = house.world.users.acts(limit=3)
    assert {refused.act_id} == without_end([ended, refused, begun])
    assert ended.details == begun.details != refused.details
    said = text_of(house.client("operator").get("/log"))
    assert 3 == said.count(f"{LABELS} per second 2 ")
    assert str(begun.details["act"]) not in said


def test_an_end_on_the_page_before_is_the_end_of_what_was_begun_on_this_one(house):
    world = house.world

    def note(what, on):
        note_act("ann", what, on, users=world.users, clock=world.clock)
        world.clock.move(timedelta(milliseconds=1))

    for what in ("add user", "add user", "user added"):
        note(what, "bob")
    for number in range(99):
        note("sign in", str(number))
    first = house.client("operator").get("/log")
    (address,) = re.findall(r'rel="next"[^>]* href="([^"]+)"', first.text)
    rows = re.findall(
        r'data-name="what"><bdi>([^<]*)', house.client("operator").get(address.replace("&amp;", "&")).text
    )
    assert (100, ["add user", "tried to add user"]) == (first.text.count('data-name="when"'), rows)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text(house, name):
    client = house.client("operator")
    form = {"operation": LABELS, "per_second": "5", "because": name}
    assert 303 == client.post("/rates", data=form, headers=FROM_HERE).status_code
    house.add(name.replace("#", ""), [Role.OWNER])
    for path in ("/rates", "/log", "/people", "/status"):
        page = client.get(path)
        assert 200 == page.status_code
        assert "<script>alert" not in page.text
        assert '"onmouseover' not in page.text
        assert ">49<" not in page.text
    assert 200 == client.get("/people/user", params={"name": name}).status_code
