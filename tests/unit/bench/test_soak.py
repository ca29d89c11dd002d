"""The soak's own script and verdict: what it says must come from what it tried."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
import redis

from bench.soak import CANCELS
from bench.soak_costs import compared
from bench.soak_end import End, comparable
from bench.soak_environment import WORKERS, Environment, insisting
from bench.soak_faults import CANCEL, OUTAGES, Act, Faults, script
from bench.soak_report import Line, Report, Verdict
from dev.stack.errors import UnknownService
from sightline.models.images import AskedBy, Drops, FeatureResult, ImageRow, Lane, ResultStatus
from sightline.storage.images.transitions import new_row

NOW = datetime(2026, 11, 2, tzinfo=UTC)

SHAPES = ((300.0, 24, 60.0), (600.0, 100, 120.0), (60.0, 5, 60.0), (20.0, 40, 60.0))
"""Seconds, kills and the longest outage: the default, a long run, and two in which an outage may take all the time."""


def drawn(seed: int, shape: tuple[float, int, float] = SHAPES[0], cancels: int = 0) -> list[Act]:
    return script(random.Random(seed), *shape, cancels)  # noqa: S311 - the same script for the same seed


def waiting(acts: list[Act]) -> list[Act]:
    """Return the acts on a server that is away when they are due: they would wait for an act after them."""
    away: set[str] = set()
    found = []
    for act in acts:
        if act.what in {"kill", "freeze"}:
            away.add(act.whom)
        elif act.what in {"start", "thaw"}:
            away.discard(act.whom)
        elif (act.whom if act.what != CANCEL else "redis") in away:
            found.append(act)
    return found


def test_an_act_on_a_server_that_is_away_would_be_found():
    acts = [Act(1, "kill", "redis"), Act(2, "flush", "redis"), Act(3, "start", "redis"), Act(4, "flush", "redis")]
    assert [acts[1]] == waiting(acts)


def test_a_command_to_workers_while_redis_is_away_would_be_found():
    acts = [Act(1, "freeze", "redis"), Act(2, CANCEL, "labels"), Act(3, "thaw", "redis"), Act(4, CANCEL, "faces")]
    assert [acts[1]] == waiting(acts)


def waiting_in(seeds: Iterable[int], shape: tuple[float, int, float], cancels: int = 0) -> dict[int, list[Act]]:
    return {seed: found for seed in seeds if (found := waiting(drawn(seed, shape, cancels)))}


def row(*, finds: str, asked_by: AskedBy, drops: Drops | None) -> ImageRow:
    part = FeatureResult("L1", ResultStatus.ANSWERED, ((finds, 90.0),), asked_by=asked_by)
    return replace(new_row("s3://b/yard/a.jpg", Lane.LIVE, NOW), parts={"labels": part}, drops=drops)


def test_answers_that_were_dropped_on_the_way_make_no_difference_to_the_end_and_what_was_found_does():
    clean = comparable(row(finds="Dog", asked_by=AskedBy.NAME, drops=None))
    assert clean == comparable(row(finds="Dog", asked_by=AskedBy.COPY, drops=Drops(3, NOW)))
    assert clean != comparable(row(finds="Cat", asked_by=AskedBy.NAME, drops=None))


def test_no_act_of_two_thousand_scripts_waits_for_a_later_act():
    assert {} == waiting_in([*range(2_000), 20261127], SHAPES[0])


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_no_act_waits_for_a_later_one_in_short_and_long_runs(shape):
    assert {} == waiting_in(range(200), shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_cancelled_consumer_waits_for_a_later_act(shape):
    assert {} == waiting_in(range(500), shape, CANCELS)


def test_cancelled_consumers_leave_the_other_acts_of_a_seed_as_they_are():
    acts = drawn(7, cancels=CANCELS)
    cancels = [act for act in acts if act.what == CANCEL]
    assert (CANCELS, drawn(7)) == (len(cancels), [act for act in acts if act not in cancels])
    assert {act.whom for act in cancels} <= set(WORKERS)


def test_every_script_holds_all_faults_and_mends_what_it_breaks():
    for seed in range(200):
        acts = drawn(seed)
        assert sorted(acts) == acts
        assert 2 == sum(act.what == "flush" for act in acts)
        assert 25 == sum(act.what == "kill worker" for act in acts) == sum(act.what == "revive worker" for act in acts)
        assert set(OUTAGES) == {act.whom for act in acts if act.what in {"kill", "freeze"}}
        assert set(OUTAGES) == {act.whom for act in acts if act.what in {"start", "thaw"}}
        assert {act.whom.rpartition("-")[0] for act in acts if act.what == "kill worker"} <= set(WORKERS)


def test_two_seeds_make_two_scripts():
    assert drawn(1) != drawn(2)


def test_what_meets_an_absent_server_is_done_once_it_is_back():
    absences = iter([redis.ConnectionError("away"), redis.ConnectionError("away")])

    def ask() -> str:
        for absence in absences:
            raise absence
        return "done"

    assert "done" == insisting(ask, lambda: None)


class OneServer:
    """A stack with Redis only: an act on another server fails."""

    def __init__(self) -> None:
        self.stack = self
        self.thawed: list[str] = []

    def server(self, name: str) -> "OneServer":
        if name != "redis":
            raise UnknownService(name)
        return self

    def thaw(self) -> None:
        self.thawed.append("redis")


def test_an_act_that_fails_is_noted_and_the_later_ones_are_done():
    one = OneServer()
    faults = Faults(cast("Environment", one), [Act(0, "thaw", "neo4j"), Act(0, "thaw", "redis")])
    faults.play()
    assert (["redis"], {"thaw": 1}) == (one.thawed, faults.done)
    assert [UnknownService] == [type(error) for error in faults.failed]


KEPT = Report((Line("images lost", 0, 0), Line("calls", 9)))
END = End({"s3://images/a": "row"}, frozenset({"edge"}))


def test_a_run_like_the_clean_one_keeps_its_promises():
    report = KEPT.compared(END, END)
    assert (Verdict.KEPT, 0) == (report.verdict, int(report.verdict))


def test_a_row_that_differs_from_the_clean_run_is_a_broken_promise():
    report = KEPT.compared(END, End({"s3://images/a": "another"}, END.graph))
    assert (Verdict.BROKEN, 1) == (report.verdict, int(report.verdict))
    assert ["rows that differ from a clean run"] == [line.words for line in report.violations]


def test_a_comparison_that_could_not_be_made_is_no_verdict():
    report = KEPT.not_compared("the clean run failed: it stood still")
    assert (Verdict.NONE, 3) == (report.verdict, int(report.verdict))
    assert ("the clean run failed: it stood still",) == report.undecided


def test_a_promise_broken_before_the_comparison_stays_broken_without_it():
    broken = Report((Line("images lost", 2, 0),))
    assert Verdict.BROKEN is broken.not_compared("the clean run failed").verdict


def test_a_soak_that_failed_itself_breaks_no_promise():
    failed = Report((Line("images lost", 2, 0),), undecided=("the soak itself failed",)).without_promises()
    assert Verdict.NONE is failed.compared(END, End({}, frozenset())).verdict


def test_lines_that_are_added_count_towards_the_verdict():
    assert Verdict.BROKEN is KEPT.with_lines([Line("stopped cameras", 1, 0)]).verdict
    assert Verdict.KEPT is KEPT.with_lines([Line("stopped cameras", 0, 0)]).verdict


def test_uploads_that_failed_leave_no_verdict():
    report = KEPT.with_lines([Line("stopped cameras", 1, 0)]).failed_itself([LookupError("no bucket")])
    assert (Verdict.NONE, ("the soak itself failed: LookupError('no bucket')",)) == (report.verdict, report.undecided)
    assert Verdict.NONE is report.with_lines([Line("another", 1, 0)]).verdict
    assert KEPT == KEPT.failed_itself([])


@pytest.mark.parametrize(
    ("billed", "unknown", "beyond"),
    [
        (3000, 2000, (0, 0)),
        (5000, 2000, (0, 0)),
        (2000, 2000, (1e-3, 0)),
        (6000, 2000, (1e-3, 0)),
        (4000, 0, (0, 2e-3)),
    ],
)
def test_a_cost_whose_range_does_not_hold_what_was_billed_or_is_wider_than_what_is_unknown_is_broken(
    billed, unknown, beyond
):
    section = {
        "month_usd": {"labels": 0.002, "faces": 0.001},
        "month_usd_at_most": {"labels": 0.003, "faces": 0.001, "text": 0.001},
    }
    *_, outside, width = compared(section, billed, unknown)
    assert beyond == pytest.approx((outside.value, width.value))
    assert any(beyond) == (outside.is_broken or width.is_broken)
