"""Files as people upload them: good ones in each container, and each kind of bad one."""

import pytest

from sightline.testing.fake import picture
from sightline.video.containers import is_video_key
from sightline.video.decoding import as_jpeg, frames, opened
from sightline.video_errors import NotAVideo, TruncatedVideo, UnreadableVideo, VideoTooLong
from tests.clips import clip_bytes, make_clip, plain, seconds_of

HOUR = 3600.0


def read(path, most_seconds=HOUR):
    with opened(path, "s3://b/yard/x.mp4", most_seconds) as clip:
        return [(each.offset_ms, round(each.picture().mean())) for each in frames(clip, most_seconds)]


def refusal(path, kind, most_seconds=HOUR):
    with pytest.raises(kind) as raised:
        read(path, most_seconds)
    return str(raised.value)


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "mp4v"), ("mov", "mp4v"), ("mkv", "mp4v"), ("avi", "MJPG")])
def test_each_container_gives_every_frame_with_its_offset(tmp_path, suffix, codec):
    found = read(make_clip(tmp_path / f"x.{suffix}", seconds_of(3, [50, 100, 150]), codec))
    assert [n * 100 for n in range(30)] == [offset for offset, _ in found]
    assert all(abs(shade - (50, 100, 150)[offset // 1000]) <= 6 for offset, shade in found)


def test_the_same_picture_gives_the_same_bytes():
    assert as_jpeg(plain(90)) == as_jpeg(plain(90))
    assert as_jpeg(plain(90)).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "data",
    [b"", picture(5), b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n", b"just text, nothing else", b"\0" * 100],
    ids=["empty", "a picture", "a playlist", "text", "zeros"],
)
def test_what_is_no_video_is_refused_before_anything_opens_it(tmp_path, data):
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    said = refusal(path, NotAVideo)
    assert said.startswith("s3://b/yard/x.mp4: the content must be an MP4, QuickTime, Matroska or AVI file")


def test_a_video_of_no_frames_is_refused(tmp_path):
    assert "holds none that can be read" in refusal(make_clip(tmp_path / "x.avi", [], "MJPG"), UnreadableVideo)


def test_a_codec_that_nobody_reads_is_refused(tmp_path):
    path = make_clip(tmp_path / "x.avi", seconds_of(2), "MJPG")
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"zzzz"))
    assert "its codec is unknown" in refusal(path, UnreadableVideo)


def test_an_mp4_that_was_cut_off_has_no_index(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(clip_bytes(tmp_path)[:-2000])
    assert "cut off" in refusal(path, UnreadableVideo)


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "mp4v"), ("avi", "MJPG")])
def test_a_video_that_ends_early_says_where_after_its_frames_were_read(tmp_path, suffix, codec):
    path = tmp_path / f"cut.{suffix}"
    whole = clip_bytes(tmp_path, 10, suffix, codec)
    path.write_bytes(whole[: len(whole) // 2])
    reached: list[int] = []
    with opened(path, "s3://b/yard/x", HOUR) as clip, pytest.raises(TruncatedVideo, match=r"of 10\.0 seconds"):
        reached.extend(each.offset_ms for each in frames(clip, HOUR))
    assert 3000 < reached[-1] < 6000


def test_a_header_of_three_hours_is_refused_before_a_frame_is_read(tmp_path):
    path = make_clip(tmp_path / "x.avi", seconds_of(2), "MJPG", rate=0.5)
    said = refusal(path, VideoTooLong, most_seconds=30)
    assert "which is 0.5; it lasts 0.7 minutes" in said


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("yard/x.mp4", True), ("yard/X.MKV", True), ("x.mov", True), ("a/x.avi", True), ("yard/x.mp4.jpg", False),
     ("mp4", False), ("yard.mp4/x.jpg", False), ("x.m3u8", False)],
)  # fmt: skip
def test_a_video_is_added_by_its_suffix(key, is_one):
    assert is_one == is_video_key(key)
