"""Comparisons of faces: each is claimed, paid once and settled, as in the ledger, and unlike there it expires.

They are biometric, so they are kept apart: an expired one counts as gone before TTL removes it, one that was forgotten
is not written again by a call that was on its way, and all of a picture's are found by one consistent query.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, cast

from typing_extensions import override

from sightline.errors import LeaseHeld
from sightline.models.comparisons import Compared, from_plain, to_plain
from sightline.models.stored import StoredEnum
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, any_of, at_most, equals, exists, greater, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

COMPARISON, REQUEST = "comparison", "comparison_request"


class Standing(StoredEnum):
    """Where a comparison stands. `released`: claimed once, and given back unpaid."""

    CLAIMED = "claimed"
    RELEASED = "released"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Pair:
    """What is compared. source, target: sha256 of the bytes, hex; expires_at: when it may be kept no longer.

    Of a search for a known person, target is the collection that one face of the source is searched for in.
    """

    comparison_id: str
    source: str
    target: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison, as it is kept.

    unknown_attempts: claims that ended with no word: they may have been billed
    took_over: of what `claim` returns: it has counted such a claim, whose holder died
    """

    pair: Pair
    standing: Standing
    claim_id: str = ""
    lease_until: datetime | None = None
    attempts: int = 0
    unknown_attempts: int = 0
    compared: Compared | None = None
    cost_micro_usd: int = 0
    at: datetime | None = None
    took_over: bool = False

    @property
    def free_at(self) -> datetime | None:
        """Return when another may claim it; None if nobody holds a lease."""
        return self.lease_until and self.lease_until + TAKEOVER_AFTER


@dataclass(frozen=True, slots=True)
class Request:
    """A comparison that a user asked the workers for. source, target: URIs; contents as their rows said.

    tries: how often a worker began and did not end, or met what may have been billed; begun_at: the last time
    failure: why it cannot succeed
    """

    pair: Pair
    source: str
    target: str
    by: str
    at: datetime
    tries: int = 0
    begun_at: datetime | None = None
    failure: str | None = None


class Comparisons(Protocol):
    """What every store of comparisons does. What has expired is not there, whoever reads."""

    def get(self, comparison_id: str) -> Comparison | None:
        """Read one, consistently."""

    def claim(self, pair: Pair) -> Comparison:
        """Claim the right to one HTTP attempt; an answered one is returned as it is.

        Raise LeaseHeld until another's claim is free, which is so TAKEOVER_AFTER past its lease.
        """

    def settle(self, claimed: Comparison, compared: Compared, cost_micro_usd: int) -> Comparison:
        """Keep an answer, also a late one; return what is kept. What was forgotten meanwhile is not written again."""

    def release(self, claimed: Comparison, *, is_unknown: bool = False) -> None:
        """Give the claim back: nothing was paid, or (`is_unknown`) nobody can say."""

    def ask(self, request: Request) -> Request:
        """Keep a request; the same one is kept once, and one that failed is asked again."""

    def request(self, comparison_id: str) -> Request | None:
        """Read a request, consistently."""

    def requests(self) -> list[Request]:
        """Return what is still waited for: no answer, and no failure."""

    def begin(self, comparison_id: str) -> Request | None:
        """Count a try; None if nobody waits for it."""

    def wait(self, comparison_id: str) -> None:
        """Take back a try that ended for a reason which says nothing about the comparison."""

    def fail(self, comparison_id: str, failure: str) -> None:
        """Note why a request cannot succeed."""

    def drop(self, comparison_id: str) -> None:
        """Remove a comparison."""

    def done(self, comparison_id: str) -> None:
        """Remove a request: its answer is kept."""

    def of_picture(self, content: str | None = None) -> list[str]:
        """Return the ids of all that is kept about a picture, by its sha256; None: of any picture. Expired ones too."""

    def forget(self, content: str) -> int:
        """Remove all that is kept about a picture; return how many comparisons and requests that was."""


class DynamoComparisons(Comparisons):
    """The comparisons of the table of operations."""

    def __init__(self, table: DynamoTable, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    @override
    def get(self, comparison_id: str) -> Comparison | None:
        item = self._table.get(_key(COMPARISON, comparison_id))
        return _comparison(item) if item and self._holds(item) else None

    @override
    def claim(self, pair: Pair) -> Comparison:
        key, claim_id, dead = _key(COMPARISON, pair.comparison_id), uuid.uuid4().hex, ""
        while True:  # each pass means that another process has just changed the item; its lease soon ends the loop
            only_if = _claimed_as(dead) if dead else self._is_free()
            outcome = self._table.update(key, self._claim(pair, claim_id, is_unknown=bool(dead)), only_if)
            standing = _comparison(cast("Item", outcome.item))  # it is free where there is none
            if outcome.is_written or standing.claim_id == claim_id:
                return replace(standing, took_over=bool(dead))
            if standing.standing is Standing.ANSWERED:
                return standing
            dead = self._dead(standing)

    def _claim(self, pair: Pair, claim_id: str, *, is_unknown: bool) -> Change:
        change = Change().set_all(source=pair.source, target=pair.target, status=Standing.CLAIMED, claim_id=claim_id)
        change.set_all(lease_until=instant(self._clock() + CLAIM_LEASE), compared=None, paid_at=None)
        change.set("expires_at", _seconds(pair.expires_at)).add("attempts", 1)
        return change.add("unknown_attempts", 1) if is_unknown else change

    def _is_free(self) -> Condition:
        released = any_of(missing("status"), equals("status", Standing.RELEASED))
        return any_of(released, all_of(equals("status", Standing.ANSWERED), at_most("expires_at", self._now)))

    def _dead(self, standing: Comparison) -> str:
        """Return the claim that may be taken over, or "" if it was given back; raise LeaseHeld while it is held."""
        if standing.free_at and self._clock() < standing.free_at:
            raise LeaseHeld(standing.pair.comparison_id, free_at=standing.free_at)
        return standing.claim_id

    @override
    def settle(self, claimed: Comparison, compared: Compared, cost_micro_usd: int) -> Comparison:
        now = self._clock()
        change = Change().set_all(status=Standing.ANSWERED, compared=json.dumps(to_plain(compared)), claim_id=None)
        change.set_all(lease_until=None, cost_micro_usd=cost_micro_usd, paid_at=instant(now))
        unsettled = all_of(exists("status"), any_of(*(equals("status", each) for each in _UNSETTLED)))
        outcome = self._table.update(_key(COMPARISON, claimed.pair.comparison_id), change, unsettled)
        if outcome.item is None:
            answered = Standing.ANSWERED
            return replace(claimed, standing=answered, compared=compared, cost_micro_usd=cost_micro_usd, at=now)
        return _comparison(outcome.item)

    @override
    def release(self, claimed: Comparison, *, is_unknown: bool = False) -> None:
        change = Change().set("status", Standing.RELEASED).remove("claim_id", "lease_until")
        if is_unknown:
            change.add("unknown_attempts", 1)
        self._table.change(_key(COMPARISON, claimed.pair.comparison_id), change, _claimed_as(claimed.claim_id))

    @override
    def ask(self, request: Request) -> Request:
        pair = request.pair
        change = Change().set_all(source=pair.source, target=pair.target, expires_at=_seconds(pair.expires_at))
        change.set_all(source_uri=request.source, target_uri=request.target, asked_by=request.by, failure=None)
        change.set_all(asked_at=instant(request.at), tries=0, begun_at=None)
        may_ask = any_of(missing("kind"), exists("failure"), at_most("expires_at", self._now))
        outcome = self._table.update(_key(REQUEST, pair.comparison_id), change, may_ask)
        return _request(cast("Item", outcome.item))  # the one that is there, or the new one

    @override
    def request(self, comparison_id: str) -> Request | None:
        item = self._table.get(_key(REQUEST, comparison_id))
        return _request(item) if item and self._holds(item) else None

    @override
    def requests(self) -> list[Request]:
        waiting = all_of(missing("failure"), greater("expires_at", self._now))
        return [_request(item) for item in self._table.query(equals("kind", REQUEST), only_if=waiting)]

    @override
    def begin(self, comparison_id: str) -> Request | None:
        waiting = all_of(exists("kind"), missing("failure"), greater("expires_at", self._now))
        change = Change().add("tries", 1).set("begun_at", instant(self._clock()))
        outcome = self._table.update(_key(REQUEST, comparison_id), change, waiting)
        return _request(outcome.item) if outcome.is_written and outcome.item else None

    @override
    def wait(self, comparison_id: str) -> None:
        self._table.change(_key(REQUEST, comparison_id), Change().add("tries", -1), greater("tries", 0))

    @override
    def fail(self, comparison_id: str, failure: str) -> None:
        self._table.change(_key(REQUEST, comparison_id), Change().set("failure", failure), exists("kind"))

    @override
    def drop(self, comparison_id: str) -> None:
        self._table.delete(_key(COMPARISON, comparison_id), exists("kind"))

    @override
    def done(self, comparison_id: str) -> None:
        self._table.delete(_key(REQUEST, comparison_id), exists("kind"))

    @override
    def of_picture(self, content: str | None = None) -> list[str]:
        return [item["id"] for kind in (COMPARISON, REQUEST) for item in self._of(kind, content)]

    @override
    def forget(self, content: str) -> int:
        keys = [_key(kind, item["id"]) for kind in (COMPARISON, REQUEST) for item in [*self._of(kind, content)]]
        return sum(self._table.delete(key, exists("kind")) for key in keys)

    def _of(self, kind: str, content: str | None) -> list[Item]:
        shows = any_of(equals("source", content), equals("target", content)) if content else None
        return [*self._table.query(equals("kind", kind), only_if=shows, attributes=("id",))]

    def _holds(self, item: Item) -> bool:
        return bool(item["expires_at"] > self._now)

    @property
    def _now(self) -> int:
        return _seconds(self._clock())


_UNSETTLED = (Standing.CLAIMED, Standing.RELEASED)


def _key(kind: str, comparison_id: str) -> dict[str, str]:
    return {"kind": kind, "id": comparison_id}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _claimed_as(claim_id: str) -> Condition:
    return all_of(equals("status", Standing.CLAIMED), equals("claim_id", claim_id))


def _pair(item: Item) -> Pair:
    return Pair(item["id"], item["source"], item["target"], _at_seconds(item["expires_at"]))


def _at_seconds(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _comparison(item: Item) -> Comparison:
    compared = item.get("compared")
    return Comparison(
        pair=_pair(item),
        standing=Standing.read(item["status"]),
        claim_id=item.get("claim_id", ""),
        lease_until=_instant(item.get("lease_until")),
        attempts=item.get("attempts", 0),
        unknown_attempts=item.get("unknown_attempts", 0),
        compared=from_plain(json.loads(compared)) if compared else None,
        cost_micro_usd=item.get("cost_micro_usd", 0),
        at=_instant(item.get("paid_at")),
    )


def _request(item: Item) -> Request:
    return Request(
        pair=_pair(item),
        source=item["source_uri"],
        target=item["target_uri"],
        by=item["asked_by"],
        at=datetime.fromisoformat(item["asked_at"]),
        tries=item["tries"],
        begun_at=_instant(item.get("begun_at")),
        failure=item.get("failure"),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
