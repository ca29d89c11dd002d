"""Rows and messages that a newer version of sightline wrote, beside this version: in memory, and in DynamoDB.

Nothing of a row with a value that is unknown here is changed, and nothing about it becomes a dead letter.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import structlog

from sightline.cli.status import print_status
from sightline.errors import NewerVersion, NotAnImage
from sightline.models.images import CameraDay, FeatureResult, ImageRow, Lane, Rejection, ResultStatus, State
from sightline.queues.steps import DETECT, INGEST, MERGE, WRITE, Step, detect_step, ingest_step, merge_step, write_step
from sightline.services.backfill import kept_progress, survey
from sightline.services.collaborators import provide
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import keep_failure
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.redrive import redrive
from sightline.services.rollups.cells import read_day
from sightline.services.status import exact_sections, ledger_section, status_report
from sightline.services.sweep import sweep
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.transitions import FieldPath, Transition
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.ledger.protocol import Analysis, Entry, Status
from sightline.storage.operations import dynamo_operations
from sightline.storage.pauses import Cause, Stop
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.testing.fake import BUCKET, CHECKPOINTS, PERSON, FakeSightline, picture, uri_of
from tasks.image_steps import ingest_image
from tasks.retry import Action, rule_for

URI = uri_of("01")
DAY = CameraDay("yard", "2026-11-02")
BAD = Rejection("ValueError", "of a step")


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Iterator[FakeSightline]:
    """Return a sightline over stores in memory, or over the real ones."""
    made = FakeSightline()
    if request.param == "dynamodb":
        client, prefix = request.getfixturevalue("dynamodb_client"), request.getfixturevalue("table_prefix")
        made.images = DynamoImageStore(client, prefix, made.clock)  # type: ignore[assignment]
        made.operations = dynamo_operations(client, prefix, made.clock)
        made.ledger = DynamoLedger(client, prefix, made.clock, made.buckets, CHECKPOINTS)  # type: ignore[assignment]
        made.verdicts = DynamoVerdictStore(client, prefix)  # type: ignore[assignment]
        for store in (made.images, made.operations, made.ledger, made.verdicts):
            store.setup()
        made.services = made.make_services(made.plan)
    provide(made.services)
    yield made
    made.services.calls.flush()


def complete(world: FakeSightline) -> ImageRow:
    """Take one image through all of its steps."""
    world.put(URI, picture())
    world.add(URI)
    world.run()
    return row_of(world)


def row_of(world: FakeSightline) -> ImageRow:
    row = world.images.get(URI)
    assert row is not None
    return row


def change_as_newer(world: FakeSightline, sets: Mapping[FieldPath, Any]) -> ImageRow:
    """Change the row as a newer version would, which knows more values."""
    change = Transition("newer version", {("version",): (row_of(world).version,)}, sets)
    assert world.images._apply(URI, change).is_done
    return row_of(world)


def write_as_newer(world: FakeSightline, **values: Any) -> ImageRow:
    """Set fields of the row."""
    return change_as_newer(world, {(name,): value for name, value in values.items()})


FUTURE_STATE = {"state": State.read("archived")}
FUTURE_LANE = {"lane": Lane.read("overtaking")}
FUTURE = [FUTURE_STATE, FUTURE_LANE]


def with_unknown_status(row: ImageRow) -> FeatureResult:
    return replace(row.parts["labels"], status=ResultStatus.read("postponed"))


@pytest.mark.parametrize("values", FUTURE)
def test_a_row_with_a_future_value_is_read_as_it_is(world, values):
    complete(world)
    row = write_as_newer(world, **values)
    assert (values, False) == ({name: getattr(row, name) for name in values}, row.is_known)
    assert [row] == [*world.images.scan()]
    assert [row.state] == [each.state for each in world.images.by_day(DAY.camera, DAY.day)]


def test_a_future_status_of_a_result_makes_its_row_one_that_is_left_alone(world):
    row = complete(world)
    row = change_as_newer(world, {("parts", "labels"): with_unknown_status(row)})
    assert ("postponed", False) == (row.parts["labels"].status, row.is_known)


STEPS = [ingest_step(URI, Lane.LIVE), *(make(URI, "labels", Lane.LIVE) for make in (detect_step, write_step)),
         merge_step(URI, Lane.LIVE)]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=[INGEST, DETECT, WRITE, MERGE])
@pytest.mark.parametrize("values", FUTURE)
def test_no_step_changes_a_row_with_a_future_value_and_its_message_is_kept(world, values, step: Step):
    complete(world)
    world.put(URI, b"other bytes, and no picture at all")
    before = write_as_newer(world, **values)
    with pytest.raises(NewerVersion) as raised:
        world.do(step)
    keep_failure(raised.value, URI, step.task, images=world.images, operations=world.operations)
    keep_failure(ValueError("of a step"), URI, step.task, images=world.images, operations=world.operations)
    assert (before, [], [], Action.RESEND) == (
        row_of(world), [*world.sent], [*world.operations.dead_letters.read()],
        rule_for(raised.value, step.task).action,
    )  # fmt: skip


def test_no_method_of_the_store_changes_a_row_with_a_future_state(world):
    known = complete(world)
    assert known.content
    assert known.capture
    row = write_as_newer(world, **FUTURE_STATE, next_check_at=world.clock.now)
    images, until = world.images, world.clock.now + timedelta(hours=1)
    for change in (
        lambda: images.begin(row, replace(known.content, etag="other"), known.capture, {}, Lane.LIVE),
        lambda: images.end(row, State.GONE, BAD),
        lambda: images.postpone(row, until, counts_round=True),
        lambda: images.note_failure(row, BAD),
        lambda: images.give_up(row, BAD),
    ):
        with pytest.raises(NewerVersion):
            change()
    assert images.write_result(URI, "labels", known.parts["labels"]) is None
    assert images.mark_merged(URI, row.version - 1) is None
    with pytest.raises(NewerVersion):
        images.mark_analysed(row)
    assert not images.add(URI, Lane.LIVE)
    assert row == row_of(world)


def test_the_reconciler_leaves_a_future_row_and_looks_at_the_others(world):
    complete(world)
    other = uri_of("02")
    world.put(other, picture(2))
    world.add(other)
    world.sent.clear()
    row = write_as_newer(world, **FUTURE_STATE, next_check_at=world.clock.now)
    world.clock.move(timedelta(hours=1))
    with structlog.testing.capture_logs() as logs:
        done = reconcile(reconciler_of(world.services, world.send), lambda: True)
    assert ({"looked_at": 1, "sent": 1, "unknown": 1}, [INGEST]) == (
        {name: number for name, number in done.items() if number}, [step.task for step in world.sent])  # fmt: skip
    of_images = [line for line in logs if "image_id" in line]  # DynamoDB may be slow, which is a line as well
    assert [(URI, "archived")] == [(line["image_id"], line["state"]) for line in of_images]
    assert row == row_of(world)


def test_the_reconciler_leaves_a_row_that_wants_a_feature_without_a_queue_here(world):
    row = complete(world)
    row = write_as_newer(world, state=State.ANALYSING, next_check_at=world.clock.now,
                         wanted={**row.wanted, "gestures": "G1"})  # fmt: skip
    world.clock.move(timedelta(hours=1))
    done = reconcile(reconciler_of(world.services, world.send), lambda: True)
    assert (1, [], row) == (done["unknown"], [*world.sent], row_of(world))


def test_sweep_and_backfill_send_nothing_for_a_future_row(world):
    complete(world)
    world.put(URI, picture(7))  # other bytes: a row that is understood would be ingested again
    row = write_as_newer(world, **FUTURE_STATE)
    sweep(world.services, lambda: True, world.send)
    (progress,) = survey(Prefix(BUCKET), world.services)
    world.buckets.delete(ObjectUri.parse(URI))
    sweep(world.services, lambda: True, world.send)
    assert (1, 0, [], row) == (progress.listed, progress.sent, [*world.sent], row_of(world))


def test_a_redrive_leaves_the_dead_letter_of_a_future_row_open(world):
    complete(world)
    write_dead_letter(NotAnImage(URI), step=INGEST, message={"uri": URI}, image_id=URI,
                      operations=world.operations, clock=world.clock)  # fmt: skip
    row = write_as_newer(world, **FUTURE_STATE)
    counts = [
        *redrive(
            world.operations.dead_letters.read(),
            world.images,
            world.videos,
            world.services.job_runner,
            world.operations,
            world.send,
        )
    ]
    assert (0, [], 1, row) == (
        sum(each.total() for each in counts), [*world.sent], len([*world.operations.dead_letters.read()]), row_of(world)
    )  # fmt: skip


def test_status_shows_what_is_unknown(world, capsys):
    complete(world)
    world.operations.pauses.stop(Stop("ingest", Cause.read("holiday"), "nobody works", world.clock.now))
    write_as_newer(world, **FUTURE_STATE, next_check_at=world.clock.now)
    report = status_report(world.services)
    print_status(report)
    out = capsys.readouterr().out
    assert (1, "holiday") == (report["images"]["unknown"], report["stopped"]["holiday#ingest"]["cause"])
    assert "unknown (holiday)" in out
    images, parts, _ = exact_sections(world.images.scan(), world.plan.features)
    assert (1, 1) == (images["unknown"], parts["labels"]["answered"])


def test_a_result_of_a_future_status_is_counted_as_unknown(world):
    row = complete(world)
    change_as_newer(world, {("parts", "labels"): with_unknown_status(row)})
    _, parts, _ = exact_sections(world.images.scan(), world.plan.features)
    assert {"waiting": 0, "answered": 0, "rejected": 0, "unknown": 1} == parts["labels"]


def test_a_future_cause_is_no_reason_to_leave_a_queue_and_can_only_be_resumed_by_its_name(world):
    stop = Stop("ingest", Cause.read("holiday"), "nobody works", world.clock.now)
    world.operations.pauses.stop(stop)
    assert not world.operations.pauses.resume("ingest", Cause.BRAKE)
    assert [stop] == [*world.operations.pauses.stops()]


@dataclass(frozen=True)
class FutureEntry:
    """An entry of the ledger with a status that is unknown here."""

    analysis: Analysis
    entry: Entry


@pytest.fixture
def future_entry(world, request) -> FutureEntry:
    analysis = Analysis("A1", "aa", "labels", {"MaxLabels": 10}, "1", URI)
    claimed = world.ledger.claim(analysis)
    if isinstance(world.ledger, DynamoLedger):
        request.getfixturevalue("dynamodb_client").update_item(
            TableName=f"{request.getfixturevalue('table_prefix')}analyses",
            Key={"analysis_id": {"S": "A1"}},
            UpdateExpression="SET #s = :s, shared_with = :w",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": "lent"}, ":w": {"SS": ["a", "b"]}},
        )
    else:
        world.ledger._keep(replace(claimed, status=Status.read("lent")))
    return FutureEntry(analysis, claimed)


def test_an_analysis_of_a_future_status_is_neither_claimed_nor_settled_nor_released(world, future_entry):
    before = world.ledger.get("A1")
    with pytest.raises(NewerVersion):
        world.ledger.claim(future_entry.analysis)
    with pytest.raises(NewerVersion):
        world.ledger.settle(future_entry.entry, PERSON, 1000)
    world.ledger.release(future_entry.entry)
    assert ("lent", before) == (before.status, world.ledger.get("A1"))
    counted = ledger_section(world.ledger.scan(), world.services.prices)
    assert {"labels": {"answered": 0, "rejected": 0, "open": 0, "attempts": 1, "ended_unknown": 0, "unknown": 1,
                       "usd": 0.0, "usd_at_most": 0.0}} == counted  # fmt: skip


def test_a_verdict_of_a_future_answer_is_listed_and_left_out_of_the_figures(world):
    complete(world)
    said = Verdict(URI, "Person", "ann", Answer.PRESENT, "aa", Source.SAMPLED, world.clock.now, Stratum.B, 50.0)
    newer = replace(said, reviewer="bob", answer=Answer.read("half hidden"))
    for each in (said, newer):
        assert world.verdicts.write(KeptVerdict(each, DAY))
    assert [said, newer] == [kept.verdict for kept in world.verdicts.of_image(URI)]
    assert [said] == list(read_day(DAY, world.images, world.verdicts).verdicts)


@pytest.fixture
def edit(dynamodb_client, table_prefix) -> Callable[..., None]:
    """Set attributes of an item directly, as a newer version would."""

    def edit(table: str, key: dict[str, str], **attributes: Any) -> None:
        dynamodb_client.update_item(
            TableName=f"{table_prefix}{table}",
            Key={name: {"S": value} for name, value in key.items()},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    return edit


@pytest.mark.parametrize("world", ["dynamodb"], indirect=True)
def test_unknown_attributes_of_a_row_are_ignored_when_it_is_read_and_stay_when_it_is_written(
    world, edit, dynamodb_client, table_prefix
):
    before = complete(world)
    for name in ("content", "capture", "parts.labels"):
        dynamodb_client.update_item(
            TableName=f"{table_prefix}images",
            Key={"image_id": {"S": URI}},
            UpdateExpression=f"SET {name}.mood = :mood",
            ExpressionAttributeValues={":mood": {"S": "sunny"}},
        )
    edit("images", {"image_id": URI}, weather={"S": "rain"}, tags={"SS": ["a", "b"]})
    assert before == row_of(world)
    assert ["yard"] == [each.capture.camera for each in world.images.by_day(DAY.camera, DAY.day)]
    assert world.images.mark_merged(URI, before.version) is not None
    key = {"image_id": {"S": URI}}
    item = dynamodb_client.get_item(TableName=f"{table_prefix}images", Key=key)["Item"]
    assert ({"S": "rain"}, {"SS": ["a", "b"]}) == (item["weather"], item["tags"])


@pytest.mark.parametrize("world", ["dynamodb"], indirect=True)
@pytest.mark.parametrize(
    ("kept", "error", "subject"),
    [
        ({"error": "TooDark", "subject": "s3://frames/a.jpg", "severity": "low"}, "TooDark", "s3://frames/a.jpg"),
        ({"kind": "camera"}, "unknown", "unknown"),
    ],
)
def test_a_dead_letter_of_a_future_kind_is_listed(world, edit, kept, error, subject):
    now = world.clock.now.isoformat()
    edit("operations", {"kind": "letter", "id": "X#1"}, letter={"S": json.dumps(kept)}, first_at={"S": now},
         last_at={"S": now}, attempts={"N": "1"}, owner={"S": "ann"})  # fmt: skip
    assert [(error, subject)] == [(each.error, each.subject) for each in world.operations.dead_letters.read()]
    assert 1 == status_report(world.services)["dead_letters"]["open"]


@pytest.mark.parametrize("world", ["dynamodb"], indirect=True)
def test_unknown_attributes_of_the_small_stores_are_ignored(world, edit):
    operations, until = world.operations, timedelta(minutes=5)
    lease = operations.leases.acquire("sync", "me", until)
    assert lease
    operations.checkpoints.keep("listing", {"after": "a", "future": 1}, until)
    operations.pauses.stop(Stop("ingest", Cause.BRAKE, "bad images", world.clock.now))
    for kind, name in (("lease", "sync"), ("checkpoint", "listing"), ("stop", "brake#ingest")):
        edit("operations", {"kind": kind, "id": name}, mood={"S": "sunny"}, tags={"NS": ["1", "2"]})
    assert lease.fence == operations.leases.acquire("sync", "me", until).fence
    assert {"after": "a", "future": 1} == operations.checkpoints.get("listing")
    assert ["ingest"] == [each.queue for each in operations.pauses.stops()]


def test_a_backfill_goes_on_from_a_checkpoint_with_unknown_entries(world):
    world.operations.checkpoints.keep("backfill of s3://frames/", {"after": "a", "mood": "sunny"}, timedelta(days=1))
    assert "a" == kept_progress(Prefix(BUCKET), world.services).after


def test_an_unknown_keyword_of_a_message_is_ignored():
    with structlog.testing.capture_logs() as logs:
        assert (URI, "backfill") == ingest_image._bind((URI,), {"lane": "backfill", "options": {"depth": 3}})
    assert [["options"]] == [line["arguments"] for line in logs]
