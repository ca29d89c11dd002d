"""Videos, from adding them to the graph, and what goes wrong on the way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import BadMessage, ImageChanged, NewerVersion
from sightline.models.images import OF_A_VIDEO, Lane, State
from sightline.models.videos import VideoState
from sightline.queues.steps import DETECT, TAKE, Step, ingest_step, take_step
from sightline.rekognition.features import feature_named
from sightline.rekognition.prices import read_prices
from sightline.services.frame_names import FOLDER, frame_uri
from sightline.services.listing import look_at_page
from sightline.services.video_plan import VideoPlan, nameless_file
from sightline.services.videos import keep_failure, quote, reconcile_videos
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.clocks import MovingClock
from sightline.testing.fake import CHECKPOINTS, FakeSightline, picture
from sightline.timing import CHECK_AFTER, RUN_LIMIT
from sightline.video.choosing import FrameChoice, Taking
from tasks.retry import Action, rule_for
from tests.clips import clip_bytes, make_clip, seconds_of

URI = "s3://frames/yard/2026-11-02/MDAlarm_20261102-075811.mp4"
BEGAN = datetime(2026, 11, 2, 7, 58, 11, tzinfo=UTC)
FEATURES = ("faces", "labels", "text")


@pytest.fixture
def house():
    return FakeSightline()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Give a clip of six seconds, each of its own brightness; a frame is taken every two."""
    return clip_bytes(tmp_path_factory.mktemp("clips"))


def frames_of(house):
    return [row for row in house.images.scan() if FOLDER in row.image_id]


def offsets(house):
    return sorted(row.capture.offset_ms for row in frames_of(house) if row.state is State.COMPLETE)


def carried(house, data, uri=URI, most_frames=100):
    house.put(uri, data)
    house.add_video(uri, most_frames)
    house.run()
    return house.videos.get(uri)


def letters(house):
    return {each.error: each for each in house.operations.dead_letters.read()}


def test_a_video_becomes_images_with_its_camera_and_its_time(house, clip):
    row = carried(house, clip)
    assert (VideoState.TAKEN, (0, 2000, 4000), None) == (row.state, row.take.offsets_ms, row.next_check_at)
    found = {row.capture.offset_ms: row.capture for row in frames_of(house)}
    assert {0: BEGAN, 2000: BEGAN + timedelta(seconds=2), 4000: BEGAN + timedelta(seconds=4)} == {
        offset: capture.taken_at for offset, capture in found.items()
    }
    assert {("yard", OF_A_VIDEO, URI)} == {(each.camera, each.source, each.video) for each in found.values()}
    assert [State.COMPLETE] * 3 == [row.state for row in frames_of(house)]
    assert 3 * len(FEATURES) == len(house.detector.asked)
    assert not letters(house)


def test_a_video_that_comes_twice_is_taken_and_paid_for_once(house, clip):
    first = carried(house, clip)
    house.send([take_step(URI, Lane.LIVE), take_step(URI, Lane.LIVE)])
    house.run()
    assert first == house.videos.get(URI)
    house.add_video(URI)
    house.run()
    assert (first.take, VideoState.TAKEN) == (house.videos.get(URI).take, house.videos.get(URI).state)
    assert 3 * len(FEATURES) == len(house.detector.asked)


def test_frames_are_asked_again_if_the_settings_ask_something_else_and_the_quote_says_so(house, clip):
    carried(house, clip)
    assert 0 == quote(URI, house.services).new
    house.services = house.make_services(replace(house.plan, generation="2"))
    assert (3, 3) == (quote(URI, house.services).frames, quote(URI, house.services).new)
    house.add_video(URI)
    house.run()
    assert 2 * 3 * len(FEATURES) == len(house.detector.asked)
    assert 0 == quote(URI, house.services).new


def test_the_same_bytes_under_two_names_are_other_images_and_paid_for_once(house, clip):
    carried(house, clip)
    carried(house, clip, URI.replace("yard", "gate"))
    assert [("gate", 3), ("yard", 3)] == sorted(
        (camera, sum(row.capture.camera == camera for row in frames_of(house))) for camera in ("yard", "gate")
    )
    assert 3 * len(FEATURES) == len(house.detector.asked)


class Dies(Exception):
    pass


@pytest.mark.parametrize("where", range(12))
def test_killed_anywhere_it_goes_on_and_takes_and_pays_nothing_twice(clip, where):
    house, calls = FakeSightline(video_plan=VideoPlan(together=1)), iter(range(1000))

    def dying(do):
        def call(*args, **kwargs):
            if next(calls) == where:
                raise Dies
            return do(*args, **kwargs)

        return call

    house.put(URI, clip)
    for store, name in ((house.buckets, "put"), (house.images, "add_many"), (house.videos, "save"), (house, "send")):
        setattr(store, name, dying(getattr(store, name)))
    house.videos.add(URI, Lane.LIVE, 100)
    step = take_step(URI, Lane.LIVE)
    try:
        house.do(step)
    except Dies:
        house.sent.clear()
    for _ in range(2):
        house.clock.move(2 * CHECK_AFTER)
        reconcile_videos(house.services, lambda: True, house.send)
        house.run()
    house.send(ingest_step(row.image_id, row.lane) for row in house.images.scan() if row.state is State.RECEIVED)
    house.run()
    assert (VideoState.TAKEN, (0, 2000, 4000)) == (house.videos.get(URI).state, house.videos.get(URI).take.offsets_ms)
    assert [0, 2000, 4000] == offsets(house)
    assert len(set(house.detector.asked)) == len(house.detector.asked) == 3 * len(FEATURES)


def test_an_overwritten_video_has_its_new_frames_and_the_old_ones_go(house, clip, tmp_path):
    old = carried(house, clip).take
    new = make_clip(tmp_path / "new.mp4", seconds_of(4, [15, 35])).read_bytes()
    row = carried(house, new)
    assert (old,) == row.replaced
    house.clock.move(2 * CHECK_AFTER)
    reconcile_videos(house.services, lambda: True, house.send)
    house.run()
    assert ((), None) == (house.videos.get(URI).replaced, house.videos.get(URI).next_check_at)
    assert [0, 2000] == offsets(house)
    states = {row.image_id: row.state for row in frames_of(house)}
    assert {State.GONE} == {states[str(frame_uri(CHECKPOINTS, old, each))] for each in old.offsets_ms}
    assert not letters(house)


def test_a_video_that_is_overwritten_back_is_paid_for_once(house, clip, tmp_path):
    new = make_clip(tmp_path / "new.mp4", seconds_of(4, [15, 35])).read_bytes()
    for data in (clip, new, clip):
        carried(house, data)
        house.clock.move(2 * CHECK_AFTER)
        reconcile_videos(house.services, lambda: True, house.send)
        house.run()
    assert [0, 2000, 4000] == offsets(house)
    assert 4 * len(FEATURES) == len(house.detector.asked)  # both new frames show the same


def test_a_deleted_video_keeps_its_frames(house, clip):
    carried(house, clip)
    house.buckets.delete(ObjectUri.parse(URI))
    house.add_video(URI)
    house.run()
    assert VideoState.GONE == house.videos.get(URI).state
    assert [0, 2000, 4000] == offsets(house)
    assert not letters(house)


def test_a_video_that_was_never_there_is_a_dead_letter(house):
    house.add_video(URI)
    house.run()
    assert (VideoState.GONE, URI) == (house.videos.get(URI).state, letters(house)["ImageMissing"].subject)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda _: b"", "NotAVideo", "it is empty"),
        (lambda _: picture(3), "NotAVideo", "it begins with the bytes ff d8"),
        (lambda clip: clip[:-2000], "UnreadableVideo", "cut off"),
    ],
    ids=["empty", "a picture", "truncated"],
)
def test_a_bad_video_is_a_dead_letter_that_closes_when_it_is_good(house, clip, make, error, said):
    row = carried(house, make(clip))
    assert (VideoState.REJECTED, error, None) == (row.state, row.rejection.error, row.next_check_at)
    letter = letters(house)[error]
    assert (URI, "take_frames") == (letter.subject, letter.step)
    assert said in letter.rule
    assert letter.remedy
    assert not frames_of(house)
    assert VideoState.TAKEN == carried(house, clip).state
    assert not letters(house)


def test_a_video_that_ends_early_keeps_what_was_good(house, tmp_path):
    whole = clip_bytes(tmp_path, 10, "mkv")
    row = carried(house, whole[: len(whole) // 2], URI.replace("mp4", "mkv"))
    assert (VideoState.REJECTED, "TruncatedVideo", (0, 2000, 4000)) == (
        row.state, row.rejection.error, row.take.offsets_ms
    )  # fmt: skip
    assert [0, 2000, 4000] == offsets(house)


@pytest.mark.parametrize(
    ("limits", "error", "said"),
    [
        ({"most_bytes": 1000}, "VideoTooLarge", "SIGHTLINE_VIDEO_MOST_MIB"),
        ({"most_seconds": 5.0}, "VideoTooLong", "SIGHTLINE_VIDEO_MOST_MINUTES"),
    ],
)
def test_a_limit_is_told_before_a_frame_is_taken(clip, limits, error, said):
    house = FakeSightline(video_plan=VideoPlan(**limits))
    carried(house, clip)
    assert said in letters(house)[error].rule
    assert not frames_of(house)


def test_no_more_frames_are_taken_than_were_agreed_to(house, clip):
    row = carried(house, clip, most_frames=2)
    assert (VideoState.REJECTED, (0, 2000)) == (row.state, row.take.offsets_ms)
    assert "which is 2 of this video" in letters(house)["TooManyFrames"].rule
    assert (VideoState.TAKEN, (0, 2000, 4000)) == (
        carried(house, clip, most_frames=3).state, house.videos.get(URI).take.offsets_ms
    )  # fmt: skip


def test_a_video_of_which_only_the_upload_is_known_ended_then(house, clip):
    uri = "s3://frames/yard/clip.mp4"
    row = carried(house, clip, uri)
    head = house.buckets.head(ObjectUri.parse(uri))
    assert (head.last_modified - timedelta(seconds=6), "last_modified") == (row.take.starts_at, row.take.source)


def test_a_turn_ends_in_time_and_the_next_one_goes_on(clip):
    clock = MovingClock()

    class Slow(VideoPlan):
        def as_jpeg(self, picture):  # type: ignore[override]
            clock.move(RUN_LIMIT / 1.5)
            return super().as_jpeg(picture)

    house = FakeSightline(clock, video_plan=Slow())
    house.put(URI, clip)
    house.add_video(URI)
    house.do(house.sent.popleft())
    assert (VideoState.RECEIVED, (0, 2000)) == (house.videos.get(URI).state, house.videos.get(URI).take.offsets_ms)
    house.run()
    assert (VideoState.TAKEN, (0, 2000, 4000)) == (house.videos.get(URI).state, house.videos.get(URI).take.offsets_ms)


def test_a_video_whose_next_frame_is_never_reached_is_a_dead_letter(clip):
    house = FakeSightline()
    house.put(URI, clip)
    house.add_video(URI)
    read = house.buckets.read_into

    def slow_read(*args):
        head = read(*args)
        house.clock.move(RUN_LIMIT * 2)
        return head

    house.buckets.read_into = slow_read  # type: ignore[method-assign]
    house.run()
    assert "one turn of a worker of 100 s" in letters(house)["VideoTooSlow"].rule


def test_a_stopping_worker_leaves_the_rest_to_another(house, clip):
    house.put(URI, clip)
    house.add_video(URI)
    house.services.stopping.set()
    house.do(house.sent.popleft())
    assert [take_step(URI, Lane.LIVE)] == list(house.sent)
    house.services.stopping.clear()
    house.run()
    assert [0, 2000, 4000] == offsets(house)


def test_a_message_for_a_video_that_nobody_added_takes_nothing(house, clip):
    house.put(URI, clip)
    with pytest.raises(BadMessage, match="a video must be added before"):
        house.do(take_step(URI, Lane.LIVE))


def test_a_row_of_a_newer_version_is_left_to_it(house, clip):
    carried(house, clip)
    row = house.videos.get(URI)
    house.videos.save(row, replace(row, state=VideoState.read("newer"), next_check_at=house.clock.now))
    house.clock.move(timedelta(hours=1))
    reconcile_videos(house.services, lambda: True, house.send)
    assert not house.sent
    with pytest.raises(NewerVersion):
        house.do(take_step(URI, Lane.LIVE))


def test_two_workers_at_one_video_take_each_frame_once(house, clip):
    house.put(URI, clip)
    house.add_video(URI)
    house.sent.clear()
    put = house.buckets.put

    def interrupted(*args, **kwargs):
        house.buckets.put = put
        house.do(take_step(URI, Lane.LIVE))  # another worker does all of it meanwhile
        return put(*args, **kwargs)

    house.buckets.put = interrupted
    with pytest.raises(ImageChanged):
        house.do(take_step(URI, Lane.LIVE))
    house.do(take_step(URI, Lane.LIVE))
    house.run()
    assert [0, 2000, 4000] == offsets(house)
    assert 3 * len(FEATURES) == len(house.detector.asked)


def test_frames_are_found_by_no_listing(house, clip):
    carried(house, clip)
    uri = frames_of(house)[0].image_id
    other = ObjectUri(CHECKPOINTS, f"{FOLDER}yard/{'0' * 32}/000000000.jpg")
    house.put(str(other), picture(1))
    asked = len(house.detector.asked)
    house.send([ingest_step(str(other), Lane.LIVE)])
    house.run()
    assert house.images.get(str(other)) is None
    assert asked == len(house.detector.asked)
    assert house.services.rejection_breaker.group_of(uri, Lane.LIVE).camera == "yard"
    page = house.buckets.list_page(CHECKPOINTS, "", None)
    found = look_at_page(page, house.images, house.plan, follows_plan=True)
    assert ([], 4) == (found.due, found.skipped)


def test_a_video_is_found_by_its_suffix_only_by_who_agrees_to_frames(house, clip):
    house.put(URI, clip)
    house.add(URI)
    house.run()
    assert State.REJECTED == house.images.get(URI).state
    assert house.videos.get(URI) is None


def test_a_quote_says_what_is_then_taken_and_changes_nothing(house, clip):
    house.put(URI, clip)
    quoted = quote(URI, house.services)
    plan = house.plan.features
    price = sum(read_prices("us-east-1").of_call(feature_named(name), asked) for name, asked in plan.items())
    assert (URI, 3, 3 * price) == (quoted.video_id, quoted.frames, quoted.micro_usd)
    assert house.videos.get(URI) is None
    assert quoted.frames == len(carried(house, clip).take.offsets_ms)


def test_scenes_and_the_first_frame_are_taken_by_the_settings(clip):
    for taking, expected in ((Taking.FIRST, (0,)), (Taking.SCENES, (0, 1000, 2000, 3000, 4000, 5000))):
        house = FakeSightline(video_plan=VideoPlan(FrameChoice(taking, 1000, 2.0)))
        assert expected == carried(house, clip, most_frames=6).take.offsets_ms
        assert len(expected) == quote(URI, house.services).frames


def test_a_lost_message_is_sent_again_ever_more_rarely(house, clip):
    house.put(URI, clip)
    house.add_video(URI)
    house.sent.clear()
    sent_after = []
    for minute in range(40):
        house.clock.move(timedelta(minutes=1))
        if reconcile_videos(house.services, lambda: True, list[Step]().extend)["sent"]:
            sent_after.append(minute + 1)
    assert [3, 10, 25] == sent_after
    assert reconcile_videos(house.services, lambda: False, house.send)["sent"] == 0


def test_a_video_that_fails_again_and_again_ends_as_a_dead_letter(house):
    house.add_video(URI)
    for _ in range(4):
        keep_failure(ValueError("odd"), URI, house.services)
        assert VideoState.RECEIVED == house.videos.get(URI).state
    keep_failure(ConnectionResetError("away"), URI, house.services)
    assert 4 == house.videos.get(URI).rounds
    keep_failure(ValueError("odd"), URI, house.services)
    assert (VideoState.REJECTED, None) == (house.videos.get(URI).state, house.videos.get(URI).next_check_at)
    assert "ValueError('odd')" in letters(house)["Exhausted"].rule


def test_a_video_whose_row_changed_is_tried_again_and_not_ingested_as_an_image():
    assert Action.RETRY is rule_for(ImageChanged(URI), TAKE).action
    assert Action.INGEST_AGAIN is rule_for(ImageChanged(URI), DETECT).action


def test_a_downloaded_video_has_no_name_that_a_killed_process_could_leave_behind():
    with nameless_file() as (file, path):
        file.write(b"clip")
        file.flush()
        assert b"clip" == path.read_bytes()
        assert path.readlink().name.endswith("(deleted)")
