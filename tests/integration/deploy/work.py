"""What workers do in a full run: every step of an image, every scheduled task, and what goes wrong on the way."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dev.clips.mp4 import write_clip
from sightline.errors import (
    AccessDenied,
    BudgetSpent,
    ImageChanged,
    ImageMissing,
    InvalidParameter,
    ObjectRefused,
    OutcomeUnknown,
    SlotRefused,
)
from sightline.models.answers import Box, Json
from sightline.models.bucket_refusals import Reader
from sightline.models.images import Lane, State
from sightline.models.people import Consent, DueSearch, Match, Person, Word
from sightline.queues.steps import DETECT, ingest_step
from sightline.ratelimit.protocol import Funds
from sightline.rekognition.features import feature_named
from sightline.services import (
    bookkeeping,
    need_estimate,
    parity,
    purge,
    reconcile,
    review_planning,
    sweep,
    sync,
    videos,
)
from sightline.services.collaborators import Services
from sightline.services.comparing import compare_step
from sightline.services.failures import keep_failure
from sightline.services.leased_runs import LeasedRun, run_under_lease
from sightline.services.need import Ask, Near, Need
from sightline.services.people import expiry
from sightline.services.people import searching as people_search
from sightline.services.rollups import run as rollups
from sightline.services.rollups.writing import OPEN_DAYS
from sightline.services.schedule import TASKS
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.comparisons import Comparison, Request
from sightline.storage.pauses import OUTCOMES_KEPT, Outcome
from sightline.testing.fake import PERSON, picture
from sightline.testing.money import treasury_of
from tasks.quarantine import Suspect, refuse, watched
from tests.clips import clip_bytes
from tests.integration.deploy.deployed import Deployed
from workers.circuit_breakers import ConsumptionControl, QueueSubscriptions
from workers.metrics_system import SystemMetrics, sources

MINUTE = timedelta(minutes=1)


def carry_images(world: Deployed) -> None:
    """Carry good images, a bad one, one that is replaced, one that is deleted and one that is no image."""
    good = [world.upload(number, picture(number)) for number in range(3)]
    bad = world.upload(3, b"no picture")
    clip = world.upload(4, b"a clip").removesuffix("jpg") + "mp4"
    world.clock.move(5 * MINUTE)
    world.add(good[0], bad)
    world.send([ingest_step(clip, Lane.LIVE), ingest_step(good[1], Lane.LIVE)])
    world.work()
    world.overwrite(bad, picture(4))
    world.overwrite(good[0], picture(5))
    world.camera.delete(ObjectUri.parse(good[1]))
    world.add(good[0], bad, good[1], good[2])
    world.work()


def pay_by_need(world: Deployed) -> None:
    """Let an image's labels ask for its text, and another one look like it; then overwrite the one that stands in."""
    of_all = world.services
    world.services = _by_need(of_all)
    uri, like = world.upload(9, picture(9)), world.upload(16, picture(16))
    for each in (uri, like):
        world.add(each)
        world.work()
    row, spared = of_all.images.get(uri), of_all.images.get(like)
    assert row
    assert ["labels", "text"] == sorted(row.parts)
    assert spared
    assert spared.shown_with
    world.overwrite(uri, picture(17))
    world.add(uri)
    world.work()
    spared = of_all.images.get(like)
    assert spared
    assert State.RECEIVED is spared.state
    world.add(like)
    world.work()
    world.services = of_all


def _by_need(services: Services) -> Services:
    plan, text = services.plan, {"text": feature_named("text").parameters}
    near = Near(seconds=60, bits=0)
    need = Need(asks={"text": Ask(labels={"Person": 50})}, near=near, control_percent=1e-9)
    return replace(services, plan=replace(plan, features={**plan.features, **text}, need=need))


def take_frames(world: Deployed) -> None:
    """Take a video whose first message is lost, overwrite it so that its frames go, and meet a bad one."""
    uri = world.upload(15, clip_of(4)).removesuffix("jpg") + "mp4"
    world.overwrite(uri, clip_of(4))
    world.add_video(uri)
    world.sent.clear()
    for data in (clip_of(4), clip_of(2), b"no video"):
        world.overwrite(uri, data)
        world.add_video(uri)
        world.work()
        world.clock.move(5 * MINUTE)
        run_under_lease(videos.RECONCILE, world.services, lambda run: _send_videos(world, run))
        world.work()
    videos.keep_failure(ValueError("odd"), uri, world.services)


def run_jobs(world: Deployed) -> None:
    """Run the jobs of a video, of which nobody tells, and one that fails."""
    uri = world.upload(16, b"").removesuffix("jpg") + "mp4"
    with TemporaryDirectory() as folder:
        pictures = [np.full((96, 96, 3), shade, np.uint8) for shade in (20, 80)]
        world.overwrite(uri, write_clip(Path(folder) / "clip.mp4", pictures).read_bytes())
    quoted = videos.quote(uri, world.services)
    world.add_video(uri)
    world.services.job_runner.add(quoted.jobs, Lane.LIVE, world.send)
    world.work()
    world.job_client.fail("aws-1", "no reason")
    for _ in range(2):
        world.clock.move(5 * MINUTE)
        run_under_lease(videos.RECONCILE, world.services, lambda run: _send_videos(world, run))
        world.work()
    assert {"complete", "rejected"} == {
        job.state for job_id in world.services.videos.get(uri).jobs.values()
        if (job := world.services.video_jobs.get(job_id))
    }  # fmt: skip


def _send_videos(world: Deployed, run: LeasedRun) -> Mapping[str, Json]:
    return videos.reconcile_videos(world.services, run.goes_on, world.send)


def clip_of(seconds: int) -> bytes:
    """Return a clip of so many seconds."""
    with TemporaryDirectory() as folder:
        return clip_bytes(Path(folder), seconds)


def overwrite_again_and_again(world: Deployed) -> None:
    """Drop answers until a copy is held, then ask about a large copy by its name."""
    uri = world.upload(10, picture(10))
    world.add(uri)
    for number in range(20, 24):
        world.detector.script.append(lambda number=number: (world.overwrite(uri, picture(number)), PERSON)[1])
        world.work()
        world.send([ingest_step(uri, Lane.LIVE)])
    world.work()


def refuse_a_bucket(world: Deployed) -> None:
    """Refuse images until their bucket waits, then one image alone, and let all go on."""
    uris = [world.upload(number, picture(number), "gate") for number in range(30, 40)]
    gate = world.services.bucket_gate
    world.detector.script.extend([ImageMissing("unseen")] * 40)
    world.add(*uris)
    for _ in range(3):
        world.work()
        world.clock.move(2 * MINUTE)
        _reconcile(world)
    world.detector.script.clear()
    for _ in range(10):
        world.work()
        world.clock.move(2 * MINUTE)
        _reconcile(world)
    alone = ObjectUri.parse(uris[0])
    for _ in range(5):
        with suppress(ObjectRefused):
            error = gate.refused(str(alone), Reader.S3, AccessDenied(str(alone)))
            world.clock.move(6 * MINUTE)
            gate.known()
            gate.passed(uris[1], Reader.S3)
            if isinstance(error, ObjectRefused):
                break
    keep_failure(
        ImageChanged(uris[2]), uris[2], DETECT, images=world.services.images, operations=world.services.operations
    )


def stop_a_camera(world: Deployed) -> None:
    """Stop a camera whose images are bad, and let it go on because they were replaced."""
    pauses, breaker = world.services.operations.pauses, world.services.rejection_breaker
    many = [Outcome.of(f"s3://frames/porch/{each}", "porch", 1, "NotAnImage") for each in range(OUTCOMES_KEPT)]
    pauses.note_outcomes("live#porch", many)
    bad = world.upload(50, b"no picture", "porch")
    world.clock.move(5 * MINUTE)
    world.add(bad)
    world.work()
    waiting = world.upload(51, picture(51), "porch")
    world.add(waiting)
    world.work()
    assert breaker.is_stopped(waiting, Lane.LIVE)
    pauses.note_outcomes("live#porch", [Outcome.of(f"s3://frames/porch/{n}", "porch", 2, "") for n in range(180)])
    world.overwrite(bad, picture(52))
    world.add(bad)
    world.work()
    assert not breaker.is_stopped(waiting, Lane.LIVE)


def fail(world: Deployed) -> None:
    """Lose answers, fail for an image's own reason until it is stuck, and meet a message that was there before."""
    s = world.services
    uri = world.upload(60, picture(60), "hall")
    world.detector.script.extend([OutcomeUnknown("Rekognition")] * 3)
    world.add(uri)
    world.work()
    for _ in range(reconcile.MAX_ROUNDS + 3):
        keep_failure(ImageChanged(uri), uri, DETECT, images=s.images, operations=s.operations)
        world.clock.move(timedelta(hours=2))
        _reconcile(world)
        world.sent.clear()
    assert s.images.count_by_state().by_state[State.STUCK]
    suspect = Suspect("detect_feature#x", uri, "1", was_taken=True, is_alone=False)
    with watched(suspect, s.operations.attempts.begun(suspect.step_id), s.operations):
        pass
    refuse(suspect, s.operations)


def find_a_rate_of_an_older_version(world: Deployed) -> None:
    """Keep the quota that an older version left in Redis alone."""
    operation = feature_named("labels").operation
    world.older_limiter.override(operation, 20.0, "set by an older version")
    world.services.limiter.rates()


def keep_the_schedule(world: Deployed) -> None:
    """Run every scheduled task, some of them twice: the second time they go on from what the first one kept."""
    s = world.services
    for _ in range(2):
        run_under_lease(sweep.NAME, s, lambda run: sweep.sweep(s, run.goes_on, world.send))
        world.work()
        run_under_lease(sync.NAME, s, lambda run: sync.run_sync(run, s))
        world.clock.move(timedelta(hours=13))
    _reconcile(world)
    world.work()
    world.clock.move(timedelta(days=2))
    rollups.run_roll_up(rollups.RollUp(s), s)
    run_under_lease(parity.CHOOSE, s, lambda _: parity.run_choose(s))
    run_under_lease(parity.CHECK, s, lambda run: parity.run_check(run, s))
    run_under_lease(purge.NAME, s, lambda run: purge.purge(s.graph, s.clock(), run.goes_on))
    for _ in range(2):  # the second time the plan is there
        run_under_lease(review_planning.NAME, s, lambda run: review_planning.plan_review(s, run.goes_on))
    run_under_lease(bookkeeping.NAME, s, lambda run: bookkeeping.run_bookkeeping(run, s))
    by_need = _by_need(s)
    run_under_lease(need_estimate.NAME, by_need, lambda run: need_estimate.run_estimate(run, by_need))
    run_under_lease(people_search.NAME, s, lambda run: s.searching.run(run.goes_on))
    run_under_lease(expiry.NAME, s, lambda run: expiry.expire(s.forgetting, s.people_policy, run.goes_on))
    assert {task.name for task in TASKS} == {*s.operations.runs.last()}


def roll_up_late(world: Deployed) -> None:
    """Count an image that came too late for its day's figures, which are closed."""
    s = world.services
    world.clock.move(timedelta(days=OPEN_DAYS + 1))
    first = min(each.image_id for each in s.images.scan() if "/yard/" in each.image_id)
    late = f"{first[:-6]}59.jpg"
    world.overwrite(late, picture(70))
    world.add(late)
    world.work()
    world.clock.move(timedelta(hours=1))
    run_under_lease(sync.NAME, s, lambda run: sync.run_sync(run, s))
    rollups.run_roll_up(rollups.RollUp(s), s)


def _reconcile(world: Deployed) -> None:
    s = world.services

    run_under_lease(reconcile.NAME, s, lambda run: reconcile.run_reconcile(run, s, world.send))


class Taken(QueueSubscriptions):
    """The queues of a consumer, one of which somebody outside has cancelled."""

    def __init__(self, queues: list[str]) -> None:
        self.now = queues

    def taken(self) -> list[str]:
        return self.now

    def change(self, leave: object, take: object) -> None:
        pass


def watch_over_a_worker(world: Deployed) -> None:
    """Mend its subscriptions, tell that it is refused and that it goes on, and read the whole system's metrics."""
    s = world.services
    keeper = ConsumptionControl(
        ["ingest", "ingest.backfill"], Taken(["ingest"]), s.worker_breaker, s.operations, s.clock
    )
    for _ in range(4):
        keeper.look()
    for _ in range(10):
        s.worker_breaker.refused(AccessDenied("Rekognition"))
    keeper.look()
    s.worker_breaker.worked()
    world.clock.move(timedelta(hours=1))
    keeper.look()
    SystemMetrics(sources(s), s.clock).refresh()


def compare_faces(world: Deployed) -> None:
    """Answer what users of the console ask for: lost, waiting, failing, and without a face."""
    uris = [world.upload(number, picture(number), "gate") for number in range(70, 73)]
    world.add(*uris)
    world.work()
    comparing = world.services.comparing
    rows = [row for uri in uris if (row := world.services.images.get(uri))]
    lost = comparing.request(rows[0], rows[1], "ann")
    world.detector.script.append(SlotRefused("Rekognition"))
    for _ in range(2):
        world.clock.move(5 * MINUTE)
        world.send(comparing.due())
        world.work()
    assert comparing.kept(lost.pair.comparison_id)
    world.detector.script.append(AccessDenied("Rekognition"))
    world.send([compare_step(_asked(comparing.request(rows[1], rows[2], "ann")))])
    world.work()
    world.detector.script.extend([InvalidParameter("two pictures")] * 2)
    world.send([compare_step(_asked(comparing.request(rows[2], rows[0], "ann")))])
    world.work()
    comparing.operations.comparisons.drop(lost.pair.comparison_id)  # as under a policy that became stricter


def _asked(found: Request | Comparison) -> Request:
    assert isinstance(found, Request)
    return found


def spend_a_budget(world: Deployed) -> None:
    """Take the whole budget, meet its end, and give back what is left of a day."""
    treasury = treasury_of("0.001 USD/day", world.services.operations, world.clock)
    charge = treasury.charge("labels", Lane.LIVE)
    assert charge
    taken = treasury.take(charge, Funds(), 1, 0)
    with suppress(BudgetSpent):
        treasury.take(charge, Funds(), 1, 0)
    treasury.give_back(charge.purse, charge.day, taken)


def keep_candidate(world: Deployed, uri: str) -> None:
    """Keep what a search has found of everyone who is enrolled."""
    now, box = world.clock(), Box(0.25, 0.25, 0.5, 0.5)
    people = world.services.operations.people
    for person in people.all():
        expires_at = now + timedelta(days=1)
        people.keep(Match(uri, person.person_id, person.name, "0" * 64, 99.5, box, now, expires_at))


def know_people(world: Deployed) -> None:
    """Enrol as an operator does, renew, lose a call's answer, search what is due, and expire."""
    people, searching = world.services.operations.people, world.services.searching
    uris = [world.upload(number, picture(number), "gate") for number in (75, 76)]
    world.add(*uris)
    world.work()
    now, today = world.clock(), world.clock().date()
    consent = Consent("Bob", today, today, "see that all rights are there", "c" * 64)
    bob = people.add(Person("Bob", "2" * 32, consent, now))
    people.renew(bob, replace(consent, sha256="d" * 64))
    for is_unknown in (False, True):
        lost = people.claim(bob, "b" * 64, "bob.jpg", world.services.faces.name)
        assert lost
        people.release(lost, is_unknown=is_unknown)
    again = people.claim(bob, "b" * 64, "bob.jpg", world.services.faces.name)
    assert again
    people.settle(again, "face")
    for due in (DueSearch(uri, Lane.LIVE, now) for uri in uris):
        people.note_due(due, now + timedelta(days=1))
        people.leave_due(due)  # as if Rekognition had been away
    keep_candidate(world, uris[0])
    assert {"no face": 2} == dict(searching.run(lambda: True))
    people.say(people.matches()[0], Word.DENIED, "ann")
    world.clock.move(timedelta(days=3))
    assert 1 == expiry.expire(world.services.forgetting, world.services.people_policy, lambda: True)["forgotten"]


DOINGS: tuple[Callable[[Deployed], None], ...] = (
    carry_images,
    pay_by_need,
    take_frames,
    run_jobs,
    overwrite_again_and_again,
    refuse_a_bucket,
    stop_a_camera,
    fail,
    watch_over_a_worker,
    find_a_rate_of_an_older_version,
    keep_the_schedule,
    compare_faces,
    know_people,
    roll_up_late,
    spend_a_budget,
)
