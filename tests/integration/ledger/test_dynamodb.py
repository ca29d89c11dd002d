"""What the ledger in DynamoDB alone must stand."""

from collections.abc import Callable
from typing import Any

import pytest

from sightline.errors import ConfigurationError, MissingTable, Unavailable
from sightline.models.answers import Answer, Detection
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.dynamodb import LARGEST_IN_ROW_BYTES, DynamoLedger
from sightline.storage.ledger.protocol import Entry, Status
from sightline.testing.buckets import InMemoryBuckets
from sightline.testing.clocks import MovingClock
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tests.integration.ledger.stories import ANSWER, BUCKET, analysis, landmarks
from tests.integration.twice import Twice


def test_a_request_that_arrives_twice_does_its_work_once(
    make_dynamo: Callable[..., DynamoLedger], dynamodb_client: Any, clock: MovingClock
) -> None:
    ledger = make_dynamo(client=Twice(dynamodb_client))
    wanted = analysis()

    claimed = ledger.claim(wanted)
    assert (Status.CLAIMED, 1, 0) == (claimed.status, claimed.attempts, claimed.unknown_attempts)
    ledger.release(claimed, is_unknown=True)
    ledger.claim(wanted)
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    taken = ledger.claim(wanted)
    assert (Status.CLAIMED, 3, 2) == (taken.status, taken.attempts, taken.unknown_attempts)
    settled = ledger.settle(taken, ANSWER, 1000)
    assert (ANSWER, 3, 2) == (settled.answer, settled.attempts, settled.unknown_attempts)


def test_the_detections_are_native_in_the_table(
    make_dynamo: Callable[..., DynamoLedger], item_of: Callable[[Entry], Any]
) -> None:
    settled = make_dynamo().settle(make_dynamo().claim(analysis()), ANSWER, 1000)

    item = item_of(settled)
    assert {"N": "99.1234"} == item["detections"]["L"][0]["M"]["confidence"]
    assert {"S": "answered"} == item["status"]


def test_a_row_too_large_says_where_its_answer_is(
    make_dynamo: Callable[..., DynamoLedger], item_of: Callable[[Entry], Any], buckets: InMemoryBuckets
) -> None:
    settled = make_dynamo().settle(make_dynamo().claim(analysis()), landmarks(100), 1000)

    item = item_of(settled)
    uri = ObjectUri.parse(item["answer_uri"]["S"])
    assert f"{BUCKET}/sightline/answers/{settled.analysis.analysis_id}/" in str(uri)
    assert LARGEST_IN_ROW_BYTES < buckets.head(uri).size_bytes
    assert "detections" not in item


def test_the_largest_answer_that_a_row_keeps_fits(
    make_dynamo: Callable[..., DynamoLedger], item_of: Callable[[Entry], Any]
) -> None:
    long = Answer((Detection("x" * (LARGEST_IN_ROW_BYTES - 200), 1.0),), "1")

    settled = make_dynamo().settle(make_dynamo().claim(analysis()), long, 1000)

    assert long == settled.answer
    assert "detections" in item_of(settled)


def test_a_large_answer_that_can_not_be_written_settles_nothing(
    make_dynamo: Callable[..., DynamoLedger], clock: MovingClock
) -> None:
    class AwayBuckets(InMemoryBuckets):
        def put(self, uri: ObjectUri, *_: Any, **__: Any) -> str | None:
            raise Unavailable(str(uri))

    claimed = make_dynamo().claim(analysis())

    with pytest.raises(Unavailable):
        make_dynamo(buckets=AwayBuckets(clock)).settle(claimed, landmarks(100), 1000)

    assert claimed == make_dynamo().get(claimed.analysis.analysis_id)
    assert landmarks(100) == make_dynamo().settle(claimed, landmarks(100), 1000).answer


def test_the_second_of_two_large_answers_leaves_the_first_whole(
    make_dynamo: Callable[..., DynamoLedger], clock: MovingClock
) -> None:
    ledger = make_dynamo()
    late = ledger.claim(analysis())
    clock.move(CLAIM_LEASE + TAKEOVER_AFTER)
    taken = ledger.claim(late.analysis)
    settled = ledger.settle(taken, landmarks(100), 1000)

    assert settled == ledger.settle(late, landmarks(101), 1000)
    assert settled == ledger.get(late.analysis.analysis_id)


def test_a_lost_answer_is_our_fault_and_no_images(
    make_dynamo: Callable[..., DynamoLedger], item_of: Callable[[Entry], Any], buckets: InMemoryBuckets
) -> None:
    settled = make_dynamo().settle(make_dynamo().claim(analysis()), landmarks(100), 1000)
    uri = item_of(settled)["answer_uri"]["S"]
    buckets.delete(ObjectUri.parse(uri))

    with pytest.raises(ConfigurationError, match="Restore the object"):
        make_dynamo().get(settled.analysis.analysis_id)


def test_a_missing_table_is_named(dynamodb_client: Any, clock: MovingClock, buckets: InMemoryBuckets) -> None:
    ledger = DynamoLedger(dynamodb_client, "nowhere-", clock, buckets, BUCKET)

    for use in (ledger.check, lambda: ledger.claim(analysis())):
        with pytest.raises(MissingTable, match=r"nowhere-analyses.*sightline setup"):
            use()
