"""Pictures of a training set of stop signs, drawn: what belongs to it, and what was planted among it."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter, ImageFont

Draw = Callable[[random.Random, Image.Image], None]

SIZE = (640, 480)
FITS, STRAY, UNWANTED, UNREADABLE = "fits", "stray", "unwanted", "unreadable"


@dataclass(frozen=True, slots=True)
class Planted:
    """A file of the set. outcome: what should be said of it; copy_of: the file that it duplicates."""

    name: str
    data: bytes
    outcome: str
    labels: tuple[str, ...] = ()
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files of each kind there are. The rest of `all` belong to the set."""

    all: int
    strays: int
    people: int
    duplicates: int
    broken: int


def planted(counts: Counts, chance: random.Random, yards: Sequence[Image.Image] = ()) -> list[Planted]:
    """Make the files of a set. yards: pictures with people, before which the signs with people stand; none: drawn."""
    good = counts.all - counts.strays - counts.people - counts.duplicates - counts.broken
    signs = [
        Planted(f"signs/stop {n:03}.jpg", _saved(_scene(chance, _stop)), FITS, ("Stop Sign",)) for n in range(good)
    ]
    return [
        *signs,
        *_strays(counts.strays, chance),
        *_people(counts.people, chance, yards),
        *_copies(signs, counts.duplicates),
        *_broken(counts.broken, chance),
    ]


def _strays(count: int, chance: random.Random) -> Iterator[Planted]:
    kinds: list[tuple[str, Draw]] = [("Traffic Light", _light), ("Clock", _clock), ("Umbrella", _umbrella)]
    for number in range(count):
        label, draw = kinds[number % len(kinds)]
        yield Planted(f"signs/other {number:03}+.jpg", _saved(_scene(chance, draw)), STRAY, (label,))


def _people(count: int, chance: random.Random, yards: Sequence[Image.Image]) -> Iterator[Planted]:
    for number in range(count):
        picture = yards[number % len(yards)].resize(SIZE) if yards else _ground(chance)
        _stop(chance, picture)
        yield Planted(f"signs/people {number:02} 🎥.jpg", _saved(picture), UNWANTED, ("Stop Sign", "Person"))


def _copies(signs: Sequence[Planted], count: int) -> Iterator[Planted]:
    """Copy some signs: every other one byte by byte, the others smaller and compressed again."""
    for number in range(count):
        sign = signs[number]
        data = sign.data if number % 2 else _saved(Image.open(BytesIO(sign.data)).resize((480, 360)), quality=75)
        yield Planted(f"signs/copy {number:02}.jpg", data, FITS, sign.labels, copy_of=sign.name)


def _broken(count: int, chance: random.Random) -> Iterator[Planted]:
    whole = _saved(_scene(chance, _stop))
    kinds = (whole[: len(whole) // 2], b"", b"<html>404 Not Found</html>", whole[:400], bytes(2_000))
    for number in range(count):
        yield Planted(f'signs/"broken" {number}.jpg', kinds[number % len(kinds)], UNREADABLE)


def _scene(chance: random.Random, draw: Draw) -> Image.Image:
    picture = _ground(chance)
    draw(chance, picture)
    return picture.filter(ImageFilter.GaussianBlur(0.8))


def _saved(picture: Image.Image, quality: int = 90) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _ground(chance: random.Random) -> Image.Image:
    """Draw sky and ground in colours of their own."""
    picture = Image.new("RGB", SIZE)
    pen, horizon = ImageDraw.Draw(picture), chance.randint(220, 360)
    sky, soil = ([chance.randint(low, high) for _ in "rgb"] for low, high in ((120, 235), (40, 140)))
    for y in range(SIZE[1]):
        far = y / horizon if y < horizon else (y - horizon) / (SIZE[1] - horizon)
        shade = [int(value * (0.8 + 0.2 * far)) for value in (sky if y < horizon else soil)]
        pen.line((0, y, SIZE[0], y), fill=(shade[0], shade[1], shade[2]))
    return picture


def _stop(chance: random.Random, picture: Image.Image) -> None:
    pen, radius = ImageDraw.Draw(picture), chance.randint(80, 110)  # smaller ones the local network does not know
    x, y = chance.randint(150, 490), chance.randint(radius + 10, 230)
    pen.rectangle((x - radius // 10, y, x + radius // 10, 470), fill=(110, 110, 115))
    for size, colour in ((radius, (245, 245, 245)), (radius * 0.92, (190 + chance.randint(-20, 20), 20, 25))):
        turns = [math.radians(22.5 + 45 * corner) for corner in range(8)]
        pen.polygon([(x + size * math.cos(turn), y + size * math.sin(turn)) for turn in turns], fill=colour)
    font = ImageFont.load_default(size=int(radius * 0.62))
    pen.text((x, y), "STOP", fill="white", font=font, anchor="mm", stroke_width=1, stroke_fill="white")


def _light(chance: random.Random, picture: Image.Image) -> None:
    pen, width = ImageDraw.Draw(picture), chance.randint(50, 70)
    height, x, y = width * 13 // 5, chance.randint(100, 480), chance.randint(15, 150)
    pen.rectangle((x + width * 0.42, y + height, x + width * 0.58, 475), fill=(70, 70, 72))
    pen.rounded_rectangle((x, y, x + width, y + height), width // 6, fill=(25, 25, 25))
    on = chance.randint(0, 2)
    for number, colour in enumerate(((240, 40, 30), (250, 190, 30), (40, 220, 80))):
        middle, radius = y + height * (number + 0.5) / 3, width * 0.36
        shade = colour if number == on else (colour[0] // 5, colour[1] // 5, colour[2] // 5)
        pen.ellipse((x + width / 2 - radius, middle - radius, x + width / 2 + radius, middle + radius), fill=shade)


def _clock(chance: random.Random, picture: Image.Image) -> None:
    pen, radius = ImageDraw.Draw(picture), chance.randint(70, 150)
    x, y = chance.randint(180, 460), chance.randint(radius + 10, 470 - radius)
    for size, colour in ((radius, (40, 40, 45)), (radius * 0.9, (250, 248, 240))):
        pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    font = ImageFont.load_default(size=int(radius * 0.2))
    for hour in range(1, 13):
        turn = math.radians(30 * hour - 90)
        place = (x + radius * 0.74 * math.cos(turn), y + radius * 0.74 * math.sin(turn))
        pen.text(place, str(hour), fill="black", font=font, anchor="mm")
    for length in (0.5, 0.7):
        turn = chance.uniform(0, 2 * math.pi)
        end = (x + radius * length * math.cos(turn), y + radius * length * math.sin(turn))
        pen.line(((x, y), end), fill="black", width=5)


def _umbrella(chance: random.Random, picture: Image.Image) -> None:
    pen, radius = ImageDraw.Draw(picture), chance.randint(90, 160)
    x, y = chance.randint(180, 460), chance.randint(radius + 20, 280)
    colour = [chance.randint(20, 250) for _ in "rgb"]
    pen.pieslice((x - radius, y - radius, x + radius, y + radius), 180, 360, fill=(colour[0], colour[1], colour[2]))
    for number in range(4):
        left = x - radius + number * radius / 2
        pen.ellipse((left, y - radius * 0.12, left + radius / 2, y + radius * 0.12), fill=(40, 40, 50))
    pen.line((x, y - radius, x, y + radius), fill=(60, 40, 20), width=6)
