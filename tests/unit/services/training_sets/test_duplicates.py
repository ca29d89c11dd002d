from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from sightline.rekognition.fingerprints import BITS, Fingerprint, fingerprint
from sightline.services.training_sets.duplicates import NEAR_BITS, Group, Print, duplicates

STRUCTURED = sum(1 << bit for bit in range(0, BITS, 2))


GREY = bytes(range(256))


def marked(sha256, bits, grey=GREY):
    return Print(sha256, Fingerprint(bits, grey))


def scene(seed):
    """Draw squares, in places and shades of their own."""
    image = Image.new("RGB", (320, 240), (30, 60, 90))
    pen = ImageDraw.Draw(image)
    for number in range(12):
        x, y = (seed * 97 + number * 131) % 280, (seed * 61 + number * 71) % 200
        pen.rectangle((x, y, x + 40, y + 40), fill=((seed * 13 + number * 37) % 256, number * 20, 200 - number * 9))
    return image


def saved(image, **options):
    file = BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def apart(one, other):
    return (fingerprint(one).bits ^ fingerprint(other).bits).bit_count()


def test_another_size_compression_and_brightness_look_the_same():
    image = scene(1)
    others = [
        saved(image, quality=40),
        saved(image.resize((200, 150)), quality=85),
        saved(ImageEnhance.Brightness(image).enhance(0.9), quality=85),
    ]
    assert [True] * 3 == [apart(saved(image, quality=92), other) <= NEAR_BITS for other in others]


def test_different_pictures_look_different():
    assert NEAR_BITS < min(apart(saved(scene(1)), saved(scene(other))) for other in range(2, 12))


def test_flat_pictures_are_no_duplicates_unless_their_bytes_are_the_same():
    flat = [saved(Image.new("RGB", (120, 90), (shade, shade, shade))) for shade in (10, 200)]
    prints = {name: Print(str(n), fingerprint(data)) for n, (name, data) in enumerate(zip("ab", flat, strict=True))}
    assert [] == duplicates(prints)


def test_plain_pictures_with_the_same_few_gradients_are_no_duplicates_if_their_brightness_is_elsewhere():
    other = bytes(reversed(GREY))
    assert [] == duplicates({"a": marked("1", STRUCTURED), "b": marked("2", STRUCTURED, other)})
    assert [Group({"a": "a", "b": "b"})] == duplicates({"a": marked("1", STRUCTURED), "b": marked("2", STRUCTURED)})


def test_copies_are_found_by_their_pictures():
    image = scene(1)
    data = {"a": saved(image, quality=92), "b": saved(image.resize((200, 150)), quality=70), "c": saved(scene(2))}
    assert [Group({"a": "a", "b": "b"})] == duplicates({n: Print(n, fingerprint(each)) for n, each in data.items()})


def test_exact_and_near_duplicates_are_told_apart():
    near = STRUCTURED ^ ((1 << NEAR_BITS) - 1)
    prints = {"c": marked("1", STRUCTURED), "a": marked("1", STRUCTURED), "x": marked("2", 255), "y": marked("3", 255)}
    assert [Group({"a": "a", "c": "a"}), Group({"x": "x", "y": "y"})] == duplicates(prints)
    [group] = duplicates({**dict(list(prints.items())[:2]), "b": marked("4", near)})
    assert Group({"a": "a", "b": "b", "c": "a"}) == group
    words = {"a": "the first of its group", "b": "nearly the same", "c": "the same bytes as a"}
    assert words == {name: group.likeness(name) for name in group.names}


@given(st.integers(0, 2**BITS - 1), st.sets(st.integers(0, BITS - 1), max_size=2 * NEAR_BITS))
def test_every_pair_that_differs_in_few_bits_is_found(value, flipped):
    bits = STRUCTURED ^ value & 0xFFFF
    one, other = marked("1", bits), marked("2", bits ^ sum(1 << bit for bit in flipped))
    assert (len(flipped) <= NEAR_BITS) == bool(duplicates({"a": one, "b": other}))
