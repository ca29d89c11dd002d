"""The in-memory fake of the comparisons."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Lock

from typing_extensions import override

from sightline.errors import LeaseHeld
from sightline.models.comparisons import Compared, from_plain, to_plain
from sightline.storage.comparisons import Comparison, Comparisons, Pair, Request, Standing
from sightline.timing import CLAIM_LEASE


class InMemoryComparisons(Comparisons):
    """Comparisons for tests, with the rules of the real ones. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: dict[str, Comparison] = {}
        self._requests: dict[str, Request] = {}
        self._lock = Lock()

    @override
    def get(self, comparison_id: str) -> Comparison | None:
        found = self._kept.get(comparison_id)
        return found if found and self._holds(found.pair) else None

    @override
    def claim(self, pair: Pair) -> Comparison:
        pair = _in_seconds(pair)
        with self._lock:
            standing = self._kept.get(pair.comparison_id) or Comparison(pair, Standing.RELEASED)
            if standing.standing is Standing.ANSWERED and self._holds(standing.pair):
                return standing
            ended_unknown = self._ended_unknown(standing)
            claimed = replace(
                standing,
                pair=pair,
                standing=Standing.CLAIMED,
                claim_id=uuid.uuid4().hex,
                lease_until=self._clock() + CLAIM_LEASE,
                attempts=standing.attempts + 1,
                unknown_attempts=standing.unknown_attempts + ended_unknown,
                took_over=ended_unknown,
                compared=None,
                at=None,
            )
            self._kept[pair.comparison_id] = replace(claimed, took_over=False)
            return claimed

    def _ended_unknown(self, standing: Comparison) -> bool:
        if standing.standing is not Standing.CLAIMED:
            return False
        if standing.free_at is None or self._clock() < standing.free_at:
            raise LeaseHeld(standing.pair.comparison_id, free_at=standing.free_at)
        return True

    @override
    def settle(self, claimed: Comparison, compared: Compared, cost_micro_usd: int) -> Comparison:
        with self._lock:
            standing = self._kept.get(claimed.pair.comparison_id)
            if standing and standing.standing is Standing.ANSWERED:
                return standing
            settled = replace(
                standing or claimed,
                standing=Standing.ANSWERED,
                claim_id=claimed.claim_id if standing is None else "",
                lease_until=claimed.lease_until if standing is None else None,
                compared=from_plain(json.loads(json.dumps(to_plain(compared)))),
                cost_micro_usd=cost_micro_usd,
                at=self._clock(),
            )
            if standing:
                self._kept[claimed.pair.comparison_id] = settled
            return settled

    @override
    def release(self, claimed: Comparison, *, is_unknown: bool = False) -> None:
        with self._lock:
            standing = self._kept.get(claimed.pair.comparison_id)
            if standing and standing.standing is Standing.CLAIMED and standing.claim_id == claimed.claim_id:
                unknown = standing.unknown_attempts + is_unknown
                free = replace(standing, standing=Standing.RELEASED, claim_id="", lease_until=None)
                self._kept[claimed.pair.comparison_id] = replace(free, unknown_attempts=unknown)

    @override
    def ask(self, request: Request) -> Request:
        name = request.pair.comparison_id
        with self._lock:
            standing = self._requests.get(name)
            if standing is None or standing.failure or not self._holds(standing.pair):
                self._requests[name] = replace(
                    request, pair=_in_seconds(request.pair), tries=0, begun_at=None, failure=None
                )
            return self._requests[name]

    @override
    def request(self, comparison_id: str) -> Request | None:
        found = self._requests.get(comparison_id)
        return found if found and self._holds(found.pair) else None

    @override
    def requests(self) -> list[Request]:
        waiting = [each for each in self._requests.values() if each.failure is None and self._holds(each.pair)]
        return sorted(waiting, key=lambda each: each.pair.comparison_id)

    @override
    def begin(self, comparison_id: str) -> Request | None:
        with self._lock:
            found = self.request(comparison_id)
            if found is None or found.failure:
                return None
            self._requests[comparison_id] = replace(found, tries=found.tries + 1, begun_at=self._clock())
            return self._requests[comparison_id]

    @override
    def wait(self, comparison_id: str) -> None:
        with self._lock:
            found = self._requests.get(comparison_id)
            if found and found.tries > 0:
                self._requests[comparison_id] = replace(found, tries=found.tries - 1)

    @override
    def fail(self, comparison_id: str, failure: str) -> None:
        with self._lock:
            if found := self._requests.get(comparison_id):
                self._requests[comparison_id] = replace(found, failure=failure)

    @override
    def drop(self, comparison_id: str) -> None:
        self._kept.pop(comparison_id, None)

    @override
    def done(self, comparison_id: str) -> None:
        self._requests.pop(comparison_id, None)

    @override
    def of_picture(self, content: str | None = None) -> list[str]:
        return [name for kept in (self._kept, self._requests) for name in self._of(kept, content)]

    @override
    def forget(self, content: str) -> int:
        with self._lock:
            named = [(kept, name) for kept in (self._kept, self._requests) for name in self._of(kept, content)]
            for kept, name in named:
                del kept[name]
            return len(named)

    def _of(self, kept: dict[str, Comparison] | dict[str, Request], content: str | None) -> list[str]:
        return sorted(
            name for name, each in kept.items() if content is None or content in {each.pair.source, each.pair.target}
        )

    def _holds(self, pair: Pair) -> bool:
        return int(pair.expires_at.timestamp()) > int(self._clock().timestamp())


def _in_seconds(pair: Pair) -> Pair:
    return replace(pair, expires_at=pair.expires_at.replace(microsecond=0))
