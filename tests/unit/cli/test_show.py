import json

from sightline.errors import InvalidParameter
from sightline.models.answers import Answer, Box, Detection
from sightline.testing.fake import picture
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
