"""What several processes do with one store of operations: a brake that none of them could pull alone, and two beats."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from sightline.models.images import ImageRow, Lane, Rejection, State
from sightline.services.leased_runs import run_under_lease
from sightline.services.rejection_breaker import RejectionBreaker
from sightline.storage.pauses import OUTCOMES_KEPT, Cause
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import FakeSightline, uri_of

PROCESSES = 4
SHARE = OUTCOMES_KEPT // PROCESSES


def ended(number: int) -> ImageRow:
    at = MovingClock().now
    rejection = None if number % 5 == 0 else Rejection("NotAnImage", "x")
    return ImageRow(uri_of(f"{number}"), Lane.LIVE, State.ANALYSING, at, version=1, rejection=rejection)


def test_a_camera_stops_by_rejections_of_which_each_process_saw_only_some(operations, clock):
    camera_of = FakeSightline().services.rejection_breaker.camera_of
    breakers = [RejectionBreaker(operations, clock, camera_of, lambda *_: None) for _ in range(PROCESSES)]
    for process, breaker in enumerate(breakers):
        for number in range(SHARE):
            breaker.count(ended(process * SHARE + number), Lane.LIVE)
    for breaker in breakers[:2]:
        breaker.look()
    assert [] == list(operations.pauses.stops())
    for breaker in breakers[2:]:
        breaker.look()
    assert [("ingest", Cause.CAMERA, "yard")] == [
        (each.queue, each.cause, each.camera) for each in operations.pauses.stops()
    ]
    assert breakers[0].is_stopped(uri_of("next"), Lane.LIVE)


def test_of_two_beats_that_call_at_once_one_works_and_the_other_does_nothing(operations, clock):
    services = replace(FakeSightline(clock=clock).services, operations=operations)
    begin, ended, worked = Barrier(2), Barrier(2), []

    def call(beat: int) -> bool:
        begin.wait(30)

        def work(_: object) -> dict[str, int]:
            worked.append(beat)
            ended.wait(30)  # the other has been refused by then
            return {"beat": beat}

        is_ours = run_under_lease("reconcile_images", services, work)
        if not is_ours:
            ended.wait(30)
        return is_ours

    with ThreadPoolExecutor(2) as pool:
        turns = list(pool.map(call, range(2)))
    assert [worked[0] == 0, worked[0] == 1] == turns
    assert {"beat": worked[0]} == operations.runs.last()["reconcile_images"].outcome
