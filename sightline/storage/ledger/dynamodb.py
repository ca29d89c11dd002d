"""The ledger in DynamoDB. Each step is one conditional update: sent twice by AWS's client, it changes nothing more."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from typing_extensions import override

from sightline.models.answers import Answer, Json
from sightline.models.images import Rejection
from sightline.storage.buckets.protocol import Buckets
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, any_of, equals, missing, one_of
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.ledger.answers import from_plain, to_plain
from sightline.storage.ledger.claims import ends_unknown
from sightline.storage.ledger.files import AnswerFiles
from sightline.storage.ledger.items import OF_AN_ENTRY, identify, outcome_attributes, to_entry
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger, Status
from sightline.timing import CLAIM_LEASE

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

LARGEST_IN_ROW_BYTES = 300_000
"""Of JSON, which is longer than DynamoDB's own form. An item may have 400 KB with everything else in it."""

_UNCLAIMED = any_of(missing("status"), equals("status", Status.RELEASED))
_UNSETTLED = any_of(missing("status"), one_of("status", (Status.CLAIMED, Status.RELEASED)))


def _claimed_as(claim_id: str) -> Condition:
    return all_of(equals("status", Status.CLAIMED), equals("claim_id", claim_id))


class DynamoLedger(Ledger):
    """The table `<prefix>analyses`, and an object in `answer_bucket` for each answer that is too large for it."""

    def __init__(
        self,
        client: "DynamoDBClient",
        prefix: str,
        clock: Callable[[], datetime],
        buckets: Buckets,
        answer_bucket: str,
        *,
        largest_in_row_bytes: int = LARGEST_IN_ROW_BYTES,
    ) -> None:
        self._table = DynamoTable(client, Schema(f"{prefix}analyses", Key("analysis_id")))
        self._clock = clock
        self._files = AnswerFiles(buckets, answer_bucket)
        self._largest_in_row_bytes = largest_in_row_bytes

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def get(self, analysis_id: str) -> Entry | None:
        item = self._table.get({"analysis_id": analysis_id})
        return self._whole(item) if item else None

    @override
    def claim(self, analysis: Analysis) -> Entry:
        claim_id = uuid.uuid4().hex
        standing: Entry | None = None
        # Each pass means that another process has just changed the row; its lease soon ends the loop.
        while True:
            item = self._take(analysis, claim_id, standing)
            standing = self._whole(item) if item else None
            if standing and standing.is_settled:
                return standing
            if standing and standing.claim_id == claim_id:  # also where the client's first request got through unheard
                return replace(standing, analysis=analysis)

    def _take(self, analysis: Analysis, claim_id: str, standing: Entry | None) -> Item | None:
        now = self._clock()
        change = identify(Change(), analysis).add("attempts", 1)
        change.set_all(status=Status.CLAIMED, claim_id=claim_id, lease_until=instant(now + CLAIM_LEASE))
        if standing and ends_unknown(standing, now):
            change.add("unknown_attempts", 1)
            return self._update(analysis.analysis_id, change, _claimed_as(standing.claim_id))
        return self._update(analysis.analysis_id, change, _UNCLAIMED)

    @override
    def settle(self, claimed: Entry, outcome: Answer | Rejection, cost_micro_usd: int) -> Entry:
        # A missing entry is created: the analysis is paid for.
        analysis_id = claimed.analysis.analysis_id
        kept = outcome if isinstance(outcome, Rejection) else self._place(analysis_id, to_plain(outcome))
        change = identify(Change(), claimed.analysis).set_if_missing("attempts", claimed.attempts)
        change.set_all(**outcome_attributes(kept), claim_id=claimed.claim_id, lease_until=None)
        change.set_all(cost_micro_usd=cost_micro_usd, paid_at=instant(self._clock()))
        change.set_if_missing("unknown_attempts", claimed.unknown_attempts)
        item = self._update(analysis_id, change, _UNSETTLED)  # whether it is ours or stood before: it is there
        entry = self._whole(cast("Item", item))
        entry.require_known()
        return entry

    def _place(self, analysis_id: str, plain: dict[str, Json]) -> Mapping[str, Json]:
        """Return what the row keeps of an answer. A large one is written to its object before the row names it."""
        if len(json.dumps(plain)) <= self._largest_in_row_bytes:
            return plain
        facts = {name: value for name, value in plain.items() if name != "detections"}
        return facts | {"answer_uri": self._files.write(analysis_id, plain)}

    @override
    def release(self, claimed: Entry, *, is_unknown: bool = False) -> None:
        change = Change().set("status", Status.RELEASED).remove("claim_id", "lease_until")
        if is_unknown:
            change.add("unknown_attempts", 1)
        self._update(claimed.analysis.analysis_id, change, _claimed_as(claimed.claim_id))

    @override
    def count(self) -> tuple[int, timedelta]:
        return self._table.count()

    @override
    def scan(self) -> Iterator[Entry]:
        return map(to_entry, self._table.scan(OF_AN_ENTRY))

    def _update(self, analysis_id: str, change: Change, only_if: Condition) -> Item | None:
        """Return the item as it then stands, changed or not."""
        return self._table.update({"analysis_id": analysis_id}, change, only_if).item

    def _whole(self, item: Item) -> Entry:
        entry = to_entry(item)
        uri = item.get("answer_uri")
        return replace(entry, answer=from_plain(self._files.read(uri))) if uri else entry
