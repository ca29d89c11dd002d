import struct

import pytest

from sightline.rekognition.pictures import bare_jpeg, bare_png, coefficient_bytes, jpeg_segments, png_chunks
from tests.unit.services.pictures import chunks_of, encoded, exif_of, good_pictures, noise, png_of

JPEG = good_pictures()["JPEG"]
PNG = good_pictures()["PNG"]


def kinds(jpeg: bytes) -> list[str]:
    return [part.kind.hex() for part in jpeg_segments(jpeg)]


def test_a_jpegs_segments_end_with_the_scan_and_all_that_follows():
    *segments, scan = jpeg_segments(JPEG)
    assert JPEG == b"\xff\xd8" + b"".join(part.whole for part in segments) + scan.whole
    assert ("da", JPEG[-2:]) == (scan.kind.hex(), scan.whole[-2:])


def test_padding_and_junk_between_segments_are_skipped():
    assert kinds(JPEG) == kinds(JPEG[:2] + b"\xff\xff\x00junk\xff\x01\xff\xd0" + JPEG[2:])


def test_a_bare_jpeg_has_lost_what_applications_left_and_nothing_else():
    full = encoded(noise(), "JPEG", exif=exif_of("2026:05:04 03:02:01"), comment=b"by the gate", icc_profile=bytes(500))
    assert {"e0", "e1", "e2", "fe"} == set(kinds(full)) - set(kinds(bare_jpeg(full)))
    assert [each for each in kinds(full) if each not in {"e0", "e1", "e2", "fe"}] == kinds(bare_jpeg(full))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xd8", "ends before its first scan"),
        (b"\xff\xd8" + b"\xff" * 50_000, "ends before its first scan"),
        (b"\xff\xd8\xff\xd9", "ends before its first scan"),
        (b"\xff\xd8\xff\xe1\xff\xff", "runs past the end"),
        (b"\xff\xd8\xff\xe1\x00\x01\x00", "runs past the end"),
    ],
)
def test_a_jpeg_without_a_scan_is_malformed(data, why):
    with pytest.raises(ValueError, match=why):
        list(jpeg_segments(data))


@pytest.mark.parametrize("lost", [1, 2, 3, 500])
def test_a_jpeg_without_its_end_is_malformed(lost):
    with pytest.raises(ValueError, match="ends before its picture does"):
        list(jpeg_segments(JPEG[:-lost]))


def test_a_segment_that_ends_before_its_length_is_malformed():
    with pytest.raises(struct.error):
        list(jpeg_segments(b"\xff\xd8\xff\xe1\x00"))


def test_a_bare_png_has_lost_its_ancillary_chunks_and_what_follows_its_end():
    head, *rest = chunks_of(PNG)
    full = png_of([head, (b"tEXt", b"Title\0gate"), *rest])
    assert PNG == bare_png(full + b"left by the camera")


def test_a_png_ends_at_its_end():
    assert ["IHDR", "IDAT", "IEND"] == list(dict.fromkeys(part.kind.decode() for part in png_chunks(PNG + PNG)))


@pytest.mark.parametrize("lost", [1, 4, 12, 13])
def test_a_png_without_its_end_is_malformed(lost):
    with pytest.raises(struct.error):
        list(png_chunks(PNG[:-lost]))


def test_a_wrong_checksum_of_an_ancillary_chunk_is_overlooked():
    head, *rest = chunks_of(PNG)
    full = png_of([head, (b"tEXt", b"Title\0gate"), *rest])
    assert PNG == bare_png(full.replace(b"Title", b"Tidal"))


def with_scans(count: int, between: bytes = b"") -> bytes:
    *segments, scan = jpeg_segments(JPEG)
    once = scan.whole[: scan.whole.rindex(b"\xff\xd9")]
    return b"\xff\xd8" + b"".join(part.whole for part in segments) + (once + between) * count + b"\xff\xd9"


@pytest.mark.parametrize("between", [b"", b"\xff\xfe\x00\x04\xff\xd9"], ids=["bare", "with an end in a comment"])
def test_a_jpeg_of_more_than_a_hundred_scans_is_malformed(between):
    with pytest.raises(ValueError, match="at most 100 scans"):
        bare_jpeg(with_scans(101, between))


def test_a_jpeg_may_have_a_hundred_scans_and_anything_after_its_end():
    assert 100 == bare_jpeg(with_scans(100) + b"\xff\xda" * 200).split(b"\xff\xd9")[0].count(b"\xff\xda")


@pytest.mark.parametrize(
    ("mode", "options", "blocks"),
    [
        ("RGB", {}, 0),
        ("L", {}, 0),
        ("RGB", {"progressive": True, "subsampling": 0}, 3 * 30),
        ("RGB", {"progressive": True, "subsampling": 2}, 30 + 2 * 9),
        ("L", {"progressive": True}, 30),
        ("CMYK", {"progressive": True}, 4 * 30),
    ],
)
def test_the_coefficients_of_a_picture_in_several_scans_are_kept(mode, options, blocks):
    """44 × 36 pixels are 6 × 5 blocks, and 3 × 3 where every second one is kept."""
    assert 128 * blocks == coefficient_bytes(encoded(noise(44, 36, mode), "JPEG", **options))


def test_a_first_scan_without_all_components_keeps_them_even_if_it_is_not_progressive():
    *segments, scan = jpeg_segments(encoded(noise(44, 36), "JPEG", subsampling=0))
    alone = scan.whole[:4] + b"\x01" + scan.whole[5:]
    jpeg = b"\xff\xd8" + b"".join(part.whole for part in segments) + alone
    assert 128 * 3 * 30 == coefficient_bytes(jpeg)


@pytest.mark.parametrize("number", [10_001, 1_000_000])
def test_a_jpeg_of_a_million_segments_is_malformed(number):
    with pytest.raises(ValueError, match="at most 10,000 segments"):
        bare_jpeg(JPEG[:2] + b"\xff\xfe\x00\x02" * number + JPEG[2:])


def test_a_jpeg_may_have_thousands_of_segments():
    assert bare_jpeg(JPEG) == bare_jpeg(JPEG[:2] + b"\xff\xfe\x00\x02" * 9_000 + JPEG[2:])


def test_a_png_of_a_million_chunks_is_malformed():
    head, *rest = chunks_of(PNG)
    with pytest.raises(ValueError, match="at most 100,000 chunks"):
        bare_png(png_of([head, *[(b"tEXt", b"")] * 100_001, *rest]))
