"""Wrong configuration: what reports it, in which words, and what continues meanwhile."""

import json
from pathlib import Path

import pytest

from dev.stack import Stack
from dev.stack.redis_users import password
from sightline import errors
from sightline.models.images import State
from sightline.queues.steps import INGEST

pytestmark = pytest.mark.acceptance

WRONG_PASSWORD = {"SIGHTLINE_NEO4J_PASSWORD": "not-the-password"}


def log_of(process):
    return Path(process.log).read_text(errors="replace") if Path(process.log).exists() else ""


def send(spine, uri, key_prefix):
    """Send one message to the queues of another key prefix."""
    app = spine.app_with(key_prefix)
    app.send_task(INGEST, [uri], queue="ingest")
    app.close()


def test_check_says_that_the_password_of_neo4j_is_wrong_and_what_to_do(spine):
    said = spine.command("check", "--json", **WRONG_PASSWORD)
    lines = json.loads(said.stdout)
    problems = {name: each["problem"] for name, each in lines.items() if each["problem"]}
    assert (1, {"Neo4j": str(errors.WrongPassword("Neo4j"))}) == (said.exit_code, problems)
    assert "not-the-password" not in said.stdout + said.stderr


def test_with_a_wrong_password_for_neo4j_detection_goes_on_and_the_images_stay_unfinished(spine):
    uri = spine.put("wrong-password/a.jpg")
    with spine.worker("wrong-password", **WRONG_PASSWORD) as worker:
        send(spine, uri, "wrong-password:")
        spine.wait([uri], {State.ANALYSED})
        spine.until(lambda: "takes no work until it is mended" in log_of(worker), lambda: log_of(worker)[-2000:])
        assert errors.WrongPassword.remedy in log_of(worker)
    assert {"faces", "labels"} == set(spine.row(uri).parts)
    assert uri in {each.image_id for each in spine.services.images.unfinished()}
    assert uri not in spine.dead_letters()
    spine.add([uri])
    assert State.COMPLETE is spine.wait([uri])[uri].state


def test_an_unknown_feature_stops_the_command_line_with_a_paragraph_and_the_worker_with_its_reason(spine):
    wrong = {"SIGHTLINE_FEATURES": "labels,smells"}
    said = spine.process("status", **wrong)
    assert (1, "") == (said.returncode, said.stdout)
    rule = "a feature must be declared in sightline/rekognition/features"
    assert said.stderr.startswith(f"smells: {rule}. Correct SIGHTLINE_FEATURES;")
    assert "Traceback" not in said.stderr
    with spine.worker("unknown-feature", **wrong) as worker:
        spine.until(lambda: not worker.is_running(), lambda: log_of(worker)[-2000:])
        assert 0 != worker.exit_status
        assert "Correct SIGHTLINE_FEATURES; there are" in log_of(worker)


def test_a_key_pattern_that_can_not_be_stops_the_worker_before_it_takes_a_message(spine):
    send(spine, spine.put("bad-pattern/a.jpg"), "bad-pattern:")
    with spine.worker("bad-pattern", SIGHTLINE_KEY_PATTERN="(?P<when>.*)") as worker:
        spine.until(lambda: not worker.is_running(), lambda: log_of(worker)[-2000:])
        assert 0 != worker.exit_status
        assert "Correct SIGHTLINE_KEY_PATTERN" in log_of(worker)
    assert {"ingest": 1, "unacked": 0} == spine.queues("bad-pattern:")


def test_where_tables_are_missing_check_and_add_say_to_run_setup(spine):
    wrong = {"SIGHTLINE_TABLE_PREFIX": "nowhere-"}
    checked = json.loads(spine.command("check", "--json", **wrong).stdout)
    problems = [each["problem"] for name, each in checked.items() if name.startswith("DynamoDB")]
    assert 3 <= len(problems)
    assert [] == [problem for problem in problems if "Run `sightline setup`" not in (problem or "")]
    added = spine.command("add", "s3://images/no-table/a.jpg", **wrong)
    assert 1 == added.exit_code
    assert "nowhere-images: the tables must exist" in added.stderr
    assert "Run `sightline setup`" in added.stderr
    assert "Traceback" not in added.stderr


def test_a_worker_that_starts_before_redis_waits_for_it_and_then_works(spine, tmp_path):
    uri = spine.put("late-redis/a.jpg")
    late = Stack(tmp_path / "late", ["redis"])
    url = f"redis://operator:{password(late.layout, 'operator')}@127.0.0.1:{late.layout.port('redis')}/0"
    with spine.worker("late-redis", SIGHTLINE_REDIS_URL=url) as worker:
        spine.until(lambda: "Cannot connect to" in log_of(worker), lambda: log_of(worker)[-2000:])
        assert worker.is_running()
        with late:
            app = spine.app_with("late-redis:", redis_url=late.env["SIGHTLINE_REDIS_URL"])
            app.send_task(INGEST, [uri], queue="ingest")
            app.close()
            assert url == late.env["SIGHTLINE_REDIS_URL"]
            assert State.COMPLETE is spine.wait([uri])[uri].state
            worker.stop()
