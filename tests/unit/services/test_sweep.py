"""The sweep: images that no message told of, objects that are gone, and runs that end anywhere and go on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sightline.errors import AccessDenied, Unavailable
from sightline.models.images import Lane, State
from sightline.queues.redis import Waiting
from sightline.rekognition.preflight import MAX_BYTES_IN_S3
from sightline.services.collaborators import SweepPlan
from sightline.services.sweep import sweep
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture

TODAY = "2044-05-17"
YESTERDAY = "2044-05-16"


@pytest.fixture
def world():
    """Give a world at noon of the 17th of May 2044."""
    return FakeSightline()


def forever():
    return True


def uri(name, camera="yard", day=TODAY):
    return f"s3://{BUCKET}/{camera}/{day}/{name}.jpg"


def fill(world, *uris):
    for number, each in enumerate(uris):
        world.put(each, picture(number + 1))
    return list(uris)


def run(world, goes_on=forever, **changed):
    """Sweep once; give the images that it sent, in order."""
    sent: list[Any] = []
    sweep(replace(world.services, **changed), goes_on, sent.extend)
    world.send(sent)
    return [step.args[0] for step in sent]


def settle(world):
    """Sweep and work until all is done, and let the walks be due again."""
    run(world)
    world.run()
    world.clock.move(timedelta(hours=12))


def test_an_object_that_no_message_told_of_is_found_and_carried_to_the_graph(world):
    found = fill(world, uri("a"), uri("b"))
    assert sorted(found) == sorted(run(world))
    assert {Lane.LIVE} == {step.lane for step in world.sent}
    world.run()
    assert {State.COMPLETE} == {world.images.get(each).state for each in found}


def test_an_object_of_another_day_is_found_by_the_walk_over_all_and_goes_after_the_live_ones(world):
    (old,) = fill(world, uri("a", day="2031-01-01"))
    assert [old] == run(world)
    assert [Lane.BACKFILL] == [step.lane for step in world.sent]


def test_what_is_known_is_not_sent(world):
    fill(world, uri("a"))
    run(world)
    assert [] == run(world)
    world.run()
    world.clock.move(timedelta(hours=13))
    assert [] == run(world)


def test_todays_objects_are_swept_each_time(world):
    settle(world)
    world.clock.now = datetime(2044, 5, 17, 13, tzinfo=UTC)
    run(world)
    late = fill(world, uri("late"))
    assert late == run(world)


def test_all_objects_are_swept_twice_a_day(world):
    run(world)
    old = fill(world, uri("old", day="2031-01-01"))
    world.clock.move(timedelta(hours=11, minutes=59))
    assert [] == run(world)
    world.clock.move(timedelta(minutes=1))
    assert old == run(world)


def test_an_object_with_other_bytes_is_ingested_again(world):
    one, _ = fill(world, uri("one"), uri("two"))
    run(world)
    world.run()
    world.put(one, picture(50))
    assert [one] == run(world)
    world.run()
    row = world.images.get(one)
    assert (State.COMPLETE, world.buckets.head(ObjectUri.parse(one)).etag) == (row.state, row.content.etag)


BAD = b"no picture"


def refused(world):
    """Have an image refused; return its URI."""
    [one] = fill(world, uri("one"))
    world.put(one, BAD)
    run(world)
    world.run()
    assert State.REJECTED is world.images.get(one).state
    return one


def test_a_refused_object_is_not_looked_at_again(world):
    refused(world)
    for _ in range(3):
        world.clock.move(timedelta(minutes=1))
        assert [] == run(world)


def test_a_good_object_in_place_of_a_refused_one_is_found_however_late_the_refusal_was_written(world):
    one = refused(world)
    world.put(one, picture(1))  # by S3's clock this is no later than the refusal
    world.clock.move(timedelta(hours=1))
    assert [one] == run(world)
    world.run()
    assert State.COMPLETE is world.images.get(one).state


def test_a_good_object_in_place_of_a_refused_one_is_found_although_its_capture_was_moved_since(world):
    one, _ = fill(world, uri("one"), uri("two"))
    run(world)
    world.run()
    world.put(one, BAD)
    run(world)
    world.run()
    world.put(one, picture(1))
    world.clock.move(timedelta(hours=1))
    row = world.images.get(one)
    assert world.images.move_capture(row, replace(row.capture, taken_at=row.capture.taken_at + timedelta(hours=1)))
    assert [one] == run(world)


TOO_BIG = bytes(MAX_BYTES_IN_S3 + 1)


def test_a_good_object_in_place_of_one_that_was_too_big_is_found_although_its_upload_began_before(world):
    one = uri("one")
    world.put(one, TOO_BIG)
    run(world)
    world.run()
    assert "TooManyBytes" == world.images.get(one).rejection.error
    assert [] == run(world)
    world.clock.move(timedelta(minutes=-10))  # an upload in parts has the time of its beginning
    world.put(one, picture(1))
    world.clock.move(timedelta(hours=1))
    assert [one] == run(world)
    world.run()
    assert State.COMPLETE is world.images.get(one).state


def test_a_row_that_does_not_know_what_was_refused_is_looked_at_once_more_at_most(world):
    one = refused(world)
    row = world.images.get(one)
    world.images.end(row, State.REJECTED, row.rejection, None)
    world.images.end(world.images.get(one), State.REJECTED, replace(row.rejection, message="by an older version"))
    assert world.images.get(one).judged is None
    world.clock.move(timedelta(hours=1))
    assert [one] == run(world)
    world.run()
    world.clock.move(timedelta(hours=1))
    assert [] == run(world)


def test_a_refused_object_in_place_of_another_is_refused_once_and_not_looked_at_again(world):
    one = refused(world)
    world.put(one, b"no picture either")
    assert [one] == run(world)
    world.run()
    world.clock.move(timedelta(hours=1))
    assert [] == run(world)


def test_another_plan_sends_nothing_by_itself(world):
    fill(world, uri("a"))
    settle(world)
    plan = replace(world.services.plan, generation="2")
    assert [] == run(world, plan=plan)


def test_a_row_whose_object_is_gone_becomes_gone(world):
    one, two = fill(world, uri("one"), uri("two"))
    settle(world)
    world.buckets.delete(ObjectUri.parse(one))
    assert [one] == run(world)
    world.run()
    assert [State.GONE, State.COMPLETE] == [world.images.get(each).state for each in (one, two)]
    world.clock.move(timedelta(hours=12))
    assert [] == run(world)


class Refusing:
    """The world's bucket, where a HEAD is refused."""

    def __init__(self, inner, error):
        self._inner, self._error = inner, error

    def head(self, uri):
        raise self._error(str(uri))

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize("error", [AccessDenied, Unavailable])
def test_an_object_that_may_not_be_seen_is_not_gone(world, error):
    fill(world, uri("one"))
    settle(world)
    with pytest.raises(error):
        run(world, buckets=Refusing(world.buckets, error))
    assert State.COMPLETE is world.images.get(uri("one")).state
    assert not world.sent


def test_rows_outside_the_swept_place_are_left_alone(world):
    fill(world, uri("one", camera="gate"))
    settle(world)
    world.buckets.delete(ObjectUri.parse(uri("one", camera="gate")))
    plan = replace(world.services.sweep, prefixes=[Prefix(BUCKET, "yard/")])
    assert [] == run(world, sweep=plan)


def test_nothing_is_swept_where_nothing_is_named(world):
    fill(world, uri("one"))
    assert [] == run(world, sweep=replace(world.services.sweep, prefixes=[]))


class Noting:
    """The world's bucket, which notes what was listed; pages of two."""

    def __init__(self, inner):
        self._inner = inner
        self.listed = []

    def list_page(self, bucket, prefix, after, limit=1000):
        self.listed.append((prefix, limit))
        return self._inner.list_page(bucket, prefix, after, min(limit, 2))

    def __getattr__(self, name):
        return getattr(self._inner, name)


def turns(count):
    """Say so many times that there is time."""
    left = iter([True] * count)
    return lambda: next(left, False)


@pytest.mark.parametrize("pages", [3, 4, 7])
def test_runs_that_are_cut_go_on_and_find_everything_once(world, pages):
    cameras = ("gate", "yard", "yard-2", "zoo")
    days = (TODAY, "2031-01-01")
    put = fill(world, *(uri(name, camera, day) for camera in cameras for day in days for name in "abc"))
    noting = Noting(world.buckets)
    found = []
    for _ in range(30):
        found += run(world, turns(pages), buckets=noting)
    assert sorted(put) == sorted(found)


@pytest.mark.parametrize("place", ["yard/", "yard", "", "ya"])
def test_a_cameras_own_folder_is_swept_as_today_with_and_without_a_slash(world, place):
    found = fill(world, uri("a"), uri("b"))
    fill(world, *(uri("old", day=f"2031-01-{n:02}") for n in range(1, 20)))
    plan = replace(world.services.sweep, prefixes=[Prefix(BUCKET, place)])
    assert found == run(world, turns(1), sweep=plan)


def test_a_cameras_own_folder_is_not_taken_for_a_folder_of_cameras(world):
    fill(world, *(uri("old", day=f"2031-01-{n:02}") for n in range(1, 20)))
    noting = Noting(world.buckets)
    run(world, turns(1), buckets=noting, sweep=replace(world.services.sweep, prefixes=[Prefix(BUCKET, "yard/")]))
    assert [("yard/2044-05-17/", 1000), ("yard/", 1)] == noting.listed[:2]
    assert ("yard/", 1) not in noting.listed[2:]


def test_a_folder_of_cameras_is_swept_by_camera_in_each_ones_own_day(world):
    found = fill(world, uri("a", "site/gate", "2044-05-18"), uri("b", "site/yard"))
    zones = {"gate": ZoneInfo("Pacific/Kiritimati")}
    plan = replace(world.services.sweep, prefixes=[Prefix(BUCKET, "site/")], time_zones=zones)
    assert found == run(world, turns(2), sweep=plan)


def test_the_folders_of_other_days_are_jumped_over(world):
    fill(world, *(uri(str(n), camera, f"2031-01-{n:02}") for n in range(1, 20) for camera in ("gate", "yard")))
    noting = Noting(world.buckets)
    run(world, turns(1), buckets=noting)
    assert [("", 1), ("gate/2044-05-17/", 1000), ("", 1), ("yard/2044-05-17/", 1000), ("", 1)] == noting.listed


@pytest.mark.parametrize(
    ("at", "zone", "folders"),
    [
        (datetime(2044, 5, 17, 12, tzinfo=UTC), "UTC", [TODAY]),
        (datetime(2044, 5, 17, 0, 30, tzinfo=UTC), "UTC", [YESTERDAY, TODAY]),
        (datetime(2044, 5, 16, 22, 59, tzinfo=UTC), "Europe/Berlin", [YESTERDAY, TODAY]),
        (datetime(2044, 5, 16, 21, 59, tzinfo=UTC), "Europe/Berlin", [YESTERDAY]),
        (datetime(2044, 5, 17, 11, 0, tzinfo=UTC), "Pacific/Kiritimati", ["2044-05-18"]),
    ],
)
def test_today_is_the_cameras_own_and_yesterday_lasts_an_hour_longer(world, at, zone, folders):
    fill(world, uri("a"))
    world.clock.now = at
    noting = Noting(world.buckets)
    plan = SweepPlan([Prefix(BUCKET)], "%Y-%m-%d/", {"yard": ZoneInfo(zone)}, ZoneInfo("UTC"))
    run(world, turns(1), buckets=noting, sweep=plan)
    assert folders == [prefix.removeprefix("yard/").rstrip("/") for prefix, _ in noting.listed if prefix]


def test_a_run_sends_no_more_than_the_slowest_feature_can_do_in_a_minute(world):
    world.limiter.override("DetectText", 0.07, "a test")
    noting = Noting(world.buckets)
    put = fill(world, *(uri(name) for name in "abcdefgh"))
    first = run(world, buckets=noting)
    assert 4 == len(first)
    assert sorted(put) == sorted(first + run(world, buckets=noting) + run(world, buckets=noting))


def test_nothing_is_sent_while_ten_minutes_of_work_wait(world):
    fill(world, uri("a"))
    world.queues.now["ingest.backfill"] = Waiting(100_000)
    assert [] == run(world)


def test_an_object_outside_any_folder_does_not_stop_the_walk(world):
    world.put(f"s3://{BUCKET}/README", b"no picture")
    put = fill(world, uri("a"))
    assert {f"s3://{BUCKET}/README", *put} == set(run(world))


def test_positions_are_kept_only_after_the_messages_are_sent(world):
    put = fill(world, uri("a"))

    def die(steps):  # noqa: ARG001 - as `send` is called
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(world.services, forever, die)
    assert put == [each.image_id for each in world.images.unfinished()]
    assert [] == run(world), "its row is there, so it is the reconciler's"
