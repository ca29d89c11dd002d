"""Small pictures whose truth is known, and what the detector is said to have found in them.

Each picture tells its number to whoever looks at it: a row of dark and bright squares, above a grey yard with or
without a bright figure. So which picture was on the screen when a key was pressed is read from its pixels, and not from
the page's address.
"""

import hashlib
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from PIL import Image, ImageDraw

from sightline.models.answers import Finding
from sightline.models.images import Capture, Content, FeatureResult, ImageRow, Lane, ResultStatus, State
from sightline.stats.verdicts import Answer
from sightline.storage.images.positions import Positions

LABEL = "Person"
BUCKET = "reviewers"
CAMERAS = ("gate", "lane", "yard")
DAYS = 7
SIDES = (320, 180)
SQUARE = 20
BITS = SIDES[0] // SQUARE
FIGURE = (140, 60, 180, 170)
DARK, GREY, BRIGHT = 20, 100, 235
PLACES = [(SQUARE * bit + SQUARE // 2, SQUARE // 2) for bit in range(BITS)] + [(160, 115)]
"""Where to look at a picture: in the middle of each square, the highest bit first, and where the figure stands."""

PRESENT = 0.35
"""The share of the images that show the label."""

FOUND, NEAR = {True: 0.80, False: 0.04}, {True: 0.90, False: 0.12}
"""Of images that do and do not show it: up to which draw the detector finds it, and up to which it almost does."""

UNSURE_PERCENT, WRONG_PERCENT = 2, 5


@dataclass(frozen=True, slots=True)
class Planted:
    """An image. percent: how sure the detector is of the label; None: it did not find it."""

    number: int
    camera: str
    taken_at: datetime
    is_present: bool
    percent: float | None

    @property
    def image_id(self) -> str:
        """Return where its picture is. Neither the key nor anything else of it tells the truth."""
        return f"s3://{BUCKET}/{self.camera}/{self.taken_at:%Y-%m-%d}/{self.number:05}.jpg"

    @property
    def finding(self) -> Finding:
        """Return the detector's answer."""
        own = () if self.percent is None else ((LABEL, self.percent),)
        return (*own, ("Tree", 88.0))

    def picture(self) -> bytes:
        """Draw it, as a JPEG."""
        image, file = Image.new("RGB", SIDES, (GREY,) * 3), io.BytesIO()
        draw = ImageDraw.Draw(image)
        for bit, digit in enumerate(f"{self.number:0{BITS}b}"):
            shade = BRIGHT if digit == "1" else DARK
            draw.rectangle((SQUARE * bit, 0, SQUARE * (bit + 1) - 1, SQUARE), fill=(shade,) * 3)
        if self.is_present:
            draw.ellipse(FIGURE, fill=(BRIGHT,) * 3)
        image.save(file, "JPEG", quality=80)
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody sees in a picture."""

    number: int
    is_present: bool


def seen_in(brightness: Sequence[float]) -> Seen:
    """Read a picture. brightness: 0 to 255 at each of `PLACES`."""
    *squares, figure = brightness
    number = int("".join("1" if each > (DARK + BRIGHT) / 2 else "0" for each in squares), 2)
    return Seen(number, figure > (GREY + BRIGHT) / 2)


def answer_to(seen: Seen, seed: int) -> Answer:
    """Say what is there; by a hash, a few answers are wrong and a few unsure."""
    drawn = int(hashlib.sha256(f"{seed} {seen.number}".encode()).hexdigest(), 16) % 100
    if drawn < UNSURE_PERCENT:
        return Answer.UNSURE
    is_right = drawn >= UNSURE_PERCENT + WRONG_PERCENT
    return Answer.PRESENT if seen.is_present == is_right else Answer.ABSENT


def planted(images_a_day: int, last_day: date, seed: int) -> list[Planted]:
    """Plant images: so many of each camera and day, the days up to the last."""
    chance, made = random.Random(seed), list[Planted]()
    for day in (last_day - timedelta(days=before) for before in reversed(range(DAYS))):
        for camera in CAMERAS:
            for nth in range(images_a_day):
                taken_at = datetime(day.year, day.month, day.day, tzinfo=UTC) + nth * timedelta(days=1) / images_a_day
                is_present = chance.random() < PRESENT
                percent = _percent(chance, is_present=is_present)
                made.append(Planted(len(made), camera, taken_at, is_present, percent))
    return made


def _percent(chance: random.Random, *, is_present: bool) -> float | None:
    drawn = chance.random()
    if drawn < FOUND[is_present]:
        return round(chance.uniform(50, 99.9), 2)
    return round(chance.uniform(30, 49.9), 2) if drawn < NEAR[is_present] else None


def rows_of(images: Sequence[Planted], pictures: Mapping[int, bytes]) -> Iterator[ImageRow]:
    """Return the rows of analysed images. pictures: by number."""
    positions = Positions(lambda: images[-1].taken_at)
    for image in images:
        data, taken_at = pictures[image.number], image.taken_at.replace(microsecond=0)
        digest, capture = hashlib.sha256(data).hexdigest(), Capture(image.camera, taken_at, "key")
        found = FeatureResult("labels-1", ResultStatus.ANSWERED, image.finding, cut_percent=30.0, model_version="bench")
        yield ImageRow(
            image_id=image.image_id,
            lane=Lane.BACKFILL,
            state=State.COMPLETE,
            received_at=taken_at,
            version=2,
            merged_version=2,
            content=Content(digest, digest[:32], len(data), *SIDES),
            capture=capture,
            wanted={"labels": "labels-1"},
            parts={"labels": found},
            feed_position=positions.next(),
            listed=capture,
        )
