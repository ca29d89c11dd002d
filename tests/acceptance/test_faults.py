"""Workers and servers that die, go silent or forget in mid-work: every image still ends once and is paid for once.

Real processes are killed and real connections go silent. What the reconciler would do minutes later is done at once:
the tests move the times of the rows, not those of the code.
"""

import time
from collections import Counter
from contextlib import ExitStack

import pytest

from sightline.models.images import Lane, State
from sightline.models.spending import Reason
from sightline.queues.steps import ingest_step
from sightline.services.bookkeeping import keep_books
from sightline.services.costs import price_lines, total_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import picture
from tests.acceptance.faulty import ADDRESSES, OUTAGE_SECONDS
from tests.acceptance.spine import BUCKET, FEATURES

pytestmark = pytest.mark.acceptance

IMAGES = 16


@pytest.fixture
def pids(faulty):
    """Return the ids of all workers; they must be the same afterwards: none may have died of the outage."""
    before = faulty.stack.workers
    yield before
    assert before == faulty.stack.workers


def graph_and_rows_agree(faulty, rows):
    return {uri: row.version for uri, row in rows.items()} == faulty.services.graph.versions(list(rows))


def is_begun(faulty, camera, calls=4):
    return lambda: len(faulty.calls(f"{camera}/")) >= calls


def test_nothing_is_lost_and_only_what_was_in_hand_is_paid_again_when_workers_are_killed(faulty):
    uris = faulty.put_many("killed", 2 * IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, "killed"))
    for name in ("labels-0", "ingest-0", "faces-0", "rows-0", "graph-0"):
        faulty.kill_worker(name)
    rows = faulty.heal(uris)
    assert graph_and_rows_agree(faulty, rows)
    assert set(FEATURES) == {feature for row in rows.values() for feature in row.parts}
    assert faulty.extra_calls("killed") <= faulty.unknown_attempts("killed")


def test_a_redis_that_forgets_everything_costs_nothing(faulty, pids):
    uris = faulty.put_many("forgotten", 2 * IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, "forgotten"))
    faulty.redis.flushall()
    assert graph_and_rows_agree(faulty, faulty.heal(uris))
    assert 0 == faulty.extra_calls("forgotten")
    assert pids


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_server_that_goes_silent_in_mid_work_is_outlived(faulty, pids, name):
    camera = f"silent-{name}"
    uris = faulty.put_many(camera, IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, camera, 1))
    with faulty.wires[name].black_hole():
        time.sleep(OUTAGE_SECONDS)
    assert graph_and_rows_agree(faulty, faulty.heal(uris))
    assert 0 == faulty.extra_calls(camera)
    assert pids


def test_servers_that_all_end_every_connection_are_outlived(faulty, pids):
    uris = faulty.put_many("cut", IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, "cut", 1))
    with ExitStack() as cut:
        for wire in faulty.wires.values():
            cut.enter_context(wire.refusing())
        time.sleep(OUTAGE_SECONDS)
    assert graph_and_rows_agree(faulty, faulty.heal(uris))
    assert faulty.extra_calls("cut") <= faulty.unknown_attempts("cut")
    assert pids


def test_a_redis_that_is_killed_and_started_again_is_outlived(faulty, pids):
    uris = faulty.put_many("killed-redis", IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, "killed-redis", 1))
    faulty.stack.server("redis").kill()
    time.sleep(OUTAGE_SECONDS)
    faulty.stack.server("redis").start()
    assert graph_and_rows_agree(faulty, faulty.heal(uris))
    assert 0 == faulty.extra_calls("killed-redis")
    assert pids


def test_a_graph_that_is_away_stops_no_analysis(faulty, pids):
    uris = faulty.put_many("no-graph", IMAGES)
    with faulty.wires["neo4j"].black_hole():
        faulty.add(uris)
        faulty.wait(uris, {State.ANALYSED})
    assert graph_and_rows_agree(faulty, faulty.heal(uris))
    assert pids


def test_messages_that_come_three_times_pay_once(faulty):
    uris = faulty.put_many("thrice", IMAGES)
    faulty.redis.delete("sightline:unacked", "sightline:unacked_index")  # of workers that were killed before
    faulty.add(uris)
    faulty.add(uris)
    faulty.add(reversed(uris))
    faulty.heal(uris)
    faulty.until_quiet()
    counts = Counter((call["key"], call["operation"]) for call in faulty.calls("thrice/"))
    assert (len(FEATURES) * IMAGES, {1}) == (len(counts), set(counts.values()))


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_an_image_shows_its_new_bytes_whenever_it_is_overwritten(faulty, moment):
    uri = faulty.put(f"overwritten/{moment}.jpg")
    faulty.add([uri])
    if moment == "after":
        faulty.wait([uri])
    elif moment == "during":
        faulty.until(lambda: faulty.row(uri).state is not State.RECEIVED)
    faulty.put(f"overwritten/{moment}.jpg")
    etag = faulty.services.buckets.head(ObjectUri.parse(uri)).etag
    faulty.add([uri])
    faulty.until(lambda: (row := faulty.row(uri)).state is State.COMPLETE and row.content.etag == etag)
    row = faulty.row(uri)
    assert row.wanted == {name: part.analysis_id for name, part in row.parts.items()}
    for analysis_id in row.wanted.values():
        assert row.content.sha256 == faulty.services.ledger.get(analysis_id).analysis.content


def test_the_same_bytes_under_two_keys_are_paid_once(faulty):
    bytes_ = picture(901, size=(130, 90))
    uris = [faulty.put(f"same/{name}.jpg", bytes_) for name in "ab"]
    faulty.add(uris)
    rows = faulty.heal(uris)
    assert graph_and_rows_agree(faulty, rows)
    assert len(FEATURES) == len(faulty.calls("same/"))


def test_a_message_without_a_row_is_enough(faulty):
    uri = faulty.put("message-only/a.jpg")
    step = ingest_step(uri, Lane.LIVE)
    faulty.app.send_task(step.task, step.args, queue=step.queue)
    assert State.COMPLETE is faulty.wait([uri])[uri].state
    assert uri.startswith(f"s3://{BUCKET}/")


def test_the_books_tell_what_the_endpoint_billed_whatever_ended_the_calls(faulty):
    """Over kills, overwritten objects and calls without an answer: exactly, or as a range no wider than these."""
    uris = faulty.put_many("money", 2 * IMAGES)
    faulty.add(uris)
    faulty.until(is_begun(faulty, "money"))
    for uri in uris[:4]:
        faulty.put(ObjectUri.parse(uri).key)
    for name in ("labels-0", "faces-0"):
        faulty.kill_worker(name)
    with faulty.wires["rekognition"].black_hole():
        time.sleep(OUTAGE_SECONDS)
    faulty.add(uris[:4])
    faulty.heal(uris)
    faulty.until(lambda: (faulty.pass_time(), not faulty.claims())[1])
    billed = sum(call["outcome"] == "answered" for call in faulty.calls("money/"))
    while keep_books(faulty.services, lambda: True)["changes"]:
        pass
    booked = faulty.services.operations.books.read_cameras("2000", "9999")
    spent = {line: number for line, number in booked.items() if line.camera == "money"}
    unknown = sum(number for line, number in spent.items() if line.reason is Reason.UNKNOWN)
    cost = total_of(price_lines(spent, faulty.services.prices).values())
    assert unknown == faulty.unknown_attempts("money")
    low, high = (round(1000 * each) for each in (cost.usd, cost.usd_at_most))
    assert low <= billed <= high
    assert unknown == high - low
