"""Small pictures: whose addresses read something, what is shown, and what is kept."""

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from sightline.errors import ImageMissing
from sightline.rekognition.exif import exif_orientation
from sightline.rekognition.upright import smaller
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.protocol import Role
from sightline.testing.fake import picture
from sightline.web.errors import Overwritten
from sightline.web.thumbnails import Thumbnails
from tests.unit.web.house import URI


def turned(value, size=(200, 100), color="red"):
    """Return a JPEG whose left half is black, marked as turned."""
    image = Image.new("RGB", size, color)
    image.paste("black", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = value
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def sha_of(house, uri=URI):
    return house.world.images.get(uri).content.sha256


def address(house, width=320, uri=URI):
    return house.console.signer.picture(width, sha_of(house, uri), uri)


def test_a_picture_is_shown_to_who_has_signed_in_and_may_be_kept(looked_at):
    for name in ("owner", "reviewer", "operator"):
        answer = looked_at.client(name).get(address(looked_at))
        assert (200, "image/jpeg") == (answer.status_code, answer.headers["content-type"])
        assert "private, max-age=31536000, immutable" == answer.headers["cache-control"]
    again = looked_at.client("owner").get(address(looked_at), headers={"if-none-match": answer.headers["etag"]})
    assert (304, b"") == (again.status_code, again.content)
    assert 401 == looked_at.client().get(address(looked_at)).status_code


@pytest.mark.parametrize(
    "change",
    [
        ("/320/", "/1280/"),
        ("/320/", "/321/"),
        ("yard", "gate"),
        ("frames", "sightline"),
        ("&t=", "&t=x"),
        ("&t=", "&until=99999999999&t="),
        (".jpg?", "0.jpg?"),
    ],
)
def test_an_address_that_no_page_made_reads_nothing(looked_at, change):
    looked_at.world.buckets.read.clear()
    changed = address(looked_at).replace(*change, 1)
    answer = looked_at.client("all").get(changed)
    assert 404 == answer.status_code, changed
    assert "image/svg+xml" == answer.headers["content-type"]
    assert [] == looked_at.world.buckets.read


def test_an_open_address_needs_no_session_expires_and_may_stand_in_another_sites_page(looked_at):
    client, header = looked_at.client(), looked_at.token("owner", Role.OWNER)
    pictures = client.get("/api/v1/image", params={"id": URI}, headers=header).json()["pictures"]
    shown = client.get(pictures["thumbnail"])
    assert (200, "cross-origin") == (shown.status_code, shown.headers["cross-origin-resource-policy"])
    assert "private, max-age=7200" == shown.headers["cache-control"]
    later = pictures["thumbnail"].replace("until=", "until=9")
    assert 404 == client.get(later).status_code
    looked_at.world.clock.move(looked_at.world.clock.now.resolution * 7_200_000_000)
    assert 404 == client.get(pictures["preview"]).status_code


def test_overwritten_bytes_are_not_shown_under_the_old_address(looked_at):
    old = address(looked_at, 1280)
    looked_at.world.put(URI, picture(77))
    answer = looked_at.client("all").get(old)
    assert 409 == answer.status_code
    assert "overwritten since" in answer.text


def test_an_object_that_is_gone_leaves_a_reason_where_the_picture_was(looked_at):
    looked_at.world.buckets.delete(ObjectUri.parse(URI))
    answer = looked_at.client("all").get(address(looked_at))
    assert (404, "image/svg+xml") == (answer.status_code, answer.headers["content-type"])
    assert "The object must exist" in answer.text


def test_the_object_itself_is_reached_by_its_owner_for_a_minute(looked_at):
    there = looked_at.console.signer.original(sha_of(looked_at), URI)
    answer = looked_at.client("owner").get(there)
    assert 303 == answer.status_code
    assert answer.headers["location"].endswith("expires=60")
    assert 404 == looked_at.client("owner").get(there.replace("frames", "sightline", 1)).status_code


@pytest.mark.parametrize(
    ("value", "size", "black"),
    [(1, (200, 100), "left"), (3, (200, 100), "right"), (6, (100, 200), "top"), (8, (100, 200), "bottom")],
)
def test_a_turned_jpeg_is_shown_upright_as_its_boxes_are(value, size, black):
    image = opened(smaller(turned(value), 320))
    assert size == image.size
    at = {"left": (5, 50), "right": (195, 50), "top": (50, 5), "bottom": (50, 195)}[black]
    assert max(image.convert("RGB").getpixel(at)) < 60
    assert not image.getexif()


def test_a_picture_keeps_its_form_within_the_width():
    assert (320, 160) == opened(smaller(turned(1, (2000, 1000)), 320)).size
    assert (160, 320) == opened(smaller(turned(6, (2000, 1000)), 320)).size
    assert (120, 90) == opened(smaller(picture(), 320)).size


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_every_kind_of_png_becomes_a_jpeg(mode):
    file = io.BytesIO()
    Image.new(mode, (100, 100)).save(file, "PNG")
    assert ("JPEG", "RGB") == (opened(smaller(file.getvalue(), 320)).format, opened(smaller(file.getvalue(), 320)).mode)


NINE = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0"
"""A directory with one entry: orientation 9, which there is not."""


@pytest.mark.parametrize("tiff", [b"", b"II*\0\xff\xff\xff\xff", b"garbage", NINE, NINE[:-4]])
def test_an_orientation_that_cannot_be_read_turns_nothing(tiff):
    plain = picture()
    block = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
    assert 1 == exif_orientation(plain[:2] + segment + plain[2:])


@pytest.fixture
def put(house):
    def put(number, data=None):
        data = data or turned(1, (400 + number, 100))
        uri = f"s3://frames/yard/{number}.jpg"
        house.world.put(uri, data)
        return uri, hashlib.sha256(data).hexdigest(), 320

    return put


def test_a_picture_is_made_once_however_many_ask_for_it(house, put, tmp_path):
    buckets, wanted = house.world.buckets, put(1)
    buckets.read.clear()
    thumbnails = Thumbnails(tmp_path / "thumbs", 10_000_000, buckets)
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: thumbnails.get(*wanted), range(16)))
    assert (1, 1) == (len(made), len(buckets.read))
    assert made == {Thumbnails(tmp_path / "thumbs", 10_000_000, buckets).get(*wanted)}
    assert 1 == len(buckets.read)


def test_the_least_recently_shown_goes_where_there_is_too_much(house, put, tmp_path):
    folder = tmp_path / "thumbs"
    size = len(Thumbnails(tmp_path / "one", 10_000_000, house.world.buckets).get(*put(0)))
    thumbnails = Thumbnails(folder, int(size * 4.5), house.world.buckets)
    wanted = [put(number) for number in range(6)]
    for age, each in enumerate(wanted[:4]):
        thumbnails.get(*each)
        (file,) = folder.glob(f"*/{each[1]}-320.jpg")
        os.utime(file, (age, age))
    thumbnails.get(*wanted[0])
    thumbnails.get(*wanted[4])
    kept = {file.name.partition("-")[0] for file in folder.glob("*/*")}
    assert {wanted[0][1], wanted[4][1]} <= kept
    assert wanted[1][1] not in kept
    assert sum(file.stat().st_size for file in folder.glob("*/*")) <= size * 4.5


def test_a_disk_that_takes_nothing_costs_time_alone(house, put, tmp_path):
    blocked = tmp_path / "thumbs"
    blocked.write_text("a file where the folder should be")
    buckets, wanted = house.world.buckets, put(1)
    buckets.read.clear()
    thumbnails = Thumbnails(blocked, 10_000_000, buckets)
    assert thumbnails.get(*wanted) == thumbnails.get(*wanted)
    assert 2 == len(buckets.read)


def test_what_is_not_a_picture_any_more_is_not_decoded(house, put, tmp_path):
    thumbnails = Thumbnails(tmp_path / "thumbs", 10_000_000, house.world.buckets)
    uri, sha256, width = put(1)
    house.world.put(uri, b"other bytes")
    with pytest.raises(Overwritten):
        thumbnails.get(uri, sha256, width)
    with pytest.raises(ImageMissing):
        thumbnails.get("s3://frames/none.jpg", sha256, width)
