import json

from sightline.storage.pauses import Cause, Stop


def test_a_stopped_lane_goes_on(run, world):
    world.operations.pauses.stop(Stop("ingest.backfill", Cause.BRAKE, "all bad", world.clock.now))
    assert "backfill resumed\n" == run("resume", "backfill").stdout
    assert [] == list(world.operations.pauses.stops())


def test_both_lanes_are_meant_where_none_is_named(run, world):
    world.operations.pauses.stop(Stop("ingest", Cause.BRAKE, "all bad", world.clock.now))
    assert {"live": True, "backfill": False} == json.loads(run("resume", "--json").stdout)


def test_a_lane_that_is_none_is_wrong_usage(run):
    assert 2 == run("resume", "fast").exit_code


def test_status_shows_what_is_stopped_and_why(run, world):
    assert "stopped queues" not in run("status").stdout
    world.operations.pauses.stop(Stop("ingest.backfill", Cause.BRAKE, "all bad", world.clock.now))
    shown = run("status").stdout
    assert "stopped queues" in shown
    assert "all bad" in shown
    told = json.loads(run("status", "--json").stdout)["stopped"]
    assert ["ingest.backfill"] == [each["queue"] for each in told.values()]
