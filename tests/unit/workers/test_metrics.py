"""What a worker process and the whole system tell Prometheus, over the stores' twins."""

import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from prometheus_client import CollectorRegistry, generate_latest

from sightline.bootstrap import tell_requests
from sightline.errors import ImageNotSeen, Throttled, Unavailable
from sightline.models.bucket_refusals import HELD_AFTER, Reader
from sightline.models.images import Lane, State
from sightline.models.spending import Line, Reason
from sightline.queues.redis import Waiting
from sightline.rekognition.paid_calls import operation_of
from sightline.services.need import Ask, Need
from sightline.setting_types import PAID_FOR
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.images.counting import StateCounts
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.operations import dynamo_operations
from sightline.storage.pauses import Cause, Stop
from sightline.storage.runs import LastRun
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.testing.money import treasury_of
from sightline.testing.queues import InMemoryQueues
from workers.metrics import WorkerMetrics
from workers.metrics_instrumented import with_metrics
from workers.metrics_system import OFTEN, SELDOM, Source, SystemMetrics, images, queues, sources

DEPLOY = Path(__file__).parents[3] / "deploy"
URI = uri_of("01")


class Scraped:
    """A registry, read as Prometheus reads it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, labels)

    def names(self):
        return {sample.name for family in self.registry.collect() for sample in family.samples}


class NoBroker(InMemoryQueues):
    def read(self, names):  # noqa: ARG002 - the interface
        raise Unavailable("Redis")


class EmptyTables:
    """A DynamoDB client that sends nothing: every table is empty. It notes what it was asked to do."""

    def __init__(self, session):
        self.client = session.client("dynamodb")
        self.client.meta.events.register("before-send.dynamodb.*", self._answer)
        self.asked = []

    def _answer(self, request, event_name, **_):
        self.asked.append(event_name.rpartition(".")[2])
        body = b'{"Items": [], "Table": {"ItemCount": 0}}'
        raw = SimpleNamespace(stream=lambda **_: iter([body]), read=lambda **_: body)
        return AWSResponse(request.url, 200, {}, raw)  # type: ignore[arg-type]


@pytest.fixture
def session():
    return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")


@pytest.fixture
def scraped():
    return Scraped()


@pytest.fixture
def metrics(scraped):
    return WorkerMetrics(scraped.registry)


@pytest.fixture
def world(metrics):
    world = FakeSightline()
    world.put(URI, picture())
    world.services = with_metrics(world.services, metrics)
    return world


def task(name="detect_feature", **delivery_info):
    return SimpleNamespace(name=name, request=SimpleNamespace(delivery_info=delivery_info))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("SUCCESS", "succeeded"), ("RETRY", "retried"), ("FAILURE", "failed"), ("IGNORED", "ignored"), (None, "other")],
)
def test_a_task_is_counted_by_its_name_and_how_it_ended(scraped, metrics, state, outcome):
    metrics.task_began(task_id="1", task=task())
    metrics.task_ended(task_id="1", task=task(), state=state)
    assert 1 == scraped.value("sightline_tasks_total", task="detect_feature", outcome=outcome)
    assert 1 == scraped.value("sightline_task_seconds_count", task="detect_feature")


def test_a_message_that_comes_again_is_counted(scraped, metrics):
    metrics.task_began(task_id="1", task=task(redelivered=False))
    assert scraped.value("sightline_redeliveries_total", task="detect_feature") is None
    metrics.task_began(task_id="1", task=task(redelivered=True))
    assert 1 == scraped.value("sightline_redeliveries_total", task="detect_feature")


def test_an_image_on_its_way_tells_its_calls_their_cost_its_waits_and_its_commit(scraped, world):
    world.add(URI)
    world.run()
    assert 1 == scraped.value("sightline_calls_total", feature="labels", operation="DetectLabels", outcome="answered")
    assert pytest.approx(0.001) == scraped.value("sightline_cost_usd_total", feature="labels")
    assert 1 == scraped.value("sightline_slot_wait_seconds_count", operation="DetectFaces", lane="live")
    assert 1 == scraped.value("sightline_group_commit_images_count")
    assert 1 == scraped.value("sightline_group_commit_images_sum")


def test_a_throttled_call_is_counted_as_a_call_and_by_its_operation(scraped, world):
    world.detector.script.append(Throttled("DetectFaces"))
    world.add(URI)
    world.run()
    assert 1 == scraped.value("sightline_throttled_total", operation="DetectFaces")
    assert 1 == scraped.value("sightline_calls_total", feature="faces", operation="DetectFaces", outcome="throttled")


@pytest.mark.parametrize("name", PAID_FOR)
def test_whatever_is_paid_for_can_be_counted(scraped, world, name):
    world.services.calls.count(name, "answered", 1_000)
    assert 1 == scraped.value("sightline_calls_total", feature=name, operation=operation_of(name), outcome="answered")


def test_what_is_tapped_still_reaches_the_stores(world):
    world.add(URI)
    world.run()
    world.services.calls.flush()
    day = world.clock().date().isoformat()
    assert 1 == world.operations.usage.calls(day, day)["labels", "answered"]
    world.services.limiter.override("DetectLabels", 7.0, "a test")
    assert 7.0 == world.limiter.rates()["DetectLabels"].quota


def test_a_refused_booking_is_counted_apart(scraped, world):
    while world.services.limiter.reserve("DetectText", Lane.BACKFILL).is_booked:
        pass
    assert 1 == scraped.value("sightline_slots_refused_total", operation="DetectText", lane="backfill")


def system(world):
    return SystemMetrics(sources(world.services), world.clock)


def test_the_system_tells_queues_rates_runs_images_and_letters(scraped, world):
    world.add(URI)
    now = world.clock()
    world.operations.runs.note(LastRun("sync_graph", now, timedelta(seconds=3), {}))
    world.operations.dead_letters.write(
        DeadLetter("ImageTooLarge", URI, "rule", "remedy", "ingest_image", {}, now, now)
    )
    world.services.queues.now["labels"] = Waiting(1, now - timedelta(seconds=60))
    world.services.queues.in_hand = 3
    told = system(world)
    told.refresh()
    scraped.registry.register(told)
    assert 1 == scraped.value("sightline_queue_messages", queue="labels")
    assert 60 == scraped.value("sightline_queue_oldest_seconds", queue="labels")
    assert scraped.value("sightline_queue_oldest_seconds", queue="faces") is None
    assert 3 == scraped.value("sightline_unacknowledged_messages")
    assert 50 == scraped.value("sightline_quota_calls_per_second", operation="DetectLabels")
    assert now.timestamp() == scraped.value("sightline_last_run_timestamp_seconds", task="sync_graph")
    assert 1 == scraped.value("sightline_images", state="received")
    assert 1 == scraped.value("sightline_images_known")
    assert 1 == scraped.value("sightline_dead_letters", error="ImageTooLarge")


def test_how_far_a_count_of_images_may_be_off_is_told(scraped, world):
    class Many(type(world.images)):  # type: ignore[misc]
        def count_by_state(self, *_):
            counts = {State.RECEIVED: 1_200_000, State.GONE: 30_000, State.STUCK: 3}
            return StateCounts(counts, {State.RECEIVED: 5_100, State.GONE: None})

    told = SystemMetrics([Source("images", OFTEN, lambda: images(Many(world.clock)))], world.clock)
    told.refresh()
    scraped.registry.register(told)
    off = [scraped.value("sightline_images_plus_minus", state=state) for state in ("received", "gone", "stuck")]
    assert [5_100, math.inf, 0] == off


def test_a_stopped_camera_a_cancelled_queue_and_a_refusing_bucket_are_told(scraped, world):
    now = world.clock()
    world.operations.pauses.stop(Stop("ingest", Cause.CAMERA, "a reason", now, camera="yard"))
    world.operations.pauses.stop(Stop("text", Cause.CANCELLED, "a reason", now, now + timedelta(minutes=10)))
    for number in range(HELD_AFTER):
        uri = f"s3://foreign/gate/{number}.jpg"
        world.services.bucket_gate.refused(uri, Reader.REKOGNITION, ImageNotSeen(uri))
    told = system(world)
    told.refresh()
    scraped.registry.register(told)
    assert 1 == scraped.value("sightline_stopped", queue="ingest", cause="camera", camera="yard")
    assert 1 == scraped.value("sightline_stopped", queue="text", cause="cancelled", camera="")
    assert 1 == scraped.value("sightline_bucket_refused", place="s3://foreign/gate/", reader="rekognition")


def test_what_goes_on_is_not_told_as_stopped(scraped, world):
    world.operations.pauses.stop(Stop("ingest", Cause.CAMERA, "a reason", world.clock(), camera="yard"))
    world.operations.pauses.resume("ingest", Cause.CAMERA, "yard")
    told = system(world)
    told.refresh()
    scraped.registry.register(told)
    assert scraped.value("sightline_stopped", queue="ingest", cause="camera", camera="yard") is None


def test_a_source_that_is_away_is_said_and_the_others_are_still_told(scraped, world):
    world.services = replace(world.services, queues=NoBroker())
    told = system(world)
    told.refresh()
    scraped.registry.register(told)
    assert 0 == scraped.value("sightline_source_up", source="queues")
    assert 1 == scraped.value("sightline_source_up", source="rates")
    assert "sightline_queue_messages" not in scraped.names()


def test_a_scrape_reads_nothing_and_each_source_is_read_at_its_own_period(world):
    read = []
    each = [
        Source(name, period, lambda name=name: read.append(name) or [])  # type: ignore[misc]
        for name, period in (("a", OFTEN), ("b", SELDOM))
    ]
    told = SystemMetrics(each, world.clock)
    list(told.collect())
    assert [] == read
    told.refresh()
    world.clock.move(OFTEN)
    told.refresh()
    list(told.collect())
    assert ["a", "b", "a"] == read


def test_no_source_scans_a_table(world, session):
    tables = EmptyTables(session)
    images = DynamoImageStore(tables.client, "t-", world.clock)
    operations = dynamo_operations(tables.client, "t-", world.clock)
    told = SystemMetrics(sources(replace(world.services, images=images, operations=operations)), world.clock)
    told.refresh()
    up = next(family for family in told.collect() if family.name == "sightline_source_up")
    assert {1.0} == {sample.value for sample in up.samples}
    assert {"Query", "GetItem", "DescribeTable", "UpdateItem"} == set(
        tables.asked
    )  # a refused one tells the table's shards


def families(scraped, world):
    """Every name that can be asked for, of families without samples too."""
    treasury = treasury_of("1 USD/day", world.operations, world.clock)
    plan = replace(world.plan, need=Need(asks={"faces": Ask(labels={"Person": 50})}))
    told = SystemMetrics(sources(replace(world.services, plan=plan, treasury=treasury)), world.clock)
    told.refresh()
    scraped.registry.register(told)
    page = generate_latest(scraped.registry).decode()
    typed = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    buckets = {
        f"{name}_{part}" for name, kind in typed.items() if kind == "histogram" for part in ("bucket", "sum", "count")
    }
    return set(typed) | buckets


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_dashboard_and_alerts_ask_only_for_what_is_told(scraped, world, file):
    asked = set(re.findall(r"\bsightline_\w+", (DEPLOY / file).read_text()))
    assert asked
    assert set() == asked - families(scraped, world)


def test_every_family_of_ours_is_on_the_dashboard(scraped, world):
    asked = set(re.findall(r"\bsightline_\w+", (DEPLOY / "grafana-dashboard.json").read_text()))
    parts = re.compile(r"_(bucket|sum|count|created)$")
    told = {name for name in families(scraped, world) if name.startswith("sightline_") and not parts.search(name)}
    unseen = {name for name in told if not any(each.startswith(name) for each in asked)}
    assert {"sightline_source_read_timestamp_seconds"} == unseen


def test_queues_are_told_by_name(world):
    names = [sample.labels["queue"] for sample in queues(InMemoryQueues(), world.clock())[0].samples]
    assert {"ingest", "labels.backfill", "operations", "careful"} <= set(names)


def test_each_request_to_aws_is_told_by_service_and_operation(scraped, metrics, session):
    tell_requests(session, metrics.aws_requested)
    tables = EmptyTables(session)
    dynamo_operations(tables.client, "t-", FakeSightline().clock).runs.last()
    assert 1 == scraped.value("sightline_aws_requests_total", service="dynamodb", operation="Query")


def test_a_months_cost_is_told_by_feature_and_reason_with_both_ends(scraped, world):
    day = world.clock().date()
    line = Line(day.isoformat(), "labels", ("DetectText",), "live", Reason.NEW)
    world.operations.books.add({line: 3, replace(line, reason=Reason.UNKNOWN): 2})
    world.operations.books.begin(None)
    told = system(world)
    told.refresh()
    scraped.registry.register(told)
    assert 0.003 == scraped.value("sightline_month_cost_usd", feature="labels", reason="new", bound="at_least")
    assert 0.0 == scraped.value("sightline_month_cost_usd", feature="labels", reason="unknown", bound="at_least")
    assert 0.002 == scraped.value("sightline_month_cost_usd", feature="labels", reason="unknown", bound="at_most")
