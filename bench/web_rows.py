"""What the console's benchmark fills its stores with: images up to now, pictures of the newest, verdicts, letters."""

import hashlib
import io
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from PIL import Image, ImageDraw

from bench.graph_data import each_image
from bench.sync_rows import EVERY, FEWEST_LABELS, row_of
from sightline.models.images import Content, ImageRow, State
from sightline.storage.dead_letters import DeadLetter
from sightline.storage.images.positions import Positions

PICTURES_OF_DAYS = timedelta(days=2)
"""The images of so many days up to now have a picture in the bucket. The others have a row alone."""

LETTERS = {"NotAnImage": 1_500, "ImageTooLarge": 500}
SIDES = (1920, 1080)
ARRIVES_AFTER = timedelta(seconds=30)
COMMENT = b"\xff\xfe"


class Pictures:
    """Pictures with the same pixels and different bytes: each has a comment with its number."""

    def __init__(self) -> None:
        self._plain = _photograph()

    def of(self, number: int) -> bytes:
        """Return a picture."""
        text = f"{number:08}".encode()
        return self._plain[:2] + COMMENT + (len(text) + 2).to_bytes(2) + text + self._plain[2:]


def _photograph() -> bytes:
    """Draw something that costs about as much to decode as a frame of a camera, and has its size."""
    chance, file = random.Random(0), io.BytesIO()
    image = Image.effect_noise((SIDES[0] // 8, SIDES[1] // 8), 60).convert("RGB").resize(SIDES)
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        left, top = chance.randrange(SIDES[0]), chance.randrange(SIDES[1])
        draw.rectangle((left, top, left + 200, top + 150), fill=tuple(chance.randrange(256) for _ in range(3)))
    image.save(file, "JPEG", quality=75)
    return file.getvalue()


def rows(count: int, now: datetime, picture: Callable[[int], bytes]) -> Iterator[ImageRow]:
    """Return the images, the last of them taken just now; each arrived half a minute after it was taken."""
    at = [now]
    positions = Positions(lambda: at[0])
    for number, image in enumerate(each_image(count, fewest=FEWEST_LABELS)):
        taken_at = now - ARRIVES_AFTER - (count - number) * EVERY
        at[0] = taken_at + ARRIVES_AFTER
        data = picture(number) if has_picture(taken_at, now) else b"%d" % number
        digest = hashlib.sha256(data).hexdigest()
        content = Content(digest, digest[:32], len(data), *SIDES)
        yield replace(row_of(image, taken_at, positions.next(), State.COMPLETE), content=content)


def has_picture(taken_at: datetime, now: datetime) -> bool:
    """Return whether an image has a picture in the bucket."""
    return taken_at > now - PICTURES_OF_DAYS


def letters(images: Iterable[ImageRow], now: datetime) -> Iterator[DeadLetter]:
    """Return dead letters about images, as if they had been refused."""
    waiting = iter(images)
    for error, count in LETTERS.items():
        for row in islice(waiting, count):
            yield DeadLetter(
                error=error,
                subject=row.image_id,
                rule="the image must be one",
                remedy="Look at what uploads it",
                step="ingest",
                message={"image_id": row.image_id},
                first_at=now,
                last_at=now,
                image_id=row.image_id,
            )
