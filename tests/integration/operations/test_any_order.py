"""Two who want one lease, in any order."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sightline.storage.leases import Lease
from sightline.storage.operations import Operations
from sightline.testing.clocks import MovingClock
from sightline.testing.operations import in_memory_operations
from tests.examples import examples


class LeaseMachine(RuleBasedStateMachine):
    """Two who want one lease, in every order, while the clock moves: never two at once, and fences never fall."""

    def __init__(self, operations: Operations, clock: MovingClock) -> None:
        super().__init__()
        self.operations = operations
        self.clock = clock
        self.name = uuid4().hex
        self.last: dict[str, Lease] = {}
        self.standing: Lease | None = None
        self.fence = 0

    @rule(who=st.sampled_from(["left", "right"]), seconds=st.integers(1, 120))
    def acquire(self, who: str, seconds: int) -> None:
        before = self.standing
        lease = self.operations.leases.acquire(self.name, who, timedelta(seconds=seconds))
        if lease is None:
            assert before is not None
            assert before.holder != who
            assert self.clock.now < before.until
            return
        is_same = before is not None and before.holder == who
        assert is_same or before is None or before.until <= self.clock.now
        assert lease.fence == self.fence if is_same else lease.fence > self.fence
        self.standing = self.last[who] = lease
        self.fence = lease.fence

    @rule(who=st.sampled_from(["left", "right"]))
    def release(self, who: str) -> None:
        if who in self.last:
            self.operations.leases.release(self.last[who])
            if self.standing and (self.standing.holder, self.standing.fence) == (who, self.last[who].fence):
                self.standing = None

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))

    @invariant()
    def the_fence_of_a_holder_is_the_highest(self) -> None:
        assert all(lease.fence <= self.fence for lease in self.last.values())


@pytest.mark.parametrize(("kind", "in_ci"), [("memory", 200), ("dynamodb", 15)])
def test_no_order_of_two_holders_gives_a_lease_to_both(
    request: pytest.FixtureRequest, clock: MovingClock, kind: str, in_ci: int
) -> None:
    def machine() -> LeaseMachine:
        is_real = kind == "dynamodb"
        store = request.getfixturevalue("make_dynamo")() if is_real else in_memory_operations(clock)
        return LeaseMachine(store, clock)

    run_state_machine_as_test(machine, settings=examples(in_ci, stateful_step_count=20, deadline=None))  # type: ignore[arg-type]
