"""Every message that a step can send has a queue that somebody reads."""

import pytest
from celery.exceptions import QueueNotFound

from beat_schedule import BEAT_SCHEDULE
from dev.stack.compose import our_services
from sightline.models.images import Lane
from sightline.queues.names import QUEUE_NAMES, ROUTES
from sightline.queues.steps import detect_step, ingest_step, lane_queue, merge_step, write_step
from sightline.rekognition.features import all_features
from tests.applications import application
from tests.unit.workers.settings import settings

VALUES = {"SIGHTLINE_NEO4J_PASSWORD": "neo4j-pass", "SIGHTLINE_FLOWER_PASSWORD": "flower-pass"} | {
    "SIGHTLINE_REDIS_URL": "redis://redis",
    "SIGHTLINE_REDIS_FLOWER_URL": "redis://redis",
    "SIGHTLINE_REDIS_PRODUCER_URL": "redis://redis",
    "SIGHTLINE_WEB_SECRET": "web-secret",
    "SIGHTLINE_WEB_FIRST_PASSWORD": "web-pass",
}


@pytest.fixture(scope="module")
def app():
    made = application(settings())
    made.loader.import_default_modules()
    yield made
    made.close()


def steps():
    for lane in Lane:
        yield ingest_step("s3://b/c/k", lane)
        yield merge_step("s3://b/c/k", lane)
        for feature in all_features():
            detect = detect_step("s3://b/c/k", feature, lane)
            yield detect
            yield detect.then or write_step("s3://b/c/k", feature, lane)


@pytest.mark.parametrize("step", [*steps()], ids=lambda step: f"{step.task}-{step.queue_name}")
def test_the_queue_of_every_step_is_declared_and_its_task_exists(app, step):
    route = app.amqp.router.route({"queue": step.queue_name}, step.task)
    assert step.queue_name == route["queue"].name
    assert step.task in app.tasks


@pytest.mark.parametrize("task", ROUTES)
def test_a_sender_who_names_no_queue_reaches_a_declared_one(app, task):
    assert app.amqp.router.route({}, task)["queue"].name in QUEUE_NAMES
    assert task in app.tasks


def test_a_queue_that_is_not_declared_is_refused(app):
    with pytest.raises(QueueNotFound):
        app.amqp.router.route({"queue": "ingests"}, "ingest_image")


def test_every_queue_is_read_by_one_service_that_takes_live_before_backfill():
    commands = [service.command for service in our_services(VALUES).values() if service.is_worker]
    read = [command[command.index("-Q") + 1].split(",") for command in commands]
    names = [name for names in read for name in names]
    off = {lane_queue(name, lane) for name, each in all_features().items() if not each.on_by_default for lane in Lane}
    assert len(names) == len(set(names))
    assert set(QUEUE_NAMES) - off <= set(names) <= set(QUEUE_NAMES)
    assert {1, 2} == {len(names) for names in read}
    assert all(names[1] == f"{names[0]}.backfill" for names in read if names[1:])


def test_every_beat_entry_names_a_task_and_expires_before_the_next_is_due(app):
    for entry in BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert app.amqp.router.route(entry.get("options", {}), entry["task"])["queue"].name in QUEUE_NAMES
        assert 0 < entry["options"]["expires"] <= _period_seconds(entry["schedule"])


def _period_seconds(schedule):
    return 3600 if hasattr(schedule, "minute") else float(getattr(schedule, "total_seconds", lambda: schedule)())
