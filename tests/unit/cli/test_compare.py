import json
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from sightline.cli.factory import Factory
from sightline.errors import InvalidParameter, Unavailable
from sightline.models.answers import Box
from sightline.models.comparisons import Compared, ComparedFace
from sightline.models.people_policy import PeoplePolicy
from sightline.testing.fake import FakeSightline, picture, uri_of

POLICY = PeoplePolicy("who left the gate open", "consent", 30, ("gate",))
GATE = uri_of("01", "gate")
SOURCE_FACE = ComparedFace(Box(0.25, 0.25, 0.5, 0.5), 99.0)
TWO = Compared(
    SOURCE_FACE,
    (ComparedFace(Box(0.1, 0.1, 0.2, 0.3), 98.5, 97.25), ComparedFace(Box(0.6, 0.1, 0.2, 0.3), 75.0, 12.0)),
)


@pytest.fixture
def world():
    return FakeSightline(people_policy=POLICY)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ('it\'s "A".jpg', "b.png")]
    paths[0].write_bytes(picture(1, (400, 300)))
    paths[1].write_bytes(picture(2, (400, 300), "PNG"))
    return [str(path) for path in paths]


def lines(result):
    return " ".join(result.stdout.split())


def test_each_face_of_the_target_is_shown_with_its_similarity(run, world, files):
    world.detector.script.append(TWO)
    result = run("compare", *files)
    assert 0 == result.exit_code, result.stderr
    assert f"faces of {files[1]}, compared with the largest of {files[0]}" in lines(result)
    assert "97.2 yes 98.5 10, 10; 20 × 30" in lines(result)
    assert "12.0 no 75.0 60, 10; 20 × 30" in lines(result)
    assert "paid: 0.0010 USD; kept until 2044-06-16 12:00 UTC" in result.stdout


def test_a_second_run_pays_nothing_and_another_threshold_is_no_other_call(run, world, files):
    world.detector.script.append(TWO)
    run("compare", *files)
    result = run("compare", *files, "--at-least", "10")
    assert "already known: nothing paid" in result.stdout
    assert "12.0 yes" in lines(result)
    assert 1 == len(world.detector.asked)


def test_its_names_are_stable(run, world, files):
    world.detector.script.append(TWO)
    said = json.loads(run("compare", *files, "--json").stdout)
    assert ["source", "target", "faces", "no_face_in", "at_least", "is_new", "paid_usd", "kept_until"] == [*said]
    face = {"box": {"left": 0.1, "top": 0.1, "width": 0.2, "height": 0.3}, "confidence": 98.5, "similarity": 97.25}
    assert face | {"is_alike": True} == said["faces"][0]
    assert (True, 0.001, 64) == (said["is_new"], said["paid_usd"], len(said["source"]["sha256"]))


@pytest.mark.parametrize(("faces", "which"), [(0, "SOURCE"), (1, "TARGET")])
def test_no_face_is_an_answer_that_names_the_picture(run, world, files, faces, which):
    refused = InvalidParameter("two pictures")
    world.detector.script.extend([refused, TWO if faces else refused])
    result = run("compare", *files)
    assert (0, "") == (result.exit_code, result.stderr)
    assert f"no face in {which}: {files[faces]}" in result.stdout
    assert f"paid: 0.00{faces}0 USD" in result.stdout


def test_the_same_picture_twice_is_one_content(run, files):
    said = json.loads(run("compare", files[0], files[0], "--json").stdout)
    assert said["source"]["sha256"] == said["target"]["sha256"]
    assert 97.25 == said["faces"][0]["similarity"]


def test_an_object_is_compared_with_a_file(run, world, files):
    world.put(GATE, picture(5))
    assert 0 == run("compare", GATE, files[0]).exit_code
    assert 1 == len(world.detector.asked)


def test_boxes_are_drawn_into_the_target(run, world, files, tmp_path):
    world.detector.script.append(TWO)
    out = tmp_path / "drawn.png"
    result = run("compare", *files, "--out", str(out))
    assert "boxes drawn: 2" in result.stderr
    with Image.open(out) as drawn:
        assert ((400, 300), (52, 199, 89), (255, 59, 48)) == (
            drawn.size,
            drawn.getpixel((40, 100)),
            drawn.getpixel((240, 100)),
        )


@pytest.mark.parametrize("data", [b"no picture", b"", b"\xff\xd8\xff" + bytes(16 * 2**20)])
def test_a_file_that_is_no_picture_or_too_large_is_named_and_nothing_is_paid(run, world, files, tmp_path, data):
    (tmp_path / "bad.jpg").write_bytes(data)
    result = run("compare", files[0], str(tmp_path / "bad.jpg"))
    assert (1, True, []) == (result.exit_code, "bad.jpg" in result.stderr, world.detector.asked)


def test_without_a_policy_it_is_refused_with_what_to_set(run, world, files, settings):
    world.people_policy = None
    world.services = world.make_services(world.plan)
    result = run("compare", *files, factory=Factory(settings, world.services))
    assert 1 == result.exit_code
    assert "SIGHTLINE_PEOPLE_POLICY" in result.stderr
    assert [] == world.detector.asked


def test_an_image_of_another_camera_is_refused(run, world, files):
    world.put(uri_of("01", "yard"), picture(5))
    result = run("compare", uri_of("01", "yard"), files[0])
    assert (1, True) == (result.exit_code, "it is of yard" in result.stderr)


@pytest.mark.parametrize("arguments", [[], ["a.jpg"], ["--forget", "a.jpg", "b.jpg"], ["a", "b", "--at-least", "101"]])
def test_wrong_usage_is_refused(run, arguments):
    assert 2 == run("compare", *arguments).exit_code


def test_a_picture_is_forgotten_by_itself_by_its_uri_or_by_its_sha256(run, world, files):
    world.put(GATE, picture(5))
    for source, target in ((files[0], GATE), (GATE, files[1]), (files[1], files[1])):
        run("compare", source, target)
    sha256 = json.loads(run("compare", GATE, files[1], "--json").stdout)["source"]["sha256"]
    assert "2 comparisons removed; none is left" in run("compare", "--forget", GATE).stdout
    assert f"0 comparisons removed; none is left of {sha256}" in run("compare", "--forget", sha256).stdout
    assert 1 == len(world.operations.comparisons.of_picture())
    assert [1] == [*json.loads(run("compare", "--forget", files[1], "--json").stdout).values()]
    assert [] == world.operations.comparisons.of_picture()


def test_an_image_whose_object_is_gone_is_forgotten_by_its_row(run, world, files):
    world.put(GATE, picture(5))
    world.add(GATE)
    world.run()
    run("compare", GATE, files[0])
    del world.buckets._buckets["frames"][world.images.get(GATE).image_id.removeprefix("s3://frames/")]
    assert "1 comparisons removed" in run("compare", "--forget", GATE).stdout
    assert 1 == run("compare", "--forget", uri_of("77", "gate")).exit_code


def test_forgetting_needs_no_policy(run, world, files, settings):
    run("compare", *files)
    world.people_policy = None
    world.services = world.make_services(world.plan)
    factory = Factory(settings, world.services)
    assert 1 == run("check", factory=factory).exit_code
    checked = json.loads(run("check", "--json", factory=factory).stdout)["policy on people"]
    assert "1 comparisons of faces are kept, and no policy says why" in checked["problem"]
    run("compare", "--forget", files[0], factory=factory)
    assert json.loads(run("check", "--json", factory=factory).stdout)["policy on people"]["problem"] is None


def test_check_shows_the_policy(run):
    told = json.loads(run("check", "--json").stdout)["policy on people"]
    assert (None, "who left the gate open (consent); kept for 30 days; cameras: gate") == (
        told["problem"],
        told["value"],
    )


def test_an_answer_that_was_kept_is_removed_when_it_expires(run, world, files):
    run("compare", *files)
    world.clock.move(timedelta(days=30))
    assert "paid: 0.0010 USD" in run("compare", *files).stdout


def test_what_cannot_be_counted_is_said(run, world, files, factory):
    class Away:
        def count(self, *_):
            raise Unavailable("DynamoDB")

    world.services = replace(world.services, calls=type(world.services.calls)(Counting(Away()), world.clock, no_timer))
    result = run("compare", *files, factory=Factory(factory.settings, world.services))
    assert "will not count this call" in result.stderr


class Counting:
    def __init__(self, usage):
        self.usage = usage


def no_timer(seconds, do):
    pass
