"""The application's settings: each of these was chosen over Celery's default, and one that goes missing loses work."""

import pytest

from sightline.timing import VISIBILITY_TIMEOUT
from tests.applications import application
from tests.unit.workers.settings import settings

EXPECTED = {
    "broker_url": "redis://127.0.0.1:6379/0",
    "visibility_timeout": VISIBILITY_TIMEOUT.total_seconds(),
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_create_missing_queues": False,
    "accept_content": ["json"],
    "task_serializer": "json",
    "result_backend": None,
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": False,
    "worker_disable_rate_limits": True,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "enable_utc": True,
    "timezone": "UTC",
    "beat_max_loop_interval": 5,
}
TRANSPORT = {
    "global_keyprefix": "ours:",
    "visibility_timeout": VISIBILITY_TIMEOUT.total_seconds(),
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 15,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "queue_order_strategy": "priority",
    "priority_steps": [0],
}


@pytest.fixture(scope="module")
def app():
    made = application(settings(key_prefix="ours:", redis_url="redis://127.0.0.1:6379/0"))
    yield made
    made.close()


@pytest.mark.parametrize("option", EXPECTED)
def test_an_option_of_celery_is_as_it_was_chosen(app, option):
    assert EXPECTED[option] == app.conf[option]


def test_tasks_send_events_if_the_settings_ask_for_them():
    made = application(settings(task_events=True))
    assert made.conf.worker_send_task_events is True
    made.close()


def test_the_options_of_the_broker_are_as_they_were_chosen(app):
    assert TRANSPORT == app.conf.broker_transport_options


def test_every_module_of_tasks_can_be_imported_and_brings_its_tasks(app):
    app.loader.import_default_modules()
    assert {"ingest_image", "detect_feature", "write_rows", "merge_image"} <= set(app.tasks)
