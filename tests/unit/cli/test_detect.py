import json
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from sightline.cli.factory import Factory
from sightline.errors import NotSupported, OutcomeUnknown, Throttled, Unavailable
from sightline.models.answers import Answer, Box, Detection
from sightline.rekognition.preflight import MAX_BYTES_SENT
from sightline.testing.fake import picture
from tests.unit.cli.conftest import URI

SEEN = Answer((Detection("Person", 97.5, Box(0.25, 0.25, 0.5, 0.5)), Detection("Plant", 61.0)), "3.1", 30.0)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "gate.jpg"
    path.write_bytes(picture(7, (400, 300)))
    return path


def test_a_file_is_sent_along_once_for_each_feature(run, world, file):
    result = run("detect", str(file), "--feature", "labels,text,labels", "--json")
    assert 0 == result.exit_code
    size = len(file.read_bytes())
    assert [("labels", f"{size} bytes"), ("text", f"{size} bytes")] == world.detector.asked
    assert ["labels", "text"] == [*json.loads(result.stdout)]


def test_its_names_are_stable(run, world, file):
    world.detector.script.append(SEEN)
    labels = json.loads(run("detect", str(file), "--json").stdout)["labels"]
    box = {"left": 0.25, "top": 0.25, "width": 0.5, "height": 0.5}
    first = {"name": "Person", "confidence": 97.5, "boxes": [box], "attributes": {}}
    assert first == labels["detections"][0]
    assert ("3.1", 30.0, False) == tuple(labels[name] for name in ("model_version", "cut_percent", "is_truncated"))


def test_an_object_is_read_by_rekognition_itself(run, world):
    assert 0 == run("detect", URI).exit_code
    assert [("labels", URI)] == world.detector.asked


def test_no_row_and_no_message_comes_of_it(run, world, file):
    run("detect", str(file))
    assert ([], []) == (list(world.images.scan()), list(world.sent))


def test_a_slot_is_taken_for_each_call(run, world, file):
    world.limiter.override("DetectLabels", 0.5, "slow")
    run("detect", str(file))
    before = world.clock()
    run("detect", str(file))
    assert 1.5 < (world.clock() - before).total_seconds() < 2.5


def test_what_was_paid_is_counted(run, world, file):
    run("detect", str(file), "--feature", "faces")
    calls = world.operations.usage.calls("2044-05-17", "2044-05-17")
    assert {("faces", "answered"): 1, ("faces", "cost_micro_usd"): 1000} == calls


def test_boxes_are_drawn_where_things_are(run, world, file, tmp_path):
    world.detector.script.append(SEEN)
    out = tmp_path / "seen.png"
    result = run("detect", str(file), "--out", str(out))
    assert "boxes drawn: 1" in result.stderr
    with Image.open(out) as drawn, Image.open(file) as plain:
        assert ("PNG", (400, 300)) == (drawn.format, drawn.size)
        assert (255, 59, 48) == drawn.getpixel((100, 150))
        assert plain.getpixel((200, 150)) == drawn.getpixel((200, 150))


def test_an_object_is_fetched_to_be_drawn_into(run, world, tmp_path):
    world.put(URI, picture(3, (200, 100)))
    world.detector.script.append(SEEN)
    assert 0 == run("detect", URI, "--out", str(tmp_path / "seen.jpg")).exit_code
    with Image.open(tmp_path / "seen.jpg") as drawn:
        assert ("JPEG", (200, 100)) == (drawn.format, drawn.size)


def test_an_object_that_can_not_be_drawn_into_is_an_error_after_its_answer(run, world, tmp_path):
    world.put(URI, picture()[:400])
    result = run("detect", URI, "--out", str(tmp_path / "seen.png"))
    assert 1 == result.exit_code
    assert "Person" in result.stdout
    assert "the whole picture must decode" in result.stderr


@pytest.mark.parametrize(("stored", "size"), [("JPEG", (100, 200)), ("MPO", (100, 200)), ("PNG", (200, 100))])
def test_a_picture_is_turned_as_rekognition_turns_it(run, world, tmp_path, stored, size):
    turned, out, data = tmp_path / "turned.jpg", tmp_path / "seen.png", BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100)).save(data, stored, exif=exif)
    turned.write_bytes(data.getvalue())
    world.detector.script.append(SEEN)
    run("detect", str(turned), "--out", str(out))
    with Image.open(out) as drawn:
        assert size == drawn.size


def test_a_grey_picture_of_sixteen_bits_is_drawn_as_bright_as_it_is(run, world, tmp_path):
    grey, out = tmp_path / "grey.png", tmp_path / "seen.png"
    Image.new("I;16", (200, 100), 0x4000).save(grey)
    world.detector.script.append(SEEN)
    run("detect", str(grey), "--out", str(out))
    with Image.open(out) as drawn:
        assert (64, 64, 64) == drawn.getpixel((5, 5))


def test_one_feature_that_fails_is_named_and_the_others_are_shown(run, world, file, tmp_path):
    world.detector.script.append(NotSupported("RecognizeCelebrities"))
    out = tmp_path / "seen.png"
    result = run("detect", str(file), "--feature", "celebrities,labels", "--out", str(out))
    assert 1 == result.exit_code
    assert "celebrities: RecognizeCelebrities: the endpoint does not offer this operation" in result.stderr
    assert "Person" in result.stdout
    assert out.exists()


@pytest.mark.parametrize(
    ("error", "ending"), [(Throttled("x"), "throttled"), (OutcomeUnknown("x"), "unknown"), (Unavailable("x"), "failed")]
)
def test_a_failed_call_is_not_repeated_and_counts_as_such(run, world, file, error, ending):
    world.detector.script.append(error)
    result = run("detect", str(file), "--json")
    assert (1, 1) == (result.exit_code, len(world.detector.asked))
    assert str(error) == json.loads(result.stdout)["labels"]["error"]
    assert {("labels", ending): 1} == world.operations.usage.calls("2044-05-17", "2044-05-17")


def test_a_throttled_call_slows_everybody_down(run, world, file):
    world.detector.script.append(Throttled("x"))
    run("detect", str(file))
    assert "throttled" in world.limiter.rates()["DetectLabels"].reason


def test_without_dynamodb_the_answer_is_shown_all_the_same(run, world, settings, file):
    class Away(type(world.operations.usage)):  # type: ignore[misc]
        def count(self, day, counts):
            raise Unavailable(f"DynamoDB, asked to count {len(counts)} on {day}")

    factory = Factory(settings, replace(world.services, operations=replace(world.operations, usage=Away())))
    result = run("detect", str(file), factory=factory)
    assert 0 == result.exit_code
    assert "Person" in result.stdout
    assert "`sightline status` will not count this call. DynamoDB, asked" in result.stderr


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "an image must have at least one byte"),
        (b"GIF89a", "Rekognition reads JPEG and PNG only"),
        (b"hello", "the content must be a picture"),
        (bytes(MAX_BYTES_SENT + 1), "5 MB when its bytes are sent"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_paid(run, world, tmp_path, data, rule):
    file = tmp_path / "bad.jpg"
    file.write_bytes(data)
    result = run("detect", str(file))
    assert (1, []) == (result.exit_code, world.detector.asked)
    assert rule in result.stderr


@pytest.mark.parametrize("source", ["no-such-file.jpg", "."])
def test_a_file_that_can_not_be_read_is_named(run, source):
    result = run("detect", source)
    assert 1 == result.exit_code
    assert result.stderr.startswith(f"{source}: the file must exist")


def test_another_kind_of_uri_is_refused(run):
    result = run("detect", "http://x/y.jpg")
    assert 1 == result.exit_code
    assert "an image is named s3://" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--feature", "labels,nope"),
        ("--feature", ","),
        ("--out", "seen.gif"),
        ("--out", "no-such-folder/seen.png"),
    ],
)
def test_an_option_that_can_not_be_is_wrong_usage_and_costs_nothing(run, world, file, options):
    result = run("detect", str(file), *options)
    assert (2, []) == (result.exit_code, world.detector.asked)
    assert f"Invalid value for '{options[0]}'" in result.stderr
