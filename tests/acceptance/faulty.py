"""A sightline whose workers reach each server by a proxy that can go silent, with means to let time pass for it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from dev.proxy import Proxy
from dev.stack import Stack
from dev.stack.processes import Process
from sightline.bootstrap import utc_now
from sightline.models.images import ImageRow, State
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.ledger.protocol import Entry, Status
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tests.acceptance.spine import BUCKET, REMEMBERED_PICTURES, WORKERS, Spine

ADDRESSES = {
    "redis": "SIGHTLINE_REDIS_URL",
    "neo4j": "SIGHTLINE_NEO4J_URI",
    "dynamodb": "SIGHTLINE_DYNAMODB_ENDPOINT",
    "s3": "SIGHTLINE_S3_ENDPOINT",
    "rekognition": "SIGHTLINE_REKOGNITION_ENDPOINT",
}
OUTAGE_SECONDS = 5.0
HEAL_EVERY_SECONDS = 1.5
LONGEST_CALL = timedelta(seconds=12)
"""An older claim belongs to no living worker: here no call takes longer, even with an outage."""

LATER = CLAIM_LEASE + TAKEOVER_AFTER + timedelta(seconds=1)


class Faulty(Spine):
    """A spine with proxies. Its own clients connect directly; its pictures differ from those of a plain spine."""

    _pictures = range(REMEMBERED_PICTURES // 2, REMEMBERED_PICTURES)

    def __init__(self, stack: Stack, wires: Mapping[str, Proxy]) -> None:
        super().__init__(stack)
        self.wires = wires
        _ = self.settings  # read before the workers get the proxies' addresses

    def worker_named(self, name: str) -> Process:
        return next(each for each in self.stack.processes if each.name == name)

    def kill_worker(self, name: str) -> None:
        """Kill a worker, as the kernel does if memory runs out, and start another."""
        self.worker_named(name).kill()
        self.stack.revive(name)

    def claims(self) -> list[Entry]:
        return [entry for entry in self.services.ledger.scan() if entry.status is Status.CLAIMED]

    def heal(self, uris: Iterable[str], states: Iterable[State] = (State.COMPLETE,)) -> dict[str, ImageRow]:
        """Let time pass and the reconciler run until each image is in one of these states."""
        asked, wanted, healed_at = list(uris), set(states), [time.monotonic()]

        def is_healed() -> bool:
            if time.monotonic() - healed_at[0] > HEAL_EVERY_SECONDS:
                self.pass_time()
                self.app.send_task("reconcile_images", queue="operations")
                healed_at[0] = time.monotonic()
            return len(asked) == sum(row.state in wanted for row in self.rows(asked).values())

        self.until(
            is_healed,
            lambda: f"{self.states(asked)}, queues {self.queues()}, claims {len(self.claims())}",
            lambda: (str(self.states(asked)), len(self.claims()), self.calls_bytes()),
        )
        return self.rows(asked)

    def pass_time(self) -> None:
        """Make every unfinished row due and release the claims of killed workers, as would happen minutes later."""
        for each in list(self.services.images.unfinished()):
            row = self.services.images.get(each.image_id)
            if row and row.next_check_at:
                self.services.images.postpone(row, utc_now() - timedelta(seconds=1), counts_round=False)
        self._free_orphans()

    def _free_orphans(self) -> None:
        own, settings = self.services.ledger, self.settings
        assert isinstance(own, DynamoLedger)
        later = DynamoLedger(
            own._table._client,
            settings.table_prefix,
            lambda: utc_now() + LATER,
            self.services.buckets,
            settings.checkpoint_bucket,
        )
        for entry in self.claims():
            if entry.lease_until and entry.lease_until - CLAIM_LEASE < utc_now() - LONGEST_CALL:
                later.release(later.claim(entry.analysis))

    def extra_calls(self, camera: str) -> int:
        """Count the calls about a camera's images that exceed one for each analysis."""
        calls = [call for call in self.calls(f"{camera}/") if call["outcome"] == "answered"]
        return len(calls) - len({(call["content"], call["operation"]) for call in calls})

    def unknown_attempts(self, camera: str) -> int:
        """Count the attempts about a camera's images whose outcome is unknown: each may have been billed."""
        begin = f"s3://{BUCKET}/{camera}/"
        entries = self.services.ledger.scan()
        return sum(entry.unknown_attempts for entry in entries if entry.analysis.image_id.startswith(begin))


@contextmanager
def working(stack: Stack) -> Iterator[Faulty]:
    """Put proxies in front of the running servers, then start workers that know only the proxies."""
    stack.set_up()
    direct, wires = stack.env, {name: Proxy(stack.layout.port(name)) for name in ADDRESSES}
    made = Faulty(stack, wires)
    with ExitStack() as ends:
        ends.callback(made.close)
        for wire in wires.values():
            ends.enter_context(wire)
        ends.callback(setattr, stack, "env", direct)
        ends.callback(stack.replicas.stop)
        stack.env = direct | {
            variable: direct[variable].replace(str(stack.layout.port(name)), str(wires[name].port))
            for name, variable in ADDRESSES.items()
        }
        stack.start_workers(WORKERS | {"operations": 1})
        yield made
