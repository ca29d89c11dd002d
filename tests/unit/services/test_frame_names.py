"""Names and metadata of frames: read back as they were written, within S3's limits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import UnreadableKey
from sightline.models.videos import Take
from sightline.services.capture import MOST_CAMERA_BYTES
from sightline.services.frame_names import Frame, camera_of_frame, frame_metadata, frame_uri, read_frame, take_id
from sightline.storage.buckets.protocol import MAX_KEY_BYTES, ObjectHead, ObjectUri

AT = datetime(2026, 11, 2, 7, 58, 11, 250_000, timezone(timedelta(hours=1)))
VIDEO = "s3://images/yard/x.mp4"
METADATA_BYTES = 2048

cameras = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: len(name.encode()) <= MOST_CAMERA_BYTES
)


def head(uri, metadata):
    return ObjectHead(uri, "e", 1, AT, None, metadata)


@given(cameras, st.integers(0, 10**12))
def test_a_frame_is_read_as_it_was_named(camera, offset_ms):
    take = Take(take_id(VIDEO, "0" * 64), "e", camera, AT, "key")
    uri = frame_uri("own", take, offset_ms)
    assert uri == ObjectUri.parse(str(uri))
    assert camera == camera_of_frame(uri.key)
    assert Frame(VIDEO, camera, offset_ms, AT) == read_frame(head(uri, frame_metadata(VIDEO, AT)))


def test_the_longest_camera_and_the_longest_uri_fit():
    longest = f"s3://{'b' * 63}/{'é' * (MAX_KEY_BYTES // 2)}"
    uri = frame_uri("own", Take("0" * 32, "e", "é" * (MOST_CAMERA_BYTES // 2), AT, "key"), 10**9)
    assert len(uri.key.encode()) <= MAX_KEY_BYTES
    metadata = frame_metadata(longest, AT)
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= METADATA_BYTES
    assert all(value.isascii() for value in metadata.values())
    assert longest == read_frame(head(uri, metadata)).video_id


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"video": "?", "capture-time": AT.isoformat()},
        frame_metadata(VIDEO, AT) | {"capture-time": "2026-11-02T07:58:11"},
        frame_metadata(VIDEO, AT) | {"capture-time": "soon"},
        frame_metadata("no uri", AT),
    ],
    ids=["none", "no Base64", "no offset", "no time", "no URI"],
)
def test_a_frame_that_says_too_little_is_refused_by_name(metadata):
    uri = frame_uri("own", Take("0" * 32, "e", "yard", AT, "key"), 0)
    with pytest.raises(UnreadableKey, match="a frame's object must say of which video it is"):
        read_frame(head(uri, metadata))


def test_what_is_no_frame_is_none():
    for key in ("sightline/held/0", "yard/sightline/frames/yard/x.jpg", "sightline/frames/yard/0/0.jpg"):
        assert read_frame(head(ObjectUri("own", key), {})) is None
        assert camera_of_frame(key) is None


def test_other_bytes_or_another_uri_are_another_take():
    assert 3 == len({take_id(VIDEO, "0" * 64), take_id(VIDEO, "1" * 64), take_id(VIDEO.upper(), "0" * 64)})
    assert datetime(2026, 11, 2, 6, 58, 12, 250_000, UTC) == Take("", "", "", AT, "").taken_at(1000)
