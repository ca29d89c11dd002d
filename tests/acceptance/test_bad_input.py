"""Every kind of bad input at the same time, beside good images: what each row and each dead letter then says."""

import json
from collections import Counter
from io import BytesIO

import pytest
from PIL import Image

from sightline import errors
from sightline.models.images import ResultStatus, State
from sightline.testing.fake import picture
from tests.acceptance.spine import BUCKET

pytestmark = pytest.mark.acceptance

MISSING_BUCKET = "s3://no-such-bucket/bad/a.jpg"
NO_URI = "https://images.example/bad/a.jpg"


def encoded(kind, size=(120, 90)):
    file = BytesIO()
    Image.new("RGB", size, (7, 8, 9)).save(file, kind)
    return file.getvalue()


BAD_OBJECTS = {
    "bad/text.jpg": (b"this is a letter and no picture\n", errors.NotAnImage),
    "bad/animation.jpg": (encoded("GIF"), errors.UnsupportedFormat),
    "bad/modern.jpg": (encoded("WEBP"), errors.UnsupportedFormat),
    "bad/truncated.jpg": (picture(size=(640, 480))[:-900], errors.TruncatedImage),
    "bad/small.jpg": (encoded("JPEG", (60, 60)), errors.ImageTooSmall),
    "bad/wide.png": (encoded("PNG", (12_000, 100)), errors.ImageTooLarge),
    "bad/heavy.jpg": (picture() + bytes(16 * 1024 * 1024), errors.TooManyBytes),
    "no-camera.jpg": (picture(), errors.UnreadableKey),
}

BAD = {f"s3://{BUCKET}/{key}": (State.REJECTED, error) for key, (_, error) in BAD_OBJECTS.items()} | {
    f"s3://{BUCKET}/bad/missing.jpg": (State.GONE, errors.ImageMissing),
    MISSING_BUCKET: (State.REJECTED, errors.MissingBucket),
}

GOOD_KEYS = {
    "quotes": 'good/it\'s "the yard".jpg',
    "backslashes": "good/C:\\camera\\a.jpg",
    "emoji": "good/🦊 im Garten.jpg",
    "newline": "good/first line\nsecond line.jpg",
    "1,024 bytes": "good/" + "k" * (1024 - len("good/.jpg")) + ".jpg",
    "no time": "good/front-door.jpg",
    "ordinary": "good/snap/MDAlarm_20261102-110000.jpg",
}


@pytest.fixture(scope="module")
def already(spine):
    """Count what other tests have left behind."""
    return Counter(spine.services.images.count_by_state().by_state)


@pytest.fixture(scope="module")
def rows(spine, already):  # noqa: ARG001 - counted first
    """Add everything at the same time, and wait until each image has ended."""
    for key, (data, _) in BAD_OBJECTS.items():
        spine.put(key, data)
    uris = [*BAD, *(spine.put(key) for key in GOOD_KEYS.values())]
    added = spine.add([*uris, NO_URI])
    assert (len(uris), [NO_URI]) == (added.new, [error.subject for error in added.refused])
    return spine.wait(uris)


@pytest.mark.parametrize(("uri", "state", "error"), [(uri, *found) for uri, found in BAD.items()])
def test_a_bad_image_ends_with_a_letter_that_names_input_rule_and_remedy(spine, rows, uri, state, error):
    dead_letter = spine.dead_letters()[uri]
    assert (state, error.__name__) == (rows[uri].state, rows[uri].rejection.error)
    assert (error.__name__, uri, error.remedy, 1) == (
        dead_letter.error,
        dead_letter.subject,
        dead_letter.remedy,
        dead_letter.attempts,
    )
    assert dead_letter.rule.startswith(error.rule)
    assert str(error(uri, rule=dead_letter.rule)) == rows[uri].rejection.message


def test_no_call_was_made_for_a_bad_image(spine, rows):
    assert len(rows) == len(BAD) + len(GOOD_KEYS)
    assert [] == spine.calls("bad/") + spine.calls("no-camera.jpg")


def test_bad_images_are_finished_and_nothing_is_done_about_them_again(spine, rows):
    assert set() == {each.image_id for each in spine.services.images.unfinished()} & set(rows)


@pytest.mark.parametrize("name", GOOD_KEYS)
def test_a_good_picture_is_complete_whatever_its_key_looks_like(spine, rows, name):
    uri = f"s3://{BUCKET}/{GOOD_KEYS[name]}"
    assert (State.COMPLETE, "good") == (rows[uri].state, rows[uri].capture.camera)
    assert {uri: rows[uri].version} == spine.services.graph.versions([uri])
    assert {ResultStatus.ANSWERED} == {part.status for part in rows[uri].parts.values()}


def test_a_key_without_a_time_leaves_the_time_of_upload(rows):
    assert "last_modified" == rows[f"s3://{BUCKET}/{GOOD_KEYS['no time']}"].capture.source


def test_a_uri_that_is_not_s3_is_refused_with_a_letter_and_has_no_row(spine, rows):
    dead_letter = spine.dead_letters()[NO_URI]
    assert ("InvalidUri", errors.InvalidUri.rule) == (dead_letter.error, dead_letter.rule)
    assert {} == spine.rows([NO_URI])
    assert NO_URI not in rows


def test_status_shows_every_one_of_them(spine, already, rows):
    said = spine.command("status", "--json")
    assert 0 == said.exit_code, said.stderr
    status = json.loads(said.stdout)
    assert len(rows) <= status["images"]["total"] + status["images"]["complete"]
    expected = {error.__name__ for _, error in BAD.values()} | {"InvalidUri"}
    assert set() == expected - set(status["dead_letters"]["by_error"])
    more = [status["images"][state] - already[state] for state in (State.REJECTED, State.GONE)]
    assert [len(BAD_OBJECTS) + 1, 1] == more


def test_an_object_that_is_empty_first_and_whole_a_moment_later_is_a_good_image(spine):
    uri = spine.put("empty-first/a.jpg", b"")
    spine.add([uri])
    spine.put("empty-first/a.jpg", picture(4711))
    spine.add([uri])
    assert State.COMPLETE is spine.wait([uri])[uri].state
    assert uri not in spine.dead_letters()


def test_a_part_that_is_refused_stands_beside_good_ones_and_says_why(spine):
    uri = spine.put("one-refused-part/a.jpg")
    spine.refuse_next("DetectFaces", "InvalidParameterException")
    spine.add([uri])
    row = spine.wait([uri])[uri]
    assert (State.COMPLETE, ResultStatus.ANSWERED) == (row.state, row.parts["labels"].status)
    assert ("InvalidParameter", ResultStatus.REJECTED) == (
        row.parts["faces"].rejection.error,
        row.parts["faces"].status,
    )
    assert row.parts["faces"].rejection.message.startswith(f"{uri}: {errors.InvalidParameter.rule}")
    shown = json.loads(spine.command("show", uri, "--json").stdout)["features"]["faces"]
    assert ("rejected", f" ({row.parts['faces'].rejection.message})") == (shown["status"], shown["because"])
