import json

from sightline.storage.pauses import Cause, Stop
from sightline.testing.fake import uri_of


def test_a_stopped_lane_goes_on(run, world):
    world.operations.pauses.stop(Stop("ingest.backfill", Cause.BRAKE, "all bad", world.clock.now))
    assert "backfill resumed\n" == run("resume", "backfill").stdout
    assert [] == list(world.operations.pauses.stops())


def test_both_lanes_are_meant_where_none_is_named(run, world):
    world.operations.pauses.stop(Stop("ingest", Cause.BRAKE, "all bad", world.clock.now))
    assert {"live": True, "backfill": False, "cameras": {}} == json.loads(run("resume", "--json").stdout)


def stop_camera(world, camera, queue="ingest"):
    world.operations.pauses.stop(Stop(queue, Cause.CAMERA, "all bad", world.clock.now, camera=camera))


def test_a_stopped_camera_goes_on_and_its_waiting_images_are_sent(run, world):
    stop_camera(world, "yard")
    stop_camera(world, "gate")
    world.add(uri_of("01"), uri_of("02", "gate"))
    world.run_now()
    assert "camera yard resumed\n" == run("resume", "--camera", "yard").stdout
    assert [uri_of("01")] == [step.args[0] for step in world.sent]
    assert ["gate"] == [each.camera for each in world.operations.pauses.stops()]


def test_all_cameras_are_meant_where_none_is_named(run, world):
    stop_camera(world, "yard")
    stop_camera(world, "", "ingest.backfill")
    told = json.loads(run("resume", "--json").stdout)
    assert {"live": False, "backfill": False, "cameras": {"yard": True, "": True}} == told
    assert [] == list(world.operations.pauses.stops())


def test_a_lane_that_is_named_leaves_cameras_alone(run, world):
    stop_camera(world, "yard")
    assert "live was not stopped\n" == run("resume", "live").stdout
    assert 1 == len(list(world.operations.pauses.stops()))


def test_keys_without_a_camera_are_resumed_by_an_option(run, world):
    stop_camera(world, "")
    assert "the group without a camera resumed\n" == run("resume", "--no-camera").stdout
    assert "the group without a camera was not stopped\n" == run("resume", "--no-camera").stdout


def test_status_shows_which_cameras_are_stopped(run, world):
    stop_camera(world, "yard")
    shown = run("status").stdout
    assert "stopped cameras" in shown
    assert "stopped queues" not in shown
    assert ["yard"] == [each["camera"] for each in json.loads(run("status", "--json").stdout)["stopped"].values()]


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


def test_a_stopped_camera_that_can_only_be_meant_goes_on_and_of_a_slip_the_nearest_is_told(run, world):
    stop_camera(world, "Front Door")
    result = run("resume", "--camera", "Frnt Door")
    assert "camera Frnt Door was not stopped\n" == result.stdout
    assert "Nothing here is of camera Frnt Door; the nearest name is Front Door.\n" == result.stderr
    result = run("resume", "--camera", "Front Door/")
    assert ("camera Front Door resumed\n", True) == (result.stdout, "Front Door is meant" in result.stderr)
