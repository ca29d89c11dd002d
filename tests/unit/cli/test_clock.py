"""`sightline clock`: a reset is shown, previewed with what it costs, corrected and undone."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sightline.models.images import CameraDay, State
from sightline.services.rollups.run import RollUp
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.testing.fake import FakeSightline
from tests.unit.services.pictures import encoded, exif_of, noise

RESET = datetime(2012, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def uri(number: int) -> str:
    return f"s3://frames/gate/{number}.jpg"


def show(world: FakeSightline, number: int, taken: datetime) -> None:
    data = encoded(noise(), "JPEG", exif=exif_of(f"{taken:%Y:%m:%d %H:%M:%S}"))
    world.buckets.put(ObjectUri.parse(uri(number)), data)
    world.add(uri(number))
    world.run()


@pytest.fixture
def reset(world) -> dict[int, datetime]:
    """Five images from a clock that restarted at 2012-01-01; return when each was really taken."""
    start, real = world.clock(), {}
    for number in range(5):
        world.clock.move(37 * MINUTE)
        real[number] = world.clock()
        show(world, number, RESET + (world.clock() - start))
    return real


def told(run, *options):
    return json.loads(run("clock", "gate", *options, "--json").stdout)


RANGE = ("--from", "2012-01-01", "--to", "2012-01-02")


def times(world: FakeSightline) -> dict[int, datetime]:
    return {number: world.images.get(uri(number)).capture.taken_at for number in range(5)}


def test_the_reset_is_shown_and_nothing_is_changed(run, world, reset):
    before = times(world)
    report = told(run, *RANGE)
    (segment,) = report["clock"]
    assert (5, 5, 0) == (segment["images"], report["images"], report["moved"])
    assert ["2012-01-01", "2044-05-17"] == report["days"]
    assert (world.clock() - reset[4]).total_seconds() <= segment["behind_seconds"] - 32 * 365 * 86_400
    assert before == times(world)


def test_it_is_corrected_shown_by_the_graph_and_undone(run, world, reset):
    before = times(world)
    assert 5 == told(run, *RANGE, "--apply")["moved"]
    assert reset == times(world)
    rows = [world.images.get(uri(number)) for number in range(5)]
    assert {(State.ANALYSED, "clock", "exif")} == {(r.state, r.capture.source, r.capture.read_source) for r in rows}
    assert all(row.is_merge_due for row in rows)
    assert ["2012-01-01", "2044-05-17"] == told(run, "--undo")["days"]
    assert 5 == told(run, "--undo", "--apply")["moved"]
    assert before == times(world)
    assert 0 == told(run, "--undo")["images"]


def test_a_shift_by_hand_moves_nothing_twice(run, world, reset):
    before = times(world)
    assert 5 == told(run, *RANGE, "--by", "-1h30min", "--apply")["moved"]
    again = told(run, "--from", "2011-12-31", "--to", "2012-01-02", "--by", "-1h30min", "--apply")
    assert (0, 5) == (again["moved"], again["moved_before"])
    assert {at - 90 * MINUTE for at in before.values()} == {*times(world).values()}
    assert len(reset) == 5


def test_the_corrected_time_stays_if_the_image_is_added_or_uploaded_again(run, world, reset):
    told(run, *RANGE, "--apply")
    data = world.buckets.get(ObjectUri.parse(uri(0)))[1]
    world.clock.move(DAY)
    world.buckets.put(ObjectUri.parse(uri(0)), data)
    world.add(uri(0))
    world.run()
    assert (reset[0], "clock") == (times(world)[0], world.images.get(uri(0)).capture.source)


def verdict(world: FakeSightline, number: int) -> None:
    row = world.images.get(uri(number))
    said = Verdict(
        uri(number), "Person", "ann", Answer.PRESENT, row.content.sha256, Source.SAMPLED, world.clock(), Stratum.A, 50.0
    )
    world.verdicts.write(KeptVerdict(said, row.capture.camera_day))


def test_verdicts_that_stop_counting_are_told_before(run, world, reset):
    for number in range(5):
        verdict(world, number)
    report = told(run, *RANGE)
    assert (5, 0) == (report["verdicts_lost"], report["verdicts_gained"])
    assert "5 verdicts stop counting, 0 count again" in run("clock", "gate", *RANGE).stdout
    told(run, *RANGE, "--apply")
    assert 5 == told(run, "--undo")["verdicts_gained"]
    assert len(reset) == 5


def populations(world: FakeSightline, day: str) -> list[int]:
    found = world.rollups.between("gate", "Person", 1, day, day)
    return [sum(counts[0] for counts in each.figures["day"]["counts"].values()) for each in found]


def test_figures_of_corrected_days_are_made_again_at_any_age(run, world, reset):
    world.operations.dirty_days.mark([CameraDay("gate", "2012-01-01"), CameraDay("gate", "2044-05-17")])
    world.clock.move(2 * DAY)
    RollUp(world.services).do(lambda: True)
    assert ([5], []) == (populations(world, "2012-01-01"), populations(world, "2044-05-17"))
    world.clock.move(400 * DAY)
    told(run, *RANGE, "--apply")
    RollUp(world.services).do(lambda: True)
    assert ([0], [5]) == (populations(world, "2012-01-01"), populations(world, "2044-05-17"))
    assert len(reset) == 5


def test_an_image_in_analysis_stays_and_is_counted(run, world, reset):
    data = encoded(noise(), "JPEG", exif=exif_of("2012:01:01 20:00:00"))
    world.buckets.put(ObjectUri.parse(uri(9)), data)
    world.add(uri(9))
    world.do(world.sent.popleft())
    # Two minutes later the reconciler looks at it: then its day lists it
    begun = world.images.get(uri(9))
    assert world.images.postpone(begun, world.clock.now + timedelta(hours=1), counts_round=False)
    report = told(run, *RANGE, "--apply")
    assert (5, 1) == (report["moved"], report["in_progress"])
    assert len(reset) == 5


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--from", "2012-01-01"),
        ("--undo", "--by", "1h"),
        ("--undo", *RANGE),
        *[(*RANGE, "--by", by) for by in ("soon", "0s", "900000d")],
    ],
)
def test_wrong_usage(run, options):
    assert 2 == run("clock", "gate", *options).exit_code


def test_a_camera_without_images_there_has_nothing_to_move(run):
    assert "nothing to move" in run("clock", "roof", *RANGE).stdout
    assert "nothing to move" in run("clock", "roof", "--undo", "--apply").stdout
