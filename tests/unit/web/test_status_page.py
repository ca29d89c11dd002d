"""The status: what is wrong first, what is away by name, each section read once in its period, and stops let go on."""

import re
from dataclasses import fields, replace
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import sightline.web
from sightline.errors import Unavailable
from sightline.models.bucket_refusals import Reader
from sightline.models.images import Lane
from sightline.queues.redis import Memory, Waiting
from sightline.queues.steps import lane_queue
from sightline.ratelimit.protocol import Funds
from sightline.services import sweep
from sightline.services.rejection_breaker import Group, close
from sightline.storage.operations import Operations
from sightline.storage.pauses import Cause, Stop
from sightline.storage.runs import LastRun
from sightline.storage.users.protocol import Role
from sightline.testing.fake import FakeSightline, uri_of
from sightline.web.status_reader import PERIODS, StatusReader
from tests.unit.web.house import FROM_HERE, build

SCRIPT = "<script>alert(1)</script>"
INGEST = lane_queue("ingest", Lane.LIVE)


class Away:
    """A store that is away."""

    def __getattr__(self, name):
        raise Unavailable("Neo4j")


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def viewed(house):
    return house.client("operator").get("/status.json").json()


def stop(house, cause, camera=None, reason="half of the images were refused"):
    stopped = Stop(INGEST, cause, reason, house.world.clock.now, None, camera)
    house.world.operations.pauses.stop(stopped)
    return stopped.stop_id


def test_the_page_leads_to_flower_and_grafana_where_their_addresses_are_set(looked_at):
    client = looked_at.client("operator")
    assert "More:" not in text_of(client.get("/status"))
    pages = {"Flower": "http://localhost:5555", "Grafana": "https://grafana.example/d/1?a=1&b=2"}
    looked_at.console.options = replace(looked_at.console.options, other_pages=pages)
    assert pages == {
        name: address.replace("&amp;", "&")
        for address, name in re.findall(r'<a href="(http[^"]+)">(\w+)</a>', client.get("/status").text)
    }


def test_if_nothing_is_wrong_the_page_says_so_and_shows_every_section(looked_at):
    looked_at.world.operations.runs.note(
        LastRun("reconcile_images", looked_at.world.clock.now, timedelta(seconds=1), {})
    )
    page = looked_at.client("operator").get("/status")
    assert "All is well." in text_of(page)
    assert [*PERIODS] == sorted(re.findall(r'data-part="(\w+)"', page.text), key=[*PERIODS].index)
    assert "1 in all" in text_of(page)
    assert 'data-name="complete"><bdi>1</bdi>' in page.text


def test_no_heading_says_again_what_stands_above_it_and_no_option_of_the_command_line_is_named(looked_at):
    looked_at.world.images.count = lambda: (5, timedelta(hours=6))
    html = looked_at.client("operator").get("/status").text
    assert ("--exact" in html, "5 in all (complete and total: up to 6 h old)" in html) == (False, True)
    sections = re.findall(r'<section class="card(.*?)" data-part="(\w+)"(.*?)</section>', html, re.DOTALL)
    assert len(PERIODS) == len(sections)
    for kind, name, inside in sections:
        headings = [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<h3>(.*?)</h3>", inside)]
        assert not [each for each in headings if each.startswith(name.replace("_", " "))], name
        assert (
            ("quiet" in kind) == ("nothing to tell" in inside) == ("<h3>" not in inside and "<table" not in inside)
        ), name
    assert "0.0 s ago" not in html


def test_a_page_that_was_opened_before_an_update_writes_no_undefined(looked_at):
    tables = [table for part in viewed(looked_at)["parts"] for table in part["tables"]]
    assert tables
    assert {""} == {table["empty"] for table in tables}


def test_no_browser_presses_what_is_hidden_by_its_style():
    script = (Path(sightline.web.__file__).parent / "static" / "console.js").read_text()
    assert "{ visibilityProperty: true, checkVisibilityCSS: true }" in script


def test_what_is_wrong_stands_first_with_what_to_do(house):
    world = house.world
    stop(house, Cause.CAMERA, "yard")
    stop(house, Cause.REFUSED, reason="no rights")
    world.queues.now = {
        INGEST: Waiting(3, world.clock.now - timedelta(minutes=11)),
        "ingest.backfill": Waiting(3, None),
    }
    world.queues.memory_now = Memory("allkeys-lru", 1, 1, 7)
    for _ in range(6):
        world.limiter.throttled("DetectText")
        world.clock.move(timedelta(seconds=2))
    world.put(uri_of("01", "gate"), b"no picture")
    world.add(uri_of("01", "gate"))
    world.run()
    refusal = world.operations.bucket_refusals.get("frames", Reader.S3)
    world.operations.bucket_refusals.replace(replace(refusal, letters={"s3://frames/": "AccessDenied"}))
    world.operations.runs.note(LastRun(sweep.NAME, world.clock.now - timedelta(hours=1), timedelta(), {}))
    told = [each["what"] for each in viewed(house)["alarms"]]
    expected = [
        "yard is stopped: half of the images were refused",
        f"{INGEST} is stopped: no rights",
        "s3://frames/ refuses its images (s3)",
        f"The next message of {INGEST} has waited for 11 min",
        "Redis drops keys, so messages may be lost",
        "Rekognition throttles DetectText",
        "Overdue: ",
        "1 input was refused",
    ]
    assert expected == [each[: len(part)] for each, part in zip_longest(told, expected, fillvalue="")]
    assert "8 things are wrong." in text_of(house.client("operator").get("/status"))
    assert ["/status/resume?stop=camera%23ingest%23yard", None] == [e["address"] for e in viewed(house)["alarms"][:2]]


@pytest.mark.parametrize(
    ("calls", "told", "remedy"), [(2, [], ""), (3, ["50"], "See what was billed"), (5, ["100"], "SIGHTLINE_BUDGET")]
)
def test_a_share_of_a_cap_that_is_reached_is_an_alarm_with_the_page_of_costs(tmp_path, calls, told, remedy):
    house = build(tmp_path, world=FakeSightline(budget="labels 0.005 USD/month"))
    treasury: Any = house.world.treasury
    for _ in range(calls):
        treasury.take(treasury.charge("labels", Lane.LIVE), Funds(0), 1, 0)
    alarms = [each for each in viewed(house)["alarms"] if "of the cap labels 0.005 USD/month" in each["what"]]
    assert told == [each["what"].split()[0] for each in alarms]
    assert all(each["address"] == "/cost" and remedy in each["remedy"] for each in alarms)


def test_a_server_that_is_away_is_named_and_the_rest_is_there(looked_at):
    looked_at.console.services = replace(looked_at.console.services, graph=Away())
    page = text_of(looked_at.client("operator").get("/status"))
    assert "Not known: graph Neo4j: the server is down" in page
    assert "1 in all" in page


def test_without_any_server_the_page_still_answers(looked_at):
    stores = ("images", "ledger", "graph", "limiter", "queues", "rollups", "video_jobs")
    away = dict.fromkeys(stores, Away())
    operations = Operations(**{each.name: Away() for each in fields(Operations)})  # type: ignore[arg-type]
    looked_at.console.services = replace(looked_at.console.services, operations=operations, **away)
    told = viewed(looked_at)
    assert 1 == len(told["alarms"])
    unknown = [each["name"] for each in told["parts"] if "not known" not in each["told"]]
    assert ["budget", "candidates"] == unknown  # they are off, whatever server is away


def test_a_server_that_hangs_does_not_hold_the_page_up(looked_at):
    console, answers = looked_at.console, Event()

    def hang():
        answers.wait(10)
        return {"open": 0, "by_error": {}, "first": []}

    sections = {"queues": lambda: {"waiting": {}, "unacknowledged": 0}, "dead_letters": hang}
    console.status = StatusReader(lambda: sections, looked_at.world.clock, console.reads, timedelta(seconds=0.05))
    assert "still being read: dead letters" in viewed(looked_at)["sentence"]
    answers.set()
    console.status.read(whole=True)
    assert "All is well." == viewed(looked_at)["sentence"]


def test_what_was_read_before_a_change_here_is_not_shown_after_it(looked_at):
    console, states, begun, goes_on = looked_at.console, ["stopped"], Event(), Event()

    def stopped():
        state = states[-1]
        begun.set()
        assert goes_on.wait(60)
        return {"state": state}  # what it was when reading began

    console.status = StatusReader(lambda: {"stopped": stopped}, looked_at.world.clock, console.reads)
    before = console.reads.submit(console.status.read, whole=True)
    assert begun.wait(60)
    states.append("going on")
    console.status.forget("stopped")
    goes_on.set()
    read = before.result(60)["stopped"], console.status.read(whole=True)["stopped"]
    assert [{"state": "going on"}] * 2 == [each.section for each in read]


def test_what_is_not_a_servers_error_is_raised(looked_at):
    console = looked_at.console

    def fail():
        raise ZeroDivisionError

    console.status = StatusReader(lambda: {"queues": fail}, looked_at.world.clock, console.reads)
    with pytest.raises(ZeroDivisionError):
        console.status.read()


def test_a_section_is_read_again_when_its_period_has_passed(looked_at):
    header, client = looked_at.token("operator", Role.OPERATOR), looked_at.client()
    first = client.get("/api/v1/status", headers=header).json()
    assert 1 == first["sections"]["images"]["complete"]
    looked_at.analyse(uri_of("02"))
    assert first == client.get("/api/v1/status", headers=header).json()
    looked_at.world.clock.move(PERIODS["queues"])
    second = client.get("/api/v1/status", headers=header).json()
    assert 1 == second["sections"]["images"]["complete"]
    assert first["read_at"]["images"] == second["as_of"] < second["read_at"]["queues"]
    looked_at.world.clock.move(PERIODS["images"])
    assert 2 == client.get("/api/v1/status", headers=header).json()["sections"]["images"]["complete"]


def test_a_console_that_was_just_opened_says_that_no_task_was_due_yet_and_later_that_they_are_overdue(looked_at):
    told = [each["what"] for each in viewed(looked_at)["alarms"]]
    said = text_of(looked_at.client("operator").get("/status"))
    for name, when in (
        ("sync_graph", "every 5 min"),
        ("roll_up_days", "every hour"),
        ("purge_graph", "daily at 05:10 UTC"),
    ):
        assert f"{name} not run yet – runs {when}" in said
    assert "never" not in said
    looked_at.world.clock.move(timedelta(minutes=4))
    later = [each["what"] for each in viewed(looked_at)["alarms"]]
    assert ([], 1) == (told, sum(each.startswith("Overdue: ") for each in later))


def test_a_server_that_was_away_is_asked_again_soon(looked_at):
    services = looked_at.console.services
    looked_at.console.services = replace(services, graph=Away())
    assert 1 == len(viewed(looked_at)["alarms"]) - ("Overdue" in str(viewed(looked_at)))
    looked_at.console.services = services
    looked_at.world.clock.move(PERIODS["queues"])
    assert "Not known" not in str(viewed(looked_at)["alarms"])


def test_a_camera_and_a_lane_are_let_go_on_and_the_log_says_by_whom(house):
    client = house.client("operator")
    for stop_id, name in ((stop(house, Cause.CAMERA, "yard"), "yard"), (stop(house, Cause.BRAKE), INGEST)):
        assert "half of the images were refused" in text_of(client.get("/status/resume", params={"stop": stop_id}))
        assert "/status" == client.post("/status/resume", data={"stop": stop_id}, headers=FROM_HERE).headers["location"]
        done, begun = house.world.users.acts(limit=2)
        assert ("resumed", "resume", name, "operator") == (done.what, begun.what, begun.on, done.user)
        assert {"was_stopped": True, "act": begun.details["act"]} == done.details
        assert 404 == client.post("/status/resume", data={"stop": stop_id}, headers=FROM_HERE).status_code
    assert [] == [*house.world.operations.pauses.stops()]
    assert not close(Group(Lane.LIVE, "yard"), house.world.operations)


def test_names_of_operations_do_not_break_and_those_that_people_choose_may(house):
    css = house.client().get("/static/console.css").text
    rule = ":is([data-part=calls], [data-part=rates]) td:first-child { overflow-wrap: normal; }"
    assert (1, True) == (css.count(rule), "vertical-align: top; overflow-wrap: anywhere; }" in css)
    parts = {part["name"]: part for part in viewed(house)["parts"]}
    assert {"calls", "rates"} <= {*parts}


def test_what_ends_by_itself_cannot_be_let_go_on(house):
    stop_id = stop(house, Cause.REFUSED)
    answer = house.client("operator").post("/status/resume", data={"stop": stop_id}, headers=FROM_HERE)
    assert 404 == answer.status_code
    assert 1 == len([*house.world.operations.pauses.stops()])


@pytest.mark.parametrize("name", [SCRIPT, "{{7*7}}", "a\u202egpj.exe", "x" * 1024])
def test_hostile_names_are_shown_as_text(house, name):
    stop_id = stop(house, Cause.CAMERA, name, reason=f"{name} was refused")
    client = house.client("operator")
    for page in (client.get("/status"), client.get("/status/resume", params={"stop": stop_id})):
        assert 200 == page.status_code
        assert "<script>alert" not in page.text
        assert ">49<" not in page.text
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page.text)
