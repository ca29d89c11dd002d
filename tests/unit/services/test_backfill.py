"""Backfill: what is sent, how far ahead, what it says beforehand, and that a kill anywhere costs nothing."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from sightline.errors import ImageMissing, InvalidUri, SlotRefused
from sightline.models.images import Lane, State
from sightline.queues.redis import Waiting
from sightline.rekognition.features import all_features
from sightline.services.backfill import Progress, backfill, kept_progress, room, survey
from sightline.services.key_spans import FOLDERS_LOOKED_AT, SPANS, divide
from sightline.services.plan import Plan
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture, uri_of

PLACE = Prefix(BUCKET, "yard/")
OF_ITS_QUOTA = 0.97


@pytest.fixture
def world():
    return FakeSightline()


def fill(world, count, first=0):
    uris = [uri_of(f"{number:02}") for number in range(first, first + count)]
    for number, uri in enumerate(uris, first):
        world.put(uri, picture(number))
    return uris


def run(world):
    return list(backfill(PLACE, world.services, world.send))


def use_plan(world, *features):
    world.services = world.make_services(Plan({name: all_features()[name].parameters for name in features}, "1"))


def states(world, uris):
    return {world.images.get(uri).state for uri in uris}


def test_every_object_of_the_prefix_goes_through_the_backfill_lane(world):
    uris = fill(world, 3)
    world.put(uri_of("00", camera="gate"), picture(77))
    assert [3] == [progress.sent for progress in run(world)]
    assert uris == sorted(step.args[0] for step in world.sent)
    assert {"ingest.backfill"} == {step.queue_name for step in world.sent}
    world.run()
    assert {State.COMPLETE} == states(world, uris)
    assert {Lane.BACKFILL} == {world.images.get(uri).lane for uri in uris}


def test_a_second_backfill_sends_nothing_and_pays_nothing(world):
    fill(world, 3)
    run(world)
    world.run()
    asked = len(world.detector.asked)
    assert (3, 0) == (run(world)[-1].listed, run(world)[-1].sent)
    assert not world.sent
    assert asked == len(world.detector.asked)


def test_what_is_on_its_way_is_not_sent_again(world):
    uris = fill(world, 2)
    world.add(*uris)
    assert [0] == [progress.sent for progress in run(world)]


def test_an_image_with_other_bytes_is_sent_again(world):
    first, *_ = fill(world, 3)
    run(world)
    world.run()
    world.put(first, picture(99))
    run(world)
    assert [first] == [step.args[0] for step in world.sent]


def test_a_new_feature_is_paid_for_and_nothing_else(world):
    fill(world, 2)
    use_plan(world, "faces")
    run(world)
    world.run()
    asked = len(world.detector.asked)
    use_plan(world, "faces", "labels", "text")
    assert {"labels": 2, "text": 2} == run(world)[-1].pays_for
    world.run()
    assert Counter(labels=2, text=2) == Counter(name for name, _ in world.detector.asked[asked:])


def test_a_refused_image_is_not_refused_again_until_it_is_uploaded_anew(world):
    uri = uri_of("00")
    world.put(uri, b"no picture")
    run(world)
    world.run()
    world.clock.move(timedelta(minutes=5))
    assert 0 == run(world)[-1].sent
    world.put(uri, picture())
    assert 1 == run(world)[-1].sent
    world.run()
    assert {State.COMPLETE} == states(world, [uri])


def test_a_gone_image_that_is_back_is_sent(world):
    (uri,) = fill(world, 1)
    run(world)
    world.run()
    world.buckets.delete(ObjectUri.parse(uri))
    world.add(uri)
    world.run()
    assert {State.GONE} == states(world, [uri])
    fill(world, 1)
    assert 1 == run(world)[-1].sent


def test_a_folder_marker_is_no_image(world):
    world.put(f"s3://{BUCKET}/yard/2026-11-02/", b"")
    assert [(1, 0)] == [(progress.listed, progress.sent) for progress in run(world)]


def test_a_missing_prefix_is_nothing_to_do(world):
    assert [] == run(world)


@pytest.mark.parametrize("text", ["yard", "https://frames/yard", "s3://", "s3:///yard"])
def test_a_place_that_names_no_bucket_is_refused(text):
    with pytest.raises(InvalidUri, match="a prefix is named"):
        Prefix.parse(text)


@pytest.mark.parametrize(("text", "place"), [("s3://b", Prefix("b")), ("s3://b/c/d", Prefix("b", "c/d"))])
def test_a_place_is_a_bucket_with_or_without_a_prefix(text, place):
    assert place == Prefix.parse(text)


class SmallPages:
    """The world's bucket, listed two by two."""

    def __init__(self, inner):
        self._inner = inner

    def list_page(self, bucket, prefix, after, limit=1000):
        return self._inner.list_page(bucket, prefix, after, min(limit, 2))

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.fixture
def paged(world):
    return replace(world.services, buckets=SmallPages(world.buckets))


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_run_goes_on_where_the_last_one_was_killed(world, paged, pages):
    uris = fill(world, 6)
    killed = backfill(PLACE, paged, world.send)
    list(islice(killed, pages))
    killed.close()  # type: ignore[attr-defined]
    assert 2 * pages == kept_progress(PLACE, paged).listed
    rest = list(backfill(PLACE, paged, world.send))
    assert (3 - pages, 6, 6) == (len(rest), rest[-1].listed, rest[-1].sent)
    assert sorted(uris) == sorted(step.args[0] for step in world.sent)


def test_a_run_killed_between_rows_and_messages_leaves_rows_for_the_reconciler(world):
    uris = fill(world, 2)

    def die(steps):  # noqa: ARG001 - as `send` is called
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(backfill(PLACE, world.services, die))
    assert {State.RECEIVED} == states(world, uris)
    assert sorted(uris) == sorted(each.image_id for each in world.images.unfinished())
    assert Progress() == kept_progress(PLACE, world.services)


def test_from_the_start_means_from_the_start(world, paged):
    fill(world, 6)
    killed = backfill(PLACE, paged, world.send)
    list(islice(killed, 2))
    killed.close()  # type: ignore[attr-defined]
    assert 6 == list(backfill(PLACE, paged, world.send, from_the_start=True))[-1].listed


def test_an_ended_run_leaves_no_position(world, paged):
    fill(world, 3)
    list(backfill(PLACE, paged, world.send))
    assert Progress() == kept_progress(PLACE, paged)


def test_a_dry_run_counts_and_prices_and_changes_nothing(world):
    fill(world, 2)
    run(world)
    world.run()
    fill(world, 3, first=2)
    progress = list(survey(PLACE, world.services))[-1]
    assert (5, 3, 9_000) == (progress.listed, progress.sent, progress.cost_micro_usd)
    assert {"faces": 3, "labels": 3, "text": 3} == progress.pays_for
    assert not world.sent
    assert world.images.get(uri_of("04")) is None
    assert Progress() == kept_progress(PLACE, world.services)


def test_there_is_room_for_ten_minutes_of_the_slowest_feature(world):
    world.limiter.override("DetectFaces", 2, "a test")
    assert int(2 * OF_ITS_QUOTA * 600) == room(world.services)


@pytest.mark.parametrize("queue", ["ingest", "ingest.backfill", "labels", "labels.backfill"])
def test_what_waits_takes_room(world, queue):
    before = room(world.services)
    world.queues.now[queue] = Waiting(28_000)
    assert before - 28_000 == room(world.services)


def test_another_features_queue_takes_no_room(world):
    world.limiter.override("DetectFaces", 5, "a test")
    world.queues.now["labels.backfill"] = Waiting(20_000)
    assert int(5 * OF_ITS_QUOTA * 600) == room(world.services)


def test_features_of_one_operation_share_its_rate(world):
    use_plan(world, "labels", "image_properties")
    assert int(50 * OF_ITS_QUOTA * 600 / 2) == room(world.services)


def test_a_backfill_waits_until_there_is_room(world):
    uris = fill(world, 8)
    world.limiter.override("DetectText", 0.01, "a test")  # five images in ten minutes
    sent = []

    def send(steps):
        sent.append([step.args[0] for step in steps])
        world.queues.now["text.backfill"] = Waiting(len(sent[-1]))
        world.limiter.override("DetectText", 50, "a test")

    began = world.clock.now
    list(backfill(PLACE, world.services, send))
    assert [5, 3] == [len(each) for each in sent]
    assert sorted(uris) == sorted(uri for each in sent for uri in each)
    assert timedelta(0) < world.clock.now - began


def test_a_backfill_that_is_told_to_stop_keeps_no_position_past_what_it_sent(world):
    fill(world, 2)
    world.queues.now["ingest.backfill"] = Waiting(100_000)
    world.services.stopping.set()
    with pytest.raises(SlotRefused):
        run(world)
    assert not world.sent
    assert Progress() == kept_progress(PLACE, world.services)


def test_an_object_removed_after_its_listing_is_gone_and_no_failure(world):
    (uri,) = fill(world, 1)
    run(world)
    world.buckets.delete(ObjectUri.parse(uri))
    world.run()
    row = world.images.get(uri)
    assert (State.GONE, ImageMissing.__name__) == (row.state, row.rejection.error)


# --- many cameras and days --------------------------------------------------------------------------------------------

WHOLE = Prefix(BUCKET)
CAMERAS = ("gate", "lane", "road", "yard")
DAYS = ("2026-11-02", "2026-11-03", "2026-11-04")


def fill_cameras(world, each):
    """Give each camera's day so many images, the first camera three times as many; return their URIs."""
    keys = [
        f"{camera}/{day}/MDAlarm_{day.replace('-', '')}-{number:06}.jpg"
        for camera in CAMERAS
        for day in DAYS
        for number in range(each * (3 if camera == CAMERAS[0] else 1))
    ]
    for number, key in enumerate(keys):
        world.put(f"s3://{BUCKET}/{key}", picture(number))
    return [f"s3://{BUCKET}/{key}" for key in keys]


def day_of(step):
    return step.args[0].rsplit("/", 1)[0]


def test_images_of_cameras_and_days_are_sent_mixed(world):
    uris = fill_cameras(world, 20)
    list(backfill(WHOLE, world.services, world.send))
    sent = [day_of(step) for step in world.sent]
    assert sorted(uris) == sorted(step.args[0] for step in world.sent)
    among_24 = [Counter(sent[first : first + 24]) for first in range(0, 240, 24)]
    assert [2] * 10 == [max(counts.values()) for counts in among_24]


def test_one_camera_alone_is_sent_mixed_by_days(world):
    fill_cameras(world, 20)
    list(backfill(Prefix(BUCKET, "yard"), world.services, world.send))
    assert {20} == set(Counter(day_of(step) for step in world.sent).values())
    assert set(DAYS) == {day_of(step).rsplit("/", 1)[1] for step in islice(world.sent, 3)}


@pytest.mark.parametrize("place", [WHOLE, PLACE, Prefix(BUCKET, "ya"), Prefix(BUCKET, "yard/2026-11-03/")], ids=str)
def test_the_dry_run_says_what_is_then_sent_wherever_runs_are_killed(world, paged, place):
    fill_cameras(world, 3)
    world.put(f"s3://{BUCKET}/road/2026-11-03/", b"")  # folder markers, as S3's console makes them
    world.put(f"s3://{BUCKET}/yard/", b"")
    world.put(f"s3://{BUCKET}/road/clip.mp4", b"0")
    world.put(f"s3://{BUCKET}/yard.jpg", picture(999))
    said = list(survey(place, world.services))[-1]
    pages = []
    while last := list(islice(backfill(place, paged, world.send), 1)):  # each run is killed after its first page
        pages += last
    assert said == replace(pages[-1], spans=(), after=said.after)
    assert said.sent == len({step.args[0] for step in world.sent}) == len(world.sent)
    assert Progress() == kept_progress(place, paged)


def test_a_run_goes_on_where_an_older_version_stopped(world):
    uris = sorted(fill_cameras(world, 5))
    stopped = 17
    key = ObjectUri.parse(uris[stopped]).key
    kept = {"after": key, "listed": stopped + 1, "sent": stopped + 1}
    world.operations.checkpoints.keep(f"backfill of {WHOLE}", kept, timedelta(days=1))
    last = list(backfill(WHOLE, world.services, world.send))[-1]
    assert uris[stopped + 1 :] == sorted(step.args[0] for step in world.sent)
    assert len(uris) == last.listed


def test_an_older_version_that_goes_on_leaves_nothing_out(world, paged):
    """It knows only up to where everything was dealt with."""
    uris = fill_cameras(world, 5)
    killed = backfill(WHOLE, paged, world.send)
    list(islice(killed, 3))
    killed.close()  # type: ignore[attr-defined]
    after = kept_progress(WHOLE, paged).after
    sent = {step.args[0] for step in world.sent}
    assert {uri for uri in uris if ObjectUri.parse(uri).key <= (after or "")} <= sent
    assert sent < set(uris)


class Counting(SmallPages):
    """The world's bucket, which counts its listings."""

    listings = 0

    def list_page(self, bucket, prefix, after, limit=1000):
        self.listings += 1
        return self._inner.list_page(bucket, prefix, after, limit)


def test_to_divide_a_place_a_bounded_number_of_folders_is_asked_for(world):
    for number in range(1_200):
        world.put(f"s3://{BUCKET}/{number:05}/{number % 3}/a.jpg", b"")
    counting = Counting(world.buckets)
    spans = divide(WHOLE, counting, None)
    assert SPANS == len(spans)
    assert counting.listings <= FOLDERS_LOOKED_AT + 1
