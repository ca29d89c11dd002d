import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from celery.schedules import crontab

from sightline.cli.factory import Factory
from sightline.errors import NotSupported, OutcomeUnknown, Throttled, Unavailable
from sightline.models.answers import Box
from sightline.models.images import Lane, State
from sightline.models.people import Consent, Match, Person, Word
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.models.video_jobs import Asked, JobState, VideoJob
from sightline.queues.redis import Waiting
from sightline.services.schedule import spell_schedule
from sightline.services.status import runs_section
from sightline.storage.images.counting import StateCounts
from sightline.storage.operations import Operations
from sightline.storage.runs import LastRun
from sightline.testing.fake import picture, uri_of
from tests.unit.cli.conftest import URI

SECTIONS = [
    "images",
    "parts",
    "queues",
    "redis",
    "calls",
    "cost",
    "budget",
    "rates",
    "graph",
    "video_jobs",
    "candidates",
    "dead_letters",
    "stopped",
    "refusing",
    "models",
    "capture_times",
    "skipped",
    "last_runs",
]


class Away:
    """A store whose server is away, whatever it is asked."""

    def __getattr__(self, _):
        def refuse(*_, **__):
            raise Unavailable("the store")

        return refuse


def operations_away():
    return Operations(**{field.name: Away() for field in fields(Operations)})  # type: ignore[arg-type]


def told(run, *options, **given):
    return json.loads(run("status", "--json", *options, **given).stdout)


def test_its_sections_are_stable(run):
    result = run("status", "--json")
    assert 0 == result.exit_code
    assert SECTIONS == [*json.loads(result.stdout)]


def test_images_are_counted_by_state(run, finish, world):
    finish()
    world.put(uri_of("02"), b"no picture")
    world.add(uri_of("02"), uri_of("03"))
    world.do(world.sent.popleft())
    images = told(run)["images"]
    assert (1, 1, 1, 0) == tuple(images[state] for state in ("complete", "rejected", "received", "analysing"))
    assert (3, 0.0) == (images["total"], images["total_age_seconds"])


def test_parts_tell_what_unfinished_images_wait_for(run, world):
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    assert {"waiting": 1, "answered": 0, "rejected": 0} == told(run)["parts"]["labels"]


def test_queues_tell_what_waits_and_how_long(run, world):
    sent_at = world.clock() - timedelta(seconds=42)
    world.queues.now = {"labels": Waiting(3, sent_at), "rows": Waiting(0), "text": Waiting(1)}
    world.queues.in_hand = 2
    labels, text = {"messages": 3, "oldest_seconds": 42.0}, {"messages": 1, "oldest_seconds": None}
    assert {"waiting": {"labels": labels, "text": text}, "unacknowledged": 2} == told(run)["queues"]
    assert ["labels", "3", "42", "s"] in [line.split() for line in run("status").stdout.splitlines()]


def test_a_message_from_a_clock_that_is_ahead_has_no_age_below_zero(run, world):
    world.queues.now = {"labels": Waiting(1, world.clock() + timedelta(seconds=5))}
    assert 0.0 == told(run)["queues"]["waiting"]["labels"]["oldest_seconds"]


def test_calls_are_counted_by_operation_and_ending(run, finish, world):
    world.detector.script.extend([Throttled("x"), OutcomeUnknown("x")])
    finish()
    calls = told(run)["calls"]
    assert ["DetectFaces", "DetectLabels", "DetectText"] == sorted(calls)
    endings = ("answered", "throttled", "ended_unknown", "failed", "rejected", "outdated")
    assert [3, 1, 1, 0, 0, 0] == [sum(each[ending] for each in calls.values()) for ending in endings]


def test_calls_of_a_feature_that_is_no_longer_declared_still_count(run, world):
    world.operations.usage.count("2044-05-17", {("smells", "answered"): 4, ("smells", "sniffed"): 1})
    assert (4, 1) == (told(run)["calls"]["smells"]["answered"], told(run)["calls"]["smells"]["sniffed"])


@pytest.mark.parametrize(
    ("name", "operation"),
    [("compare", "CompareFaces"), ("people", "SearchFacesByImage"), ("video_labels", "StartLabelDetection")],
)
def test_what_belongs_to_no_feature_is_counted_under_its_operation_as_all_calls_are(world, run, name, operation):
    world.operations.usage.count("2044-05-17", {(name, "answered"): 2})
    assert 2 == told(run)["calls"][operation]["answered"]


def test_cost_is_told_by_feature_for_today_and_the_month(run, finish, world):
    world.operations.usage.count("2044-05-01", {("labels", "cost_micro_usd"): 5000})
    finish()
    cost = told(run)["cost"]
    assert (0.001, 0.006) == (cost["today_usd"]["labels"], cost["month_usd"]["labels"])
    assert {"prices_as_of", "prices_region"} < set(cost)


def test_the_graph_tells_how_far_it_is_behind(run, finish, world):
    finish()
    world.put(uri_of("02"), picture(9))
    world.add(uri_of("02"))
    while any(step.task != "merge_image" for step in world.sent):
        world.do(world.sent.popleft())
    graph = told(run)["graph"]
    assert (1, 1) == (graph["images"], graph["behind"])
    assert graph["relationships"] == sum(graph["relationships_by_type"].values())


def test_dead_letters_come_with_rule_and_remedy(run, world):
    world.put(URI, b"")
    world.add(URI)
    world.run()
    dead_letters = told(run)["dead_letters"]
    assert (1, {"EmptyImage": 1}) == (dead_letters["open"], dead_letters["by_error"])
    assert {"subject", "rule", "remedy", "attempts", "image_id", "step"} < set(dead_letters["first"][0])


def test_of_many_dead_letters_the_first_are_shown(run, world):
    world.add(*(f"no uri {number}" for number in range(25)))
    dead_letters = told(run)["dead_letters"]
    assert (25, 20) == (dead_letters["open"], len(dead_letters["first"]))
    assert "dead letters: 25 open, the first 20" in run("status").stdout


def test_jobs_on_videos_are_counted_by_what_they_wait_for(run, world):
    assert "jobs on stored videos" not in run("status").stdout
    asked = Asked("s3://frames/a.mp4", "labels", "StartLabelDetection", {}, "e1", None, "1")
    for name, state in zip("abcde", JobState, strict=True):
        world.video_jobs.add(VideoJob(name, asked, Lane.LIVE, state, world.clock(), 61_000, 200_000))
    assert {"waiting": 1, "started": 2, "failed": 1, "at_once": 20} == told(run)["video_jobs"]
    said = run("status").stdout
    assert "jobs on stored videos: at most 20 run at once" in said
    assert ["1", "2", "1"] in [line.split() for line in said.splitlines()]


def test_candidates_are_counted_by_what_a_reviewer_said(run, world, settings):
    people, box = world.operations.people, Box(0.1, 0.1, 0.2, 0.2)
    consent = Consent("Ann", world.clock().date(), world.clock().date(), "p", "c" * 64)
    ann = people.add(Person("Ann", "1" * 32, consent, world.clock()))
    for number in range(4):
        until = world.clock() + timedelta(days=1)
        people.keep(Match(uri_of(f"0{number}"), ann.person_id, "Ann", "a" * 64, 99.5, box, world.clock(), until))
    people.say(people.matches()[0], Word.CONFIRMED, "rita")
    assert {} == told(run)["candidates"]
    world.known_people = KnownPeople(PeoplePolicy("p", "consent", 30, ("yard",)), 99.0)
    factory = Factory(settings, world.make_services(world.plan))
    assert {"waiting": 3, "confirmed": 1, "denied": 0} == told(run, factory=factory)["candidates"]
    assert ["3", "1", "0"] in [line.split() for line in run("status", factory=factory).stdout.splitlines()]


def test_rates_say_why(run, world):
    world.limiter.override("DetectLabels", 20, "a smaller account")
    rate = told(run)["rates"]["DetectLabels"]
    assert (20.0, "quota set by hand: a smaller account; 97% of the quota") == (rate["quota"], rate["reason"])


def test_people_see_every_section_in_words(run, finish, world):
    finish()
    world.operations.runs.note(LastRun("sweep", world.clock(), timedelta(seconds=3), {"found": 7}))
    said = run("status").stdout
    for words in (
        "images: 1\n",
        "analyses of unfinished images",
        "queues: 0 messages in progress; waiting: none",
        "calls this month",
        "cost in USD, list prices",
        "0 images behind",
        "dead letters: 0 open: none",
        "found 7",
    ):
        assert words in said


def test_a_count_that_may_be_old_says_so(run, world, settings):
    class OldCount(type(world.images)):  # type: ignore[misc]
        def count(self):
            return 5, timedelta(hours=6)

    services = replace(world.services, images=OldCount(world.clock))
    said = run("status", factory=Factory(settings, services)).stdout
    assert "images: 5 (complete and total: up to 6 h old; --exact counts)" in said


def test_counts_that_are_estimates_say_how_far_they_may_be_off(run, world, settings):
    class Many(type(world.images)):  # type: ignore[misc]
        def count_by_state(self, *_):
            counts = {State.RECEIVED: 1_200_000, State.ANALYSED: 900, State.GONE: 30_000, State.STUCK: 3}
            return StateCounts(counts, {State.RECEIVED: 5_100, State.ANALYSED: 280, State.GONE: None})

    factory = Factory(settings, replace(world.services, images=Many(world.clock)))
    said = run("status", factory=factory).stdout
    for words in ("1,200,000 ± 5,100", "900 ± 280", "about 30,000"):
        assert words in said
    assert {"received": 5_100, "analysed": 280, "gone": None} == told(run, factory=factory)["images"]["plus_minus"]


def test_a_server_that_is_away_is_named_once_and_the_rest_is_said(run, finish, world, settings):
    finish()
    services = replace(world.services, operations=operations_away())
    result = run("status", factory=Factory(settings, services))
    assert 1 == result.exit_code
    assert "images: 1" in result.stdout
    assert (
        "calls, cost, dead letters, stopped, refusing, capture times, skipped, last runs: unavailable. "
        "the store: the server is down" in result.stdout
    )
    assert {"dead_letters", "calls", "cost", "stopped", "refusing", "capture_times", "skipped", "last_runs"} == {
        name for name, section in told(run, factory=Factory(settings, services)).items() if "error" in section
    }


@pytest.mark.parametrize("options", [(), ("--exact",)])
def test_without_any_server_it_still_answers(run, world, settings, options):
    away = Away()
    stores = ("images", "ledger", "graph", "limiter", "queues", "rollups", "video_jobs")
    services = replace(world.services, **{**dict.fromkeys(stores, away), "operations": operations_away()})
    factory = Factory(settings, services)
    result = run("status", *options, factory=factory)
    assert 1 == result.exit_code
    assert "graph, video jobs, dead letters, stopped, refusing, models" in result.stdout
    sections = told(run, *options, factory=factory)
    off = [name for name, section in sections.items() if "error" not in section]
    assert ["budget", "candidates"] == off


def test_exact_reads_the_rows_and_what_was_really_paid(run, finish, world):
    world.detector.script.append(OutcomeUnknown("x"))
    finish([URI, uri_of("02")])
    world.put(uri_of("03"), picture(77))
    world.add(uri_of("03"))
    world.do(world.sent.popleft())
    world.detector.script.append(NotSupported("x"))
    with pytest.raises(NotSupported):
        world.do(world.sent.popleft())
    report = told(run, "--exact")
    assert (2, 1, 3) == tuple(report["images"][name] for name in ("complete", "analysing", "total"))
    assert {"waiting": 1, "answered": 2, "rejected": 0} == report["parts"]["labels"]
    by_name = {"answered": 2, "rejected": 0, "open": 1, "attempts": 4, "ended_unknown": 1}
    assert by_name | {"usd": 0.002, "usd_at_most": 0.003} == report["ledger"]["faces"]
    said = run("status", "--exact").stdout
    assert "ledger, all time" in said
    assert "analyses of all images" in said
    assert "unfinished" not in said


SCHEDULE = {
    "a": {"task": "sweep", "schedule": 60.0},
    "b": {"task": "sync", "schedule": timedelta(minutes=5)},
    "c": {"task": "nightly", "schedule": crontab(hour="1", minute="50")},
}


@pytest.mark.parametrize(
    ("age", "overdue"),
    [
        (timedelta(seconds=100), set()),
        (timedelta(minutes=4), {"sweep"}),
        (timedelta(minutes=16), {"sweep", "sync"}),
        (timedelta(days=4), {"sweep", "sync", "nightly"}),
    ],
)
def test_a_run_older_than_three_periods_is_overdue(world, age, overdue):
    for entry in (*SCHEDULE.values(), {"task": "by hand"}):
        world.operations.runs.note(LastRun(entry["task"], world.clock() - age, timedelta(seconds=1), {}))  # type: ignore[index]
    runs = runs_section(world.operations, world.clock(), SCHEDULE)
    assert {"by hand", "nightly", "sweep", "sync"} == set(runs)
    assert overdue == {name for name, run in runs.items() if run["is_overdue"]}


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (60.0, "every 60 s"),
        (timedelta(minutes=5), "every 5 min"),
        (3_600.0, "every hour"),
        (timedelta(hours=6), "every 6 h"),
        (crontab(hour="1", minute="50"), "daily at 01:50 UTC"),
        (crontab(hour="2-4", minute="*/5"), "every 5 min, 02:00 to 04:59 UTC"),
    ],
)
def test_when_a_task_runs_is_told_in_words(schedule, words):
    assert words == spell_schedule(schedule)


def test_a_run_that_never_came_is_overdue(world):
    runs = runs_section(world.operations, world.clock(), {"a": {"task": "sweep", "schedule": 60.0}})
    assert (None, True) == (runs["sweep"]["started_at"], runs["sweep"]["is_overdue"])


@pytest.mark.parametrize(
    ("watched", "overdue"),
    [
        (timedelta(), set()),
        (timedelta(minutes=3), set()),
        (timedelta(minutes=4), {"sweep"}),
        (timedelta(minutes=16), {"sweep", "sync"}),
        (timedelta(days=4), {"sweep", "sync", "nightly"}),
    ],
)
def test_where_nothing_ever_ran_it_is_measured_from_when_the_reader_began_to_watch(world, watched, overdue):
    runs = runs_section(world.operations, world.clock(), SCHEDULE, since=world.clock() - watched)
    assert overdue == {name for name, run in runs.items() if run["is_overdue"]}


def test_a_reader_that_began_just_now_still_says_that_beat_has_stopped(world):
    world.operations.runs.note(LastRun("sweep", world.clock() - timedelta(minutes=4), timedelta(seconds=1), {}))
    runs = runs_section(world.operations, world.clock(), SCHEDULE, since=world.clock())
    assert {"sweep"} == {name for name, run in runs.items() if run["is_overdue"]}
