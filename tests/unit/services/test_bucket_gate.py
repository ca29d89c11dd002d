"""A bucket or prefix that refuses: its images wait, few calls are made, one dead letter says why, and all go on."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from sightline.errors import (
    AccessDenied,
    BucketWaits,
    ImageMissing,
    RejectedError,
    RetryableError,
    SightlineError,
    Throttled,
    Unavailable,
)
from sightline.models.bucket_refusals import Reader, prefix_of
from sightline.models.images import State
from sightline.queues.steps import INGEST, Step
from sightline.rekognition.aws_errors import translate
from sightline.services.bucket_gate import BucketGate, is_lasting
from sightline.services.dead_letters import write_dead_letter
from sightline.services.failures import keep_failure
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.testing.fake import FakeSightline, ScriptedDetector, picture
from sightline.testing.operations import InMemoryBucketRefusals

MINUTE = timedelta(minutes=1)
FOREIGN = "s3://foreign/"


class BlindDetector(ScriptedDetector):
    """Does not see what lies under some places, as Rekognition does not see another region."""

    def __init__(self) -> None:
        super().__init__()
        self.blind_to: tuple[str, ...] = ()
        self.failure: Callable[[str], SightlineError] = ImageMissing

    def _answer(self, feature, subject):
        if subject.startswith(self.blind_to):
            self.asked.append((feature, subject))
            raise self.failure(subject)
        return super()._answer(feature, subject)


class World(FakeSightline):
    """A sightline whose worker does with errors what tasks do, and whose reconciler runs each minute."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.detector = BlindDetector()
        self.services = self.make_services(self.plan)
        self.buckets.create("foreign")
        self.refused: list[SightlineError] = []

    def put_and_add(self, *uris: str) -> None:
        for number, uri in enumerate(uris):
            self.put(uri, picture(sum(uri.encode()) + 100 * number))
        self.add(*uris)

    def work(self) -> None:
        while self.sent:
            step = self.sent.popleft()
            try:
                self.do(step)
            except RetryableError as error:
                self.refused.append(error)
            except RejectedError as error:
                self._keep(error, step)

    def _keep(self, error: RejectedError, step: Step) -> None:
        image_id = step.args[0]
        write_dead_letter(
            error,
            step=step.task,
            message={"uri": image_id},
            image_id=image_id,
            operations=self.operations,
            clock=self.clock,
        )
        keep_failure(error, image_id, step.task, images=self.images, operations=self.operations)

    def minutes(self, number: int, each: Callable[[], None] = lambda: None) -> None:
        for _ in range(number):
            self.clock.move(MINUTE)
            each()
            reconcile(reconciler_of(self.services, self.send), lambda: True)
            self.work()

    def states(self) -> Counter[State]:
        rows = self.images.get_many(each for each in self.buckets_uris())
        return Counter(row.state for row in rows.values())

    def buckets_uris(self) -> list[str]:
        pages = [self.buckets.list_page(bucket, "", None) for bucket in ("foreign", "frames")]
        return [str(head.uri) for page in pages for head in page]

    def letters(self) -> list[tuple[str, str]]:
        return [(each.error, each.subject) for each in self.operations.dead_letters.read()]

    def reads(self, place: str = FOREIGN) -> int:
        return sum(each.startswith(place) for each in self.buckets.read)

    def calls(self, place: str = FOREIGN) -> int:
        return sum(subject.startswith(place) for _, subject in self.detector.asked)


@pytest.fixture
def world() -> World:
    return World()


def foreign(number: int, *cameras: str) -> list[str]:
    return [f"{FOREIGN}{camera}/{each:03}.jpg" for each in range(number) for camera in cameras or ("gate",)]


def answer_of(code: str, status: int, operation: str = "GetObject") -> Callable[[str], SightlineError]:
    said = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return partial(translate, ClientError(said, operation))  # type: ignore[arg-type]


LASTING = {
    ("AccessDenied", 403): "AccessDenied",  # no ListBucket, no kms:Decrypt, requester-pays, another account
    ("AllAccessDisabled", 403): "AccessDenied",
    ("403", 403): "AccessDenied",
    ("InvalidObjectState", 403): "ImageArchived",
    ("KMS.DisabledException", 400): "EncryptionKeyRefused",
    ("KMS.NotFoundException", 400): "EncryptionKeyRefused",
    ("KMS.KMSInvalidStateException", 400): "EncryptionKeyRefused",
    ("PermanentRedirect", 301): "OtherRegion",
    ("AuthorizationHeaderMalformed", 400): "OtherRegion",
    ("IllegalLocationConstraintException", 400): "OtherRegion",
    ("InvalidRequest", 400): "ConfigurationError",  # an object that only its customer's key opens
}


@pytest.mark.parametrize("answer", LASTING, ids=lambda answer: answer[0])
def test_images_of_a_bucket_that_refuses_wait_with_one_letter_and_all_go_on_by_themselves(world, answer):
    world.buckets.refuse(FOREIGN, answer_of(*answer))
    world.put_and_add(*foreign(20))
    world.work()
    assert 3 == world.reads()
    world.minutes(30)
    assert world.reads() <= 33
    assert ({State.RECEIVED: 20}, [(LASTING[answer], f"all images under {FOREIGN}")]) == (
        world.states(),
        world.letters(),
    )
    world.buckets.allow(FOREIGN)
    world.minutes(3)
    assert ({State.COMPLETE: 20}, []) == (world.states(), world.letters())


def test_a_bucket_of_another_region_costs_few_calls_and_its_images_go_on_when_rekognition_sees_them(world):
    world.detector.blind_to = (FOREIGN,)
    world.put_and_add(*foreign(3))
    world.work()
    assert 3 == world.calls()
    world.minutes(33)
    assert 25 <= world.calls() <= 36
    ((error, subject),) = world.letters()
    assert ("ImageNotSeen", f"all images under {FOREIGN}") == (error, subject)
    (letter,) = world.operations.dead_letters.read()
    assert "region" in letter.remedy
    world.detector.blind_to = ()
    world.minutes(3)
    assert ({State.COMPLETE: 3}, []) == (world.states(), world.letters())


def test_a_single_image_in_a_foreign_bucket_is_told_as_well_and_costs_a_call_a_minute(world):
    world.detector.blind_to = (FOREIGN,)
    world.put_and_add(*foreign(1))
    world.work()
    world.minutes(4)
    assert ([("ImageNotSeen", f"all images under {FOREIGN}")], {State.ANALYSING: 1}) == (
        world.letters(),
        world.states(),
    )
    assert world.calls() <= 5
    world.detector.blind_to = ()
    world.minutes(2)
    assert ({State.COMPLETE: 1}, []) == (world.states(), world.letters())


def test_other_buckets_are_not_touched_by_one_that_refuses(world):
    world.buckets.refuse(FOREIGN, AccessDenied)
    world.put_and_add(*foreign(5), *[f"s3://frames/yard/{each}.jpg" for each in range(5)])
    world.work()
    world.minutes(3)
    assert {State.COMPLETE: 5, State.RECEIVED: 5} == world.states()


def test_one_prefix_that_refuses_waits_alone_and_the_letter_names_it(world):
    world.buckets.refuse(f"{FOREIGN}old/", answer_of("InvalidObjectState", 403))
    world.put_and_add(*foreign(20, "old", "gate"))
    world.work()
    more = iter(range(100, 200))
    world.minutes(20, lambda: world.put_and_add(f"{FOREIGN}gate/{next(more)}.jpg"))
    assert [("ImageArchived", f"all images under {FOREIGN}old/")] == world.letters()
    assert {State.COMPLETE: 40, State.RECEIVED: 20} == world.states()
    assert world.reads(f"{FOREIGN}old/") <= 30
    world.buckets.allow(f"{FOREIGN}old/")
    world.minutes(3)
    assert ({State.COMPLETE: 60}, []) == (world.states(), world.letters())


def test_images_of_many_cameras_make_one_letter(world):
    world.buckets.refuse(FOREIGN, AccessDenied)
    world.put_and_add(*foreign(4, "a", "b", "c", "d"))
    world.work()
    world.minutes(10)
    assert world.reads() <= 13
    assert [("AccessDenied", f"all images under {FOREIGN}")] == world.letters()


def test_a_new_image_of_a_bucket_that_refuses_is_not_asked_for(world):
    world.buckets.refuse(FOREIGN, AccessDenied)
    world.put_and_add(*foreign(3))
    world.work()
    before = world.reads()
    world.put_and_add(f"{FOREIGN}gate/new.jpg", f"{FOREIGN}gate/newer.jpg")
    world.work()
    assert before == world.reads()


@pytest.mark.parametrize("bad", [1, 3, 9])
def test_a_few_bad_images_hold_up_nobody_for_more_than_a_few_minutes(world, bad):
    """The bucket looks refused at first: only its first images are bad."""
    for uri in foreign(bad):
        world.buckets.refuse(uri, AccessDenied)
    world.put_and_add(*foreign(30))
    world.work()
    world.minutes(8)
    assert 30 - bad == world.states()[State.COMPLETE]


ALONE = f"{FOREIGN}gate/alone.jpg"


def alone(world: World, minutes: int, passes: Callable[[int], bool] = lambda _: True) -> list[int]:
    """Let one image be refused beside others; return the minutes in which it was tried."""
    world.put_and_add(*foreign(2), ALONE)
    world.work()
    tried = []
    for minute in range(minutes):
        before = world.reads(ALONE) + world.calls(ALONE)
        if passes(minute):
            world.put_and_add(f"{FOREIGN}gate/{minute + 100}.jpg")
            world.work()
        world.minutes(1)
        if world.reads(ALONE) + world.calls(ALONE) > before:
            tried.append(minute)
    return tried


@pytest.mark.parametrize(
    "error", [AccessDenied, answer_of("InvalidObjectState", 403), answer_of("InvalidRequest", 400)]
)
def test_one_image_alone_gets_stuck_after_three_tries_over_ten_minutes_between_which_others_were_read(world, error):
    world.buckets.refuse(ALONE, error)
    tried = alone(world, 30)
    assert State.STUCK is world.images.get(ALONE).state
    assert [("ObjectRefused", ALONE)] == world.letters()
    assert 3 <= world.reads(ALONE) <= 8
    assert tried[-1] >= 9
    assert {State.STUCK: 1, State.COMPLETE: 32} == world.states()


def test_one_image_that_rekognition_alone_does_not_see_gets_stuck(world):
    world.detector.blind_to = (ALONE,)
    alone(world, 30)
    assert (State.STUCK, [("ObjectRefused", ALONE)]) == (world.images.get(ALONE).state, world.letters())
    assert world.calls(ALONE) <= 8


def test_one_image_alone_is_blamed_by_nobody_before_ten_minutes(world):
    world.buckets.refuse(ALONE, AccessDenied)
    alone(world, 9)
    assert State.RECEIVED is world.images.get(ALONE).state
    assert [] == world.letters()


def test_an_image_that_is_refused_while_nobody_else_is_read_is_never_stuck(world):
    world.buckets.refuse(ALONE, AccessDenied)
    alone(world, 60, lambda minute: minute < 2)
    assert State.RECEIVED is world.images.get(ALONE).state
    world.buckets.allow(ALONE)
    world.minutes(3)
    assert (State.COMPLETE, []) == (world.images.get(ALONE).state, world.letters())


def test_an_outage_of_the_bucket_in_between_blames_nobody(world):
    """It begins and ends within the minutes in which an image alone would be judged."""
    world.put_and_add(*foreign(3))
    world.work()
    late = foreign(12)[3:]
    world.buckets.refuse(FOREIGN, AccessDenied)
    world.put_and_add(*late)
    world.work()
    world.minutes(25)
    world.buckets.allow(FOREIGN)
    world.minutes(3)
    assert ({State.COMPLETE: 12}, []) == (world.states(), world.letters())


def test_a_stuck_image_that_is_redriven_is_read_and_closes_its_letter(world):
    world.buckets.refuse(ALONE, AccessDenied)
    alone(world, 30)
    world.buckets.allow(ALONE)
    world.redrive()
    world.work()
    assert (State.COMPLETE, []) == (world.images.get(ALONE).state, world.letters())


def test_a_letter_of_a_bucket_names_no_image_so_that_a_redrive_sends_nothing(world):
    world.buckets.refuse(f"{FOREIGN}old/", AccessDenied)
    world.put_and_add(*foreign(5, "old", "gate"))
    world.work()
    world.minutes(5)
    (done,) = world.redrive()
    assert ({"refused": 1, "sent": 0, "closed": 0}, 0) == (dict(done), len(world.sent))


def test_a_refusal_that_is_over_within_the_minute_leaves_no_letter(world):
    world.detector.blind_to = (FOREIGN,)
    world.put_and_add(*foreign(3))
    world.work()
    world.detector.blind_to = ()
    world.minutes(2)
    assert ({State.COMPLETE: 3}, []) == (world.states(), world.letters())
    assert [] == list(world.operations.dead_letters.read(closed=True))


def test_when_all_waiting_images_are_gone_the_letter_closes(world):
    world.buckets.refuse(FOREIGN, AccessDenied)
    world.put_and_add(*foreign(3))
    world.work()
    world.minutes(3)
    assert 1 == len(world.letters())
    for uri in foreign(3):
        row = world.images.get(uri)
        keep_failure(ImageMissing(uri), uri, INGEST, images=world.images, operations=world.operations)
        assert row.state is State.RECEIVED
    world.minutes(2)
    assert [] == world.letters()


def test_permission_that_is_lost_after_ingest_costs_one_answer_and_a_look_a_minute(world):
    world.put_and_add(*foreign(6))
    for _ in range(6):
        world.do(world.sent.popleft())
    world.buckets.refuse(FOREIGN, answer_of("403", 403, "HeadObject"))
    world.work()
    world.minutes(20)
    assert world.calls() <= 3
    assert [("AccessDenied", f"all images under {FOREIGN}")] == world.letters()
    world.buckets.allow(FOREIGN)
    world.minutes(3)
    assert ({State.COMPLETE: 6}, []) == (world.states(), world.letters())


@pytest.mark.parametrize(
    "error",
    [
        answer_of(code, status)
        for code, status in [
            ("ExpiredToken", 400),
            ("InvalidAccessKeyId", 403),
            ("SignatureDoesNotMatch", 403),
            ("RequestTimeTooSkewed", 403),
            ("SlowDown", 503),
            ("InternalError", 500),
            ("NoSuchBucket", 404),
        ]
    ]
    + [partial(translate, NoCredentialsError()), Unavailable, Throttled],
)
def test_credentials_outages_and_missing_buckets_are_not_the_refusal_of_one_bucket(error):
    assert not is_lasting(error("s3://b/k"))


@pytest.mark.parametrize("error", [Unavailable, Throttled, answer_of("ExpiredToken", 400)])
def test_what_is_not_a_refusal_holds_up_nobody_and_blames_nobody(world, error):
    world.buckets.refuse(FOREIGN, error)
    world.put_and_add(*foreign(5))
    while world.sent:
        with pytest.raises((Unavailable, Throttled, AccessDenied)):
            world.do(world.sent.popleft())
    assert (5, []) == (world.reads(), world.letters())
    assert not any(isinstance(each, BucketWaits) for each in world.refused)


def test_a_throttled_probe_of_rekognition_closes_nothing(world):
    world.detector.blind_to = (FOREIGN,)
    world.put_and_add(*foreign(3))
    world.work()
    world.minutes(3)
    world.detector.failure = Throttled
    world.minutes(3)
    assert 1 == len(world.letters())


@pytest.mark.parametrize(
    ("image_id", "prefix"),
    [
        ("s3://b/gate/1.jpg", "s3://b/gate/"),
        ("s3://b/gate/2026/1.jpg", "s3://b/gate/"),
        ("s3://b/1.jpg", "s3://b/"),
        ("s3://b//1.jpg", "s3://b//"),
    ],
)
def test_a_prefix_is_the_first_folder(image_id, prefix):
    assert prefix == prefix_of(image_id)


def test_images_without_a_folder_hold_up_no_other_folder_of_their_bucket(world):
    for name in ("x", "y", "z"):
        world.buckets.refuse(f"{FOREIGN}{name}.jpg", AccessDenied)
    world.put_and_add(*foreign(3), *(f"{FOREIGN}{name}.jpg" for name in ("x", "y", "z")))
    world.put_and_add(f"{FOREIGN}gate/later.jpg")
    world.work()
    world.minutes(3)
    assert State.COMPLETE is world.images.get(f"{FOREIGN}gate/later.jpg").state


class AwayRefusals(InMemoryBucketRefusals):
    """A store that cannot be written to when told."""

    is_away = False

    def replace(self, after):
        if self.is_away:
            raise Unavailable("operations")
        return super().replace(after)


def test_an_answer_that_is_paid_is_settled_although_its_pass_cannot_be_noted(world):
    store = AwayRefusals(world.clock)
    world.operations = replace(world.operations, bucket_refusals=store)
    world.services = world.make_services(world.plan)
    world.detector.blind_to = (FOREIGN,)
    world.put_and_add(*foreign(1))
    world.work()
    world.detector.blind_to = ()
    world.put_and_add("s3://foreign/yard/1.jpg")
    store.is_away = True
    world.work()
    assert State.COMPLETE is world.images.get("s3://foreign/yard/1.jpg").state
    assert 3 == world.calls("s3://foreign/yard/")


def test_of_many_processes_one_takes_the_probe_of_a_minute_and_all_see_that_it_passed(world):
    gates = [BucketGate(world.operations, world.clock) for _ in range(8)]
    for uri in foreign(3):
        assert isinstance(gates[0].refused(uri, Reader.S3, AccessDenied(uri)), BucketWaits)
    taken = []
    for _ in range(12):
        world.clock.move(MINUTE / 6)
        for number, gate in enumerate(gates):
            with suppress(BucketWaits):
                gate.require_open(f"{FOREIGN}gate/{100 + number}.jpg", Reader.S3)
                taken.append(number)
    assert 2 == len(taken)
    gates[3].passed(f"{FOREIGN}gate/103.jpg", Reader.S3)
    world.clock.move(MINUTE / 6)
    for gate in gates:
        gate.require_open(f"{FOREIGN}gate/200.jpg", Reader.S3)


def test_without_a_refusal_a_process_asks_its_store_once_in_five_seconds_and_writes_nothing(world):
    asked: Counter[str] = Counter()

    class Counting(InMemoryBucketRefusals):
        def read(self):
            asked["read"] += 1
            return super().read()

        def get(self, bucket, reader):
            asked["get"] += 1
            return super().get(bucket, reader)

    store = Counting(world.clock)
    gate = BucketGate(replace(world.operations, bucket_refusals=store), world.clock)
    for uri in foreign(999):
        with gate.reading(uri, Reader.S3):
            world.clock.move(timedelta(milliseconds=10))
    assert {"read": 2} == asked
