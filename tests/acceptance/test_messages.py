"""Messages of producers that do not use sightline: a plain Celery client, and others that can write to Redis."""

import json
import sys

import pytest
from celery.exceptions import QueueNotFound

from sightline.errors import BadMessage
from sightline.models.images import State
from tests.acceptance.spine import BUCKET
from tests.commands import run

pytestmark = pytest.mark.acceptance

CLIENT = """
import json, sys
from celery import Celery
url, prefix, messages = sys.argv[1:]
client = Celery(broker=url)
client.conf.broker_transport_options = {"global_keyprefix": prefix}
for name, arguments, keywords in json.loads(messages):
    client.send_task(name, arguments, keywords, queue="ingest")
assert not {"tasks", "workers", "sightline"} & set(sys.modules)
"""


@pytest.fixture
def send(spine, tmp_path):
    """Send messages from a program that cannot import ours."""
    program = tmp_path / "client.py"
    program.write_text(CLIENT)
    usual, prefix = spine.settings.redis_url.get_secret_value(), spine.settings.key_prefix

    def send_all(*messages, url=usual):
        command = [sys.executable, "-I", str(program), url, prefix, json.dumps(messages)]
        done = run(command)
        assert 0 == done.returncode, done.stderr

    return send_all


def test_a_plain_celery_client_needs_one_message_for_a_complete_image(spine, send):
    uri = spine.put("plain-client/a.jpg")
    send(("ingest_image", [uri], {}), url=spine.stack.env["SIGHTLINE_REDIS_PRODUCER_URL"])
    assert State.COMPLETE is spine.wait([uri])[uri].state


def test_wrong_arguments_become_letters_that_show_the_message_and_good_ones_go_on(spine, send):
    uri = spine.put("wrong-arguments/good.jpg")
    bad = {
        "ingest_image()": [],
        "ingest_image('s3://b/too/many', 'live', 'and', 'more')": ["s3://b/too/many", "live", "and", "more"],
        "ingest_image(42,)": [42],
        "ingest_image('s3://b/unknown/lane', 'overtaking')": ["s3://b/unknown/lane", "overtaking"],
    }
    send(*(("ingest_image", arguments, {}) for arguments in bad.values()), ("ingest_image", [uri], {}))
    spine.wait([uri])
    spine.until(lambda: bad.keys() <= spine.dead_letters().keys(), lambda: str(spine.dead_letters().keys()))
    dead_letters = spine.dead_letters()
    assert {"BadMessage"} == {dead_letters[subject].error for subject in bad}
    assert {BadMessage.remedy} == {dead_letters[subject].remedy for subject in bad}
    assert list(bad.values()) == [dead_letters[subject].message["args"] for subject in bad]
    assert "'overtaking' is not a valid Lane" in dead_letters["ingest_image('s3://b/unknown/lane', 'overtaking')"].rule
    assert {} == spine.rows(["s3://b/unknown/lane", "s3://b/too/many"])


def test_a_message_whose_uri_is_none_becomes_a_letter(spine, send):
    send(("ingest_image", ["no-uri-at-all"], {}))
    spine.until(lambda: "no-uri-at-all" in spine.dead_letters())
    assert "InvalidUri" == spine.dead_letters()["no-uri-at-all"].error


def test_an_unknown_task_becomes_a_letter_and_the_worker_goes_on(spine, send):
    uri = spine.put("unknown-task/good.jpg")
    send(("no_such_task", ["unknown-task"], {}), ("ingest_image", [uri], {}))
    assert State.COMPLETE is spine.wait([uri])[uri].state
    (subject,) = [each for each in spine.dead_letters() if "no_such_task" in each]
    assert "there must be a task of this name" in spine.dead_letters()[subject].rule


def test_a_body_that_is_not_json_becomes_a_letter_and_the_worker_goes_on(spine):
    uri = spine.put("no-json/good.jpg")
    with spine.app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            b"{this is no json", routing_key="ingest", exchange="ingest", content_type="application/json",
            content_encoding="utf-8", headers={"task": "ingest_image", "id": "no-json"},
        )  # fmt: skip
    spine.add([uri])
    assert State.COMPLETE is spine.wait([uri])[uri].state
    (subject,) = [each for each in spine.dead_letters() if "this is no json" in each]
    assert "must" in spine.dead_letters()[subject].rule


def test_our_client_refuses_a_queue_that_nobody_reads(spine):
    with pytest.raises(QueueNotFound):
        spine.app.send_task("ingest_image", [f"s3://{BUCKET}/a/b.jpg"], queue="ingests")
