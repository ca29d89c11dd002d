import json
from datetime import timedelta

import pytest

from sightline.errors import ImageNotSeen, InvalidParameter
from sightline.models.answers import Answer, Box, Detection
from sightline.models.bucket_refusals import Reader
from sightline.models.images import Lane
from sightline.queues.steps import ingest_step
from sightline.services.held import DROPS
from sightline.storage.pauses import Cause, Stop
from sightline.testing.fake import picture, uri_of
from tests.unit.cli.conftest import URI


def test_everything_about_an_image_is_told(run, finish):
    finish()
    facts = json.loads(run("show", URI, "--json").stdout)
    assert (URI, "complete", "yard", "2026-11-02T11:00:01+00:00") == tuple(
        facts[name] for name in ("image_id", "state", "camera", "taken_at")
    )
    assert ["faces", "labels", "text"] == [*facts["features"]]
    assert "answered" == facts["features"]["labels"]["status"]
    assert ["Person", "Plant"] == [each["name"] for each in facts["features"]["labels"]["detections"]]


def test_people_see_where_things_are(run, finish, world):
    seen = Detection("Dog", 88.25, Box(0.5, 0.25, 0.1, 0.2), {"parents": ["Animal", "Pet"]})
    world.detector.script.extend([Answer((seen,), "1"), Answer((), "1")])
    finish()
    said = run("show", URI).stdout
    assert ["Dog", "88.2", "Animal,", "Pet", "1", "50,", "25;", "10", "×", "20"] in [
        line.split() for line in said.splitlines()
    ]
    assert "labels, answered: nothing found" in said


def test_what_waits_is_not_told_as_nothing_found(run, world):
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    assert "faces, waiting: nothing yet" in run("show", URI).stdout


def test_a_rejected_part_says_why(run, finish, world):
    world.detector.script.append(InvalidParameter(URI))
    finish()
    facts = json.loads(run("show", URI, "--json").stdout)
    assert "rejected" == facts["features"]["faces"]["status"]
    assert "Rekognition refuses this request" in facts["features"]["faces"]["because"]


def test_a_rejected_image_says_why(run, world):
    world.put(URI, b"no picture")
    world.add(URI)
    world.run()
    facts = json.loads(run("show", URI, "--json").stdout)
    assert ("rejected", None, {}) == (facts["state"], facts["camera"], facts["features"])
    assert "must be a picture" in facts["rejection"]


def test_an_image_that_waits_for_its_stopped_camera_says_so_and_how_it_goes_on(run, world):
    bad = [uri_of(f"bad-{number}") for number in range(101)]
    for uri in bad:
        world.put(uri, b"no picture")
    world.add(*bad)
    world.run()
    world.put(URI, picture())
    world.add(URI)
    world.run()
    facts = json.loads(run("show", URI, "--json").stdout)
    assert "received" == facts["state"]
    assert facts["waits_for"].startswith("its camera: more than half of the last 200 images of camera yard")
    assert "sightline resume --camera yard" in facts["waits_for"]
    other = uri_of("01", "gate")
    world.add(other)
    assert json.loads(run("show", other, "--json").stdout)["waits_for"] is None


def test_an_image_that_waits_for_its_stopped_lane_says_so(run, world):
    world.operations.pauses.stop(Stop("ingest", Cause.BRAKE, "all is rubbish", world.clock()))
    world.add(URI)
    assert "its lane: all is rubbish" == json.loads(run("show", URI, "--json").stdout)["waits_for"]


def test_an_image_that_waits_for_its_bucket_says_which_place_and_who_refuses(run, world):
    world.put(URI, picture())
    world.add(URI)
    world.do(world.sent.popleft())
    assert json.loads(run("show", URI, "--json").stdout)["waits_for"] is None
    for camera in ("yard", "gate", "door"):
        refused = uri_of("02", camera)
        world.services.bucket_gate.refused(refused, Reader.REKOGNITION, ImageNotSeen(refused))
    waits_for = json.loads(run("show", URI, "--json").stdout)["waits_for"]
    assert "its bucket s3://frames/, which Rekognition refuses: one image is tried each minute" == waits_for
    world.clock.move(timedelta(minutes=1))
    world.services.bucket_gate.refused(refused, Reader.REKOGNITION, ImageNotSeen(refused))
    waits_for = json.loads(run("show", URI, "--json").stdout)["waits_for"]
    assert "its bucket s3://frames/, which Rekognition refuses: ImageNotSeen, see `sightline dead list`" == waits_for


def test_a_finished_image_waits_for_nothing_though_its_bucket_refuses(run, finish, world):
    finish()
    for camera in ("yard", "gate", "door"):
        refused = uri_of("02", camera)
        world.services.bucket_gate.refused(refused, Reader.REKOGNITION, ImageNotSeen(refused))
    assert json.loads(run("show", URI, "--json").stdout)["waits_for"] is None


def test_an_image_that_nobody_added_is_an_error_with_its_remedy(run):
    result = run("show", URI)
    assert (1, "") == (result.exit_code, result.stdout)
    assert f"{URI}: the image must have been added. Add it with `sightline add`.\n" == result.stderr


def test_what_is_no_uri_is_an_error(run):
    result = run("show", "yard/1.jpg")
    assert 1 == result.exit_code
    assert result.stderr.startswith("yard/1.jpg: an image is named s3://")


def test_no_image_is_wrong_usage(run):
    assert 2 == run("show").exit_code


@pytest.mark.parametrize(
    ("uri", "there"),
    [
        ("s3://frames/Front+Door/a%2Bb.jpg", "s3://frames/Front Door/a+b.jpg"),
        ("s3://frames/yard/cafe\u0301.jpg", "s3://frames/yard/caf\u00e9.jpg"),
        (f"{URI} ", URI),
    ],
)
def test_of_an_image_that_looks_like_a_known_one_that_one_is_told(run, world, uri, there):
    world.add(there)
    assert f"Show {there} instead, which is known.\n" in run("show", uri).stderr


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (uri_of("11"), f"; the nearest keys are {uri_of('21')}, {uri_of('01')}."),
        (uri_of("21").replace("jpg", "jpeg"), f"; the nearest keys are {uri_of('21')}, {uri_of('01')}."),
        (uri_of("01", "yrad"), "; the nearest folder is s3://frames/yard/."),
        (uri_of("01").replace("-11", "-12"), "; the nearest folder is s3://frames/yard/2026-11-02/."),
        (uri_of("01").replace("Hour-11", "Hour-12"), "; the nearest folder is s3://frames/yard/2026-11-02/Hour-11/."),
        ("s3://frames/yard/2026-11-02/Hour-11/snap/nothing like it", "Add it with `sightline add`.\n"),
        ("s3://nowhere/yard/1.jpg", "Add it with `sightline add`.\n"),
        (uri_of("01"), "Add it with `sightline add`.\n"),  # its object is there
    ],
)
def test_of_an_image_that_is_not_there_the_nearest_are_told(run, world, uri, said):
    for each in (uri_of("01"), uri_of("21")):
        world.put(each, picture())
    result = run("show", uri)
    assert 1 == result.exit_code
    assert said in result.stderr


def test_dropped_answers_are_told_and_that_the_bytes_themselves_were_sent(run, world):
    world.put(URI, picture())
    world.add(URI)
    world.sent.clear()
    for _ in range(DROPS):
        world.images.note_drop(world.images.get(URI))
    world.send([ingest_step(URI, Lane.LIVE)])  # as after a change: the row is not new
    world.run()
    facts = json.loads(run("show", URI, "--json").stdout)
    assert (DROPS, "bytes") == (facts["dropped_answers"], facts["features"]["labels"]["asked_by"])
    shown = run("show", URI).stdout
    assert "labels, answered (the bytes themselves were sent: the object is overwritten again and again)" in shown
    assert ["dropped", "answers", "3"] in [line.split() for line in shown.splitlines()]


def test_of_an_image_that_stands_still_no_dropped_answers_are_told(run, finish):
    finish()
    assert "dropped" not in run("show", URI).stdout
    assert "name" == json.loads(run("show", URI, "--json").stdout)["features"]["labels"]["asked_by"]
