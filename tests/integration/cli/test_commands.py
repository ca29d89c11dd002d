"""A day at the command line, over real servers. The tests of this file follow one another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline, ScriptedDetector, picture
from tests.integration.cli.conftest import NOWHERE
from tests.unit.dev.rekognition.drawings import encoded, sign

TAKEN_AT = datetime.now(UTC) - timedelta(minutes=5)


@pytest.fixture(scope="module")
def uris(tag) -> list[str]:
    names = (f"MDAlarm_{TAKEN_AT + timedelta(seconds=number):%Y%m%d-%H%M%S}.jpg" for number in range(2))
    return [f"s3://own-{tag}/camera-{tag}/{name}" for name in names]


def test_before_setup_the_remedy_is_setup(run, told):
    result = run("show", "s3://images/yard/1.jpg")
    assert 1 == result.exit_code
    assert result.stderr.endswith("Run `sightline setup`.\n")
    assert "Run `sightline setup`" in told("status")["images"]["error"]
    assert "Run `sightline setup`" in told("check")["DynamoDB, images"]["problem"]


def test_setup_makes_everything_and_may_be_repeated(run):
    assert (0, 0) == (run("setup").exit_code, run("setup").exit_code)


def test_after_setup_all_is_well(run, told):
    assert [] == [name for name, each in told("check").items() if each["problem"]]
    assert (0, 0) == (run("check").exit_code, run("status").exit_code)


def test_added_images_wait_in_rows_and_on_redis(run, told, uris):
    assert "2 new, 0 known already, 0 refused\n" == run("add", "--from", "-", given="\n".join(uris)).stdout
    assert 2 == told("status")["images"]["received"]
    waiting = told("status")["queues"]["waiting"]["ingest"]
    assert 2 == waiting["messages"]
    assert 0 <= waiting["oldest_seconds"] < 600


def test_what_became_of_them_is_told_everywhere(run, told, services, uris, tag):
    carry(services, uris)
    status = told("status")
    assert (0, 0, 0) == (status["images"]["received"], status["graph"]["behind"], status["dead_letters"]["open"])
    assert 2 == status["calls"]["DetectLabels"]["answered"]
    assert {"faces": 0.002, "labels": 0.002, "text": 0.002} == status["cost"]["today_usd"]
    exact = told("status", "--exact")
    assert (2, 2) == (exact["images"]["complete"], exact["ledger"]["labels"]["answered"])

    found = told("images", "--camera", f"camera-{tag}", "--since", "1h")
    assert sorted(uris, reverse=True) == [each["image_id"] for each in found]
    hot = {each["image"]["image_id"] for each in told("query", "heat-map")}
    assert set(uris) <= hot
    facts = told("show", uris[0])
    assert ("complete", "answered") == (facts["state"], facts["features"]["labels"]["status"])
    for command in (("status",), ("show", uris[0]), ("images",), ("query", "heat-map"), ("query", "cameras")):
        assert 0 == run(*command).exit_code


def carry(services, uris):
    """Do the workers' part with a detector that costs no time."""
    world = FakeSightline()
    world.services = replace(services, detector=ScriptedDetector())
    for shade, uri in enumerate(uris):
        services.buckets.put(ObjectUri.parse(uri), picture(shade))
    world.add(*uris)
    world.run()
    services.calls.flush()


def test_a_rate_is_set_and_reset_on_redis(told):
    told("rate", "labels", "20", "--because", "a smaller account")
    rate = told("status")["rates"]["DetectLabels"]
    assert (20.0, True) == (rate["quota"], "a smaller account" in rate["reason"])
    told("rate", "labels", "--reset")
    assert 50.0 == told("rate")["DetectLabels"]["quota"]


def test_one_picture_is_asked_about_without_dynamodb_and_neo4j(run, tmp_path):
    file, out = tmp_path / "sign.jpg", tmp_path / "seen.png"
    file.write_bytes(encoded(sign("NO PARKING")))
    away = {"dynamodb_endpoint": f"http://{NOWHERE}", "neo4j_uri": f"bolt://{NOWHERE}"}
    result = run("detect", str(file), "--feature", "text,celebrities", "--out", str(out), **away)
    assert "NO PARKING" in result.stdout
    assert "celebrities: " in result.stderr
    assert (1, True) == (result.exit_code, out.read_bytes().startswith(b"\x89PNG"))


AWAY = {
    "redis_url": (SecretStr(f"redis://{NOWHERE}/0"), {"queues", "redis"}),
    "neo4j_uri": (f"bolt://{NOWHERE}", {"graph"}),
    "dynamodb_endpoint": (
        f"http://{NOWHERE}",
        {
            *("images", "parts", "calls", "cost", "dead_letters", "last_runs", "models", "skipped", "stopped"),
            *("refusing", "capture_times", "video_jobs"),
        },
    ),
}


@pytest.mark.parametrize("setting", AWAY)
def test_a_server_that_is_away_is_named_and_the_rest_is_said(told, run, setting):
    address, missing = AWAY[setting]
    status = told("status", **{setting: address})
    assert missing == {name for name, section in status.items() if "error" in section}
    assert 1 == run("status", **{setting: address}).exit_code


def test_a_wrong_password_is_named_with_its_setting(told):
    # Another user's name: Neo4j shuts a user out for a while after three wrong passwords
    problem = told("check", neo4j_user="nobody", neo4j_password=SecretStr("wrong"))["Neo4j"]["problem"]
    assert "Correct SIGHTLINE_NEO4J_PASSWORD" in problem


def test_without_redis_rows_are_written_and_it_says_so(run, told, tag):
    uri = f"s3://own-{tag}/late.jpg"
    result = run("add", uri, redis_url=SecretStr(f"redis://{NOWHERE}/0"))
    assert 1 == result.exit_code
    assert "The rows are written. Repeat this once Redis is back" in result.stderr
    assert "received" == told("show", uri)["state"]
