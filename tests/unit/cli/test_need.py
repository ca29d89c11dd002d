"""`sightline need`, and what `show` says of features that nothing asked for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import InvalidParameter
from sightline.models.answers import Answer, Detection
from sightline.models.images import CameraDay
from sightline.services import need_estimate
from sightline.services.leased_runs import run_under_lease
from sightline.services.need import Ask, Near, Need
from sightline.services.need_estimate import read_estimate, run_estimate
from sightline.services.need_report import what_was_spared
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import FakeSightline, picture
from tests.unit.services.like_pictures import looking
from workers.metrics_system import need

MORNING = datetime(2026, 11, 2, 8, tzinfo=UTC)
ASKS = {"faces": Ask(labels={"Person": 50})}
FACES_PRICE = 0.001
LINE = {"type": "LINE"}
PLANT, PERSON = (Answer((Detection(name, 80.0, None, LINE),), "test-1") for name in ("Plant", "Person"))
FACE, NOTHING = Answer((Detection("Face", 99.0),), ""), Answer((), "test-1")


@pytest.fixture
def world(world: FakeSightline) -> FakeSightline:
    world.clock.now = MORNING + timedelta(hours=6)
    return world


def need_by(world: FakeSightline, need: Need) -> None:
    world.plan = replace(world.plan, need=need)
    world.services = replace(world.make_services(world.plan), graph=world.services.graph, merges=world.services.merges)


def analyse(
    world: FakeSightline, number: int, labels: Answer | InvalidParameter, faces: Answer, shade: int | None = None
) -> str:
    """Let a camera take a picture, in a minute of its own, and see it through."""
    taken_at = MORNING + timedelta(minutes=number)
    uri = f"s3://frames/yard/{taken_at:%Y-%m-%d}/MDAlarm_{taken_at:%Y%m%d-%H%M%S}.jpg"
    world.put(uri, picture(number if shade is None else shade, form="PNG"))
    world.add(uri)
    while world.sent:
        step = world.sent.popleft()
        if step.task.endswith("detect_feature"):
            world.detector.script.append({"labels": labels, "faces": faces, "text": NOTHING}[step.args[1]])
        world.do(step)
    world.operations.dirty_days.mark([CameraDay("yard", taken_at.date().isoformat())], [Purpose.ROLLUPS])
    return uri


@pytest.fixture
def ask(run, factory, world):
    """Run a command with the world's present services."""

    def ask(*words: str):
        factory.services = world.services
        return run(*words)

    return ask


def test_without_rules_it_says_how_to_set_them(ask):
    result = ask("need")
    assert 1 == result.exit_code
    assert "SIGHTLINE_NEED: it is unset, so every image has every feature" in result.stderr


def test_what_was_not_asked_for_is_what_was_saved(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=1e-9))
    for number in range(4):
        analyse(world, number, PERSON if number == 0 else PLANT, FACE)
    facts = json.loads(ask("need", "--json").stdout)["faces"]
    assert (3, 3 * FACES_PRICE) == (facts["images"], facts["saved_usd"])
    assert (None, 0, 3) == (facts["missed"], facts["missed_low"], facts["missed_high"])
    assert "at most 3: no burst of the control slice" in ask("need").stdout


def test_the_control_slice_tells_what_is_missed(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=50))
    missed = 0
    for number in range(60):
        row = world.images.get(analyse(world, number, PLANT, FACE if number % 2 else NOTHING))
        missed += number % 2 and "faces" not in row.parts
    facts = json.loads(ask("need", "--json").stdout)["faces"]
    assert 60 == facts["images"] + facts["compared"]
    assert 20 <= facts["compared"] <= 40
    assert 0 < facts["missed_low"] <= missed <= facts["missed_high"] < facts["images"]


def test_the_same_bytes_would_have_been_paid_for_once(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=1e-9))
    for number in range(2):
        analyse(world, number, PLANT, FACE, shade=7)
    facts = json.loads(ask("need", "--json").stdout)["faces"]
    assert (2, FACES_PRICE) == (facts["images"], facts["saved_usd"])


def test_the_exact_status_counts_the_images_that_were_not_asked(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=1e-9))
    analyse(world, 1, PLANT, FACE)
    analyse(world, 2, PERSON, FACE)
    parts = json.loads(ask("status", "--exact", "--json").stdout)["parts"]
    assert ({"waiting": 0, "answered": 1, "rejected": 0, "not_asked_for": 1}) == parts["faces"]
    assert "not_asked_for" not in parts["labels"]
    assert "not asked for" in ask("status", "--exact").stdout


def test_images_that_rekognition_refuses_count_for_nothing(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=1e-9))
    analyse(world, 1, InvalidParameter("a picture"), FACE)
    assert 0 == json.loads(ask("need", "--json").stdout)["faces"]["images"]


def test_show_names_the_features_that_nothing_asked_for(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=1e-9))
    assert "faces" == json.loads(ask("show", analyse(world, 1, PLANT, FACE), "--json").stdout)["not_asked_for"]
    assert None is json.loads(ask("show", analyse(world, 2, PERSON, FACE), "--json").stdout)["not_asked_for"]


NEAR = Near(seconds=60, bits=8)


def pair(world: FakeSightline, number: int, first: dict[str, Answer], second: dict[str, Answer]) -> tuple[str, str]:
    """Let a camera take two pictures that look alike, in a minute of their own, and see them through."""
    uris = []
    for offset, answers in enumerate((first, second)):
        taken_at = MORNING + timedelta(minutes=number, seconds=offset)
        uri = f"s3://frames/yard/{taken_at:%Y-%m-%d}/MDAlarm_{taken_at:%Y%m%d-%H%M%S}.jpg"
        world.put(uri, looking(number, 3 * offset))
        world.add(uri)
        while world.sent:
            step = world.sent.popleft()
            if step.task.endswith("detect_feature"):
                world.detector.script.append(answers[step.args[1]])
            world.do(step)
        uris.append(uri)
    world.operations.dirty_days.mark([CameraDay("yard", taken_at.date().isoformat())], [Purpose.ROLLUPS])
    return uris[0], uris[1]


def answers(labels: Answer, faces: Answer = NOTHING) -> dict[str, Answer]:
    return {"labels": labels, "faces": faces, "text": NOTHING}


def test_an_image_that_another_stands_in_for_saves_every_feature(ask, world):
    need_by(world, Need(near=NEAR, control_percent=1e-9))
    for number in range(3):
        pair(world, number, answers(PLANT), answers(PERSON, FACE))
    facts = json.loads(ask("need", "--json").stdout)
    assert ["faces", "labels", "text"] == [*facts]
    assert [(3, 3 * FACES_PRICE)] * 3 == [(each["images"], each["saved_usd"]) for each in facts.values()]
    assert "saved" in ask("need").stdout


def test_the_slice_tells_what_was_seen_in_one_image_and_not_in_the_one_that_stood_in(ask, world):
    need_by(world, Need(near=NEAR, control_percent=50))
    missed = 0
    for number in range(60):
        second = answers(PERSON, FACE) if number % 2 else answers(PLANT)
        row = world.images.get(pair(world, number, answers(PLANT), second)[1])
        missed += number % 2 and row.shown_with is not None
    for name in ("faces", "labels"):
        facts = json.loads(ask("need", "--json").stdout)[name]
        assert 60 == facts["images"] + facts["compared"]
        assert 20 <= facts["compared"] <= 40
        assert 0 < facts["missed_low"] <= missed <= facts["missed_high"] < facts["images"]
    assert 0 == json.loads(ask("need", "--json").stdout)["text"]["missed_low"]


def test_those_of_the_slice_are_compared_that_would_not_have_been_paid_for(world):
    need_by(world, Need(near=NEAR, asks=ASKS, control_percent=100))
    pair(world, 1, answers(PERSON, FACE), answers(PERSON, FACE))
    pair(world, 2, answers(PLANT, FACE), answers(PLANT, FACE))  # nothing asks for the faces of either
    found = what_was_spared("2026-11-02", "2026-11-02", world.plan.need, world.services)
    assert {"labels": 2, "faces": 3, "text": 2} == {name: each.compared for name, each in found.items()}


def test_show_says_which_image_stands_in_and_what_was_seen_there(ask, world):
    need_by(world, Need(near=NEAR, control_percent=1e-9))
    first, second = pair(world, 1, answers(PERSON, FACE), answers(PLANT))
    facts = json.loads(ask("show", second, "--json").stdout)
    assert (first, 3, True) == tuple(facts["stand_in"][name] for name in ("image_id", "distance", "is_as_it_was"))
    assert [["Person", 80.0]] == facts["stand_in"]["seen_there"]["labels"]
    assert ("faces, labels, text", {}) == (facts["not_asked_for"], facts["features"])
    said = ask("show", second).stdout
    assert f"Not paid for: it looks like {first}" in said
    assert "3 of 256 bits differ" in said
    assert "Seen there: labels" in said
    assert None is json.loads(ask("show", first, "--json").stdout)["stand_in"]


def test_show_says_what_an_image_waits_for_whose_answer_is_another_ones(ask, world):
    need_by(world, Need(near=NEAR, control_percent=1e-9))
    uris = [f"s3://frames/yard/2026-11-02/MDAlarm_20261102-09000{number}.jpg" for number in range(2)]
    for number, uri in enumerate(uris):
        world.put(uri, looking(1, number))
        world.add(uri)
    for step in [*world.sent]:
        world.do(step)
    assert f"the answer about {uris[0]}" in json.loads(ask("show", uris[1], "--json").stdout)["waits_for"]
    assert "Nothing is known of what was seen there yet." in ask("show", uris[1]).stdout


def estimate(world: FakeSightline, lasts: timedelta = timedelta(minutes=1)) -> dict[str, object]:
    """Let the scheduled task run; return its outcome."""
    run_under_lease(need_estimate.NAME, world.services, lambda run: run_estimate(run, world.services), lasts)
    return dict(world.operations.runs.last()[need_estimate.NAME].outcome)


def test_the_scheduled_task_keeps_what_the_command_says(ask, world):
    need_by(world, Need(asks=ASKS, control_percent=50))
    for number in range(30):
        analyse(world, number, PLANT, FACE if number % 3 == 0 else NOTHING)
    assert read_estimate(world.services) is None
    assert {"features": 1} == estimate(world)
    kept = read_estimate(world.services)
    assert kept
    assert json.loads(ask("need", "--json").stdout) == kept.features
    assert ("2026-10-06", "2026-11-03") == (kept.first_day, kept.last_day)
    told = {family.name: family.samples for family in need(world.services)}
    assert kept.features["faces"]["images"] == told["sightline_need_spared_images"][0].value
    bounds = {sample.labels["bound"]: sample.value for sample in told["sightline_need_missed_images"]}
    assert bounds["at_least"] <= bounds["expected"] <= bounds["at_most"]
    world.clock.move(need_estimate.KEPT_FOR)
    assert read_estimate(world.services) is None


def test_a_run_that_has_no_time_keeps_nothing_and_one_without_rules_does_nothing(world):
    need_by(world, Need(asks=ASKS))
    analyse(world, 1, PLANT, FACE)
    assert {"cut": True} == estimate(world, timedelta(0))
    assert read_estimate(world.services) is None
    world.services = replace(world.services, plan=replace(world.plan, need=None))
    assert {} == estimate(world)
    assert read_estimate(world.services) is None
