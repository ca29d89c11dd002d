"""Which capture time a row takes when its object is read again, and what becomes of the day that it leaves."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sightline.errors import Unavailable
from sightline.models.images import CameraDay, Capture, ImageRow, State
from sightline.services.capture import DEFAULT_KEY_PATTERN, CaptureReader
from sightline.services.rollups.figures import day_from_json
from sightline.services.rollups.run import RollUp
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.capture_counts import Counted
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import FakeSightline, picture
from tests.unit.services.pictures import encoded, exif_of, noise

URI = "s3://frames/yard/a.jpg"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def world() -> FakeSightline:
    return FakeSightline(features=("labels",))


def uploaded(world: FakeSightline, data: bytes, uri: str = URI, **metadata: str) -> ImageRow:
    world.buckets.put_with_metadata(ObjectUri.parse(uri), data, metadata)
    world.add(uri)
    world.run()
    row = world.images.get(uri)
    assert row is not None
    return row


def capture(row: ImageRow) -> Capture:
    assert row.capture is not None
    return row.capture


def test_the_same_bytes_uploaded_again_were_not_taken_later(world):
    first = uploaded(world, picture(1))
    world.clock.move(DAY)
    again = uploaded(world, picture(1))
    assert (first.capture, State.COMPLETE, first.version) == (again.capture, again.state, again.version)


def test_other_bytes_were_taken_when_they_were_uploaded_even_if_the_first_come_back(world):
    uploaded(world, picture(1))
    for shade in (2, 1):
        world.clock.move(DAY)
        assert world.clock() == capture(uploaded(world, picture(shade))).taken_at


def test_an_image_that_was_away_keeps_its_first_time(world):
    first = uploaded(world, picture(1))
    world.buckets.delete(ObjectUri.parse(URI))
    world.add(URI)
    world.run()
    assert State.GONE is world.images.get(URI).state
    world.clock.move(DAY)
    assert first.capture == uploaded(world, picture(1)).capture


def test_a_better_source_goes_before_the_upload_time(world):
    uploaded(world, picture(1))
    world.clock.move(DAY)
    said = (world.clock() + HOUR).isoformat()
    again = capture(uploaded(world, picture(1), **{"capture-time": said}))
    assert (datetime.fromisoformat(said), "metadata") == (again.taken_at, again.source)


def test_a_copy_without_metadata_keeps_the_time_that_it_told(world):
    said = (world.clock() - HOUR).isoformat()
    first = uploaded(world, picture(1), **{"capture-time": said})
    world.clock.move(DAY)
    assert first.capture == uploaded(world, picture(1)).capture


def in_zone(world: FakeSightline, name: str) -> None:
    reader = CaptureReader(DEFAULT_KEY_PATTERN, {"yard": ZoneInfo(name)}, ZoneInfo("UTC"))
    world.services = replace(world.services, read_capture=reader)


@pytest.mark.parametrize("metadata", [{}, {"capture-time": "2044-05-17T11:00:00Z"}])
def test_a_zone_set_later_gives_the_camera_its_own_day_and_hour(world, metadata):
    before = uploaded(world, picture(1), **metadata)
    in_zone(world, "Pacific/Kiritimati")
    world.add(URI)
    world.run()
    after = world.images.get(URI)
    assert (capture(before).taken_at, 14 * HOUR) == (capture(after).taken_at, capture(after).taken_at.utcoffset())
    assert ("2044-05-17", "2044-05-18") == (capture(before).day, capture(after).day)
    assert State.COMPLETE is after.state
    assert 1 == len(world.detector.asked)


def marks(world: FakeSightline) -> set[str]:
    return {str(mark.camera_day) for mark in world.operations.dirty_days.dirty(Purpose.ROLLUPS)}


def test_the_day_that_an_image_leaves_is_marked_before_the_row_moves(world):
    uploaded(world, picture(1))
    world.clock.move(DAY)

    class Refusing(type(world.images)):  # type: ignore[misc]
        def begin(self, *_):
            raise Unavailable(URI)

    images = Refusing(world.clock)
    images.__dict__.update(world.images.__dict__)
    world.services = replace(world.services, images=images)
    world.put(URI, picture(2))
    world.add(URI)
    with pytest.raises(Unavailable):
        world.run()
    assert "yard#2044-05-17" in marks(world)


def images_of(world: FakeSightline, day: str) -> int:
    (rollup,) = world.rollups.between("yard", "Person", 1, day, day)
    tallies = day_from_json(json.loads(json.dumps(rollup.figures["day"]))).cell.counts.tallies
    return sum(tally.population for tally in tallies.values())


def test_the_figures_of_the_day_that_an_image_leaves_count_it_no_more(world):
    other = "s3://frames/yard/b.jpg"
    uploaded(world, picture(1))
    uploaded(world, picture(2), other)
    world.operations.dirty_days.mark([CameraDay("yard", "2044-05-17")])
    world.clock.move(DAY)
    RollUp(world.services).do(lambda: True)
    assert 2 == images_of(world, "2044-05-17")
    uploaded(world, picture(3))
    RollUp(world.services).do(lambda: True)
    assert 1 == images_of(world, "2044-05-17")


def exif(taken: datetime) -> bytes:
    return encoded(noise(), "JPEG", exif=exif_of(f"{taken:%Y:%m:%d %H:%M:%S}"))


def test_doubtful_and_ignored_times_are_counted_by_camera_once_for_each_image(world):
    uploaded(world, exif(world.clock() - HOUR), "s3://frames/yard/0.jpg")
    for number in range(3):
        world.clock.move(HOUR)
        data = exif(datetime(2000, 1, 1, number, 0, 13, tzinfo=UTC))
        row = uploaded(world, data, f"s3://frames/yard/{number + 1}.jpg")
        assert "behind the camera's other images" == capture(row).doubt
        world.add(row.image_id)
    world.run()
    uploaded(world, encoded(noise(), "JPEG", exif=exif_of("0000:00:00 00:00:00")), "s3://frames/gate/0.jpg")
    assert {
        "gate": {Counted.UPLOAD_TIME: 1, Counted.IGNORED: 1},
        "yard": {Counted.DOUBTFUL: 3},
    } == world.operations.capture_counts.of_month(world.clock())


def test_a_doubt_stays_with_the_time_that_it_is_of(world):
    uploaded(world, exif(world.clock() - HOUR), "s3://frames/yard/0.jpg")
    row = uploaded(world, exif(datetime(2012, 5, 1, tzinfo=UTC)))
    world.clock.move(40 * DAY)
    world.add(URI)
    world.run()
    assert row.capture == world.images.get(URI).capture
    assert "" == capture(uploaded(world, exif(world.clock() - HOUR))).doubt
