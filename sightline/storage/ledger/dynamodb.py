"""The ledger in DynamoDB. Each step is one conditional update: sent twice by AWS's client, it changes nothing more.

Detections are native values, so that the table can be read without sightline. Parameters are JSON text, because the
analysis id was made from exactly these, and 30.0 must not come back as 30.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from sightline.errors import ConfigurationError, RejectedError
from sightline.models.answers import Answer, Json
from sightline.models.images import AskedBy, Lane, Rejection
from sightline.models.stored import known_fields
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, any_of, equals, missing, one_of
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.ledger.answers import from_plain, to_plain
from sightline.storage.ledger.protocol import Analysis, Entry, Ledger, Status, ends_unknown
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
        self._table = DynamoTable(client, Schema(f"{prefix}analyses", Key("analysis_id"), tells_changes=True))
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
        change.set_all(lane=analysis.lane, redriven=analysis.is_redriven or None)
        if standing and ends_unknown(standing, now):
            change.add("unknown_attempts", 1)
            return self._update(analysis.analysis_id, change, _claimed_as(standing.claim_id))
        return self._update(analysis.analysis_id, change, _UNCLAIMED)

    @override
    def settle(
        self, claimed: Entry, outcome: Answer | Rejection, cost_micro_usd: int, paid_at: datetime | None = None
    ) -> Entry:
        # A missing entry is created: the analysis is paid for.
        analysis_id = claimed.analysis.analysis_id
        kept = outcome if isinstance(outcome, Rejection) else self._place(analysis_id, to_plain(outcome))
        first = {
            **facts_of(claimed.analysis),
            "attempts": claimed.attempts,
            "unknown_attempts": claimed.unknown_attempts,
        }
        settled = {
            **outcome_attributes(kept),
            "claim_id": claimed.claim_id,
            "lease_until": None,
            "cost_micro_usd": cost_micro_usd,
            "paid_at": instant(paid_at or self._clock()),
            "asked_by": claimed.asked_by if claimed.asked_by is not AskedBy.NAME else None,
        }
        change = set_missing(Change(), first).set_all(**settled)
        done = self._table.update_telling_former({"analysis_id": analysis_id}, change, _UNSETTLED)
        former = done.item or {"analysis_id": analysis_id}
        item = {**first, **former, **settled} if done.is_written else former  # another has settled it before
        entry = self._whole({name: value for name, value in item.items() if value is not None})
        entry.require_known()
        return entry

    def _place(self, analysis_id: str, plain: dict[str, Json]) -> Mapping[str, Json]:
        """Return what the row keeps of an answer. A large one is written to its object before the row names it."""
        if len(json.dumps(plain)) <= self._largest_in_row_bytes:
            return plain
        facts = {name: value for name, value in plain.items() if name != "detections"}
        return facts | {"answer_uri": self._files.write(analysis_id, plain)}

    @override
    def release(self, claimed: Entry, *, is_unknown: bool = False, dropped_micro_usd: int = 0) -> None:
        change = Change().set("status", Status.RELEASED).remove("claim_id", "lease_until")
        if is_unknown:
            change.add("unknown_attempts", 1)
        if dropped_micro_usd:
            change.add("dropped_micro_usd", dropped_micro_usd)
        self._update(claimed.analysis.analysis_id, change, _claimed_as(claimed.claim_id))

    @override
    def outdate(self, analysis: Analysis) -> None:
        change = identify(Change(), analysis).set_if_missing("status", Status.RELEASED).add("attempts", 1)
        self._update(analysis.analysis_id, change, _UNSETTLED)

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


OF_AN_ENTRY = (
    *("analysis_id", "content", "feature", "parameters", "generation", "image_id"),
    *("status", "claim_id", "lease_until", "attempts", "unknown_attempts", "rejection", "cost_micro_usd", "paid_at"),
    *("dropped_micro_usd", "asked_by", "lane", "redriven"),
)
"""The attributes that make an entry without its answer."""


def identify(change: Change, analysis: Analysis) -> Change:
    """Let `change` say what the analysis is, where the item does not say so yet."""
    return set_missing(change, facts_of(analysis))


def facts_of(analysis: Analysis) -> dict[str, Any]:
    """Return the attributes that say what an analysis is, beside its key."""
    return {
        "content": analysis.content,
        "feature": analysis.feature,
        "parameters": json.dumps(dict(analysis.parameters), sort_keys=True),
        "generation": analysis.generation,
        "image_id": analysis.image_id,
    }


def set_missing(change: Change, attributes: Mapping[str, Any]) -> Change:
    """Let `change` set the attributes that the item does not have yet."""
    for name, value in attributes.items():
        change.set_if_missing(name, value)
    return change


def outcome_attributes(outcome: Rejection | Mapping[str, Json]) -> dict[str, Any]:
    """Return the attributes that an item gains when it is settled: by a rejection, or by a plain answer.

    Where `answer_uri` stands instead of `detections`, the whole answer is in that object.
    """
    if isinstance(outcome, Rejection):
        return {"status": Status.REJECTED, "rejection": asdict(outcome)}
    return {"status": Status.ANSWERED, **outcome}


def to_entry(item: Item) -> Entry:
    """Read an entry. Its answer is None if the item does not hold the detections themselves."""
    rejection = item.get("rejection")
    return Entry(
        analysis=_analysis(item),
        status=Status.read(item["status"]),
        claim_id=item.get("claim_id", ""),
        lease_until=_instant(item.get("lease_until")),
        attempts=item.get("attempts", 0),
        unknown_attempts=item.get("unknown_attempts", 0),
        answer=from_plain(item) if "detections" in item else None,
        rejection=Rejection(**known_fields(Rejection, rejection)) if rejection else None,
        cost_micro_usd=item.get("cost_micro_usd", 0),
        dropped_micro_usd=item.get("dropped_micro_usd", 0),
        paid_at=_instant(item.get("paid_at")),
        asked_by=AskedBy.read(item.get("asked_by", AskedBy.NAME)),
    )


def _analysis(item: Item) -> Analysis:
    names = (item["analysis_id"], item["content"], item["feature"], json.loads(item["parameters"]))
    lane = Lane(item["lane"]) if "lane" in item else None
    return Analysis(*names, item["generation"], item["image_id"], lane, item.get("redriven", False))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


FOLDER = "sightline/answers"


class AnswerFiles:
    """Large answers in `bucket`, each under a key that names its own content: nothing is ever written over.

    Two claimants who answer the same analysis therefore never disturb each other's object; the row says which counts.
    """

    def __init__(self, buckets: Buckets, bucket: str) -> None:
        self._buckets = buckets
        self._bucket = bucket

    def write(self, analysis_id: str, plain: Json) -> str:
        """Keep an answer and return its URI. Written twice, it is the same object."""
        text = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
        key = f"{FOLDER}/{analysis_id}/{hashlib.sha256(text).hexdigest()}.json"
        uri = ObjectUri(self._bucket, key)
        self._buckets.put(uri, text)
        return str(uri)

    def read(self, uri: str) -> Json:
        """Read an answer. A lost one is no fault of an image: it raises ConfigurationError, not a RejectedError."""
        try:
            _, text = self._buckets.get(ObjectUri.parse(uri))
        except RejectedError as error:
            raise ConfigurationError(
                uri,
                rule=f"the ledger's answer must be where its row says ({error.rule})",
                remedy="Restore the object, or pay for the analysis again with a new generation",
            ) from error
        return json.loads(text)
