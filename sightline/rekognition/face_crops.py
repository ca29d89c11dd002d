"""One face of a picture, cut out so that it is the largest of what is sent: a search takes no other.

Other faces that reach into the cut-out are covered. What is not asked about is not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil

from PIL import Image, ImageDraw

from sightline.models.answers import Box
from sightline.rekognition.preflight import MIN_SIDE_PIXELS

MARGIN = 1.0
"""Of the face's own width and height, at least, on each side: a detector needs the whole head and what is around it."""

LEAST_SIDE_PIXELS = 4 * MIN_SIDE_PIXELS
"""Around a small face more is cut out: Rekognition takes nothing below MIN_SIDE_PIXELS, and enlarging only blurs.

Of 15 faces of 13 to 28 pixels, the local detector sees 15 in cut-outs of 320 pixels, 13 at 240 and 11 at 160.
"""

QUALITY = 95
_COVER = (127, 127, 127)


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """A cut-out. data: JPEG; face: where the face is in it, in fractions."""

    data: bytes
    face: Box

    def is_of(self, seen: Box) -> bool:
        """Return whether this is the face that was seen in the cut-out: the middle of each lies in the other."""
        return _holds_middle(self.face, seen) and _holds_middle(seen, self.face)


def cut_out(picture: Image.Image, face: Box, others: Sequence[Box]) -> FaceCrop:
    """Cut one face out of an upright picture in RGB. others: the boxes of all other faces."""
    left, top, right, bottom = _pixels(face, picture, *_margins(face, picture))
    image = picture.crop((left, top, right, bottom))
    own = picture.crop(_pixels(face, picture))
    drawn = ImageDraw.Draw(image)
    for other in others:
        x0, y0, x1, y1 = _pixels(other, picture)
        if x0 < right and x1 > left and y0 < bottom and y1 > top:
            drawn.rectangle((x0 - left, y0 - top, x1 - left, y1 - top), fill=_COVER)
    own_left, own_top, own_right, own_bottom = _pixels(face, picture)
    image.paste(own, (own_left - left, own_top - top))
    width, height = image.size
    place = Box(
        (own_left - left) / width,
        (own_top - top) / height,
        (own_right - own_left) / width,
        (own_bottom - own_top) / height,
    )
    if min(width, height) < MIN_SIDE_PIXELS:  # at a corner, or of a picture that is hardly larger
        scale = MIN_SIDE_PIXELS / min(width, height)
        image = image.resize((ceil(width * scale), ceil(height * scale)), Image.Resampling.BICUBIC)
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return FaceCrop(file.getvalue(), place)


def _margins(face: Box, picture: Image.Image) -> tuple[float, float]:
    """Return how much is cut out at each side and above and below, in fractions of the picture."""
    wide = (LEAST_SIDE_PIXELS / picture.width - face.width) / 2
    high = (LEAST_SIDE_PIXELS / picture.height - face.height) / 2
    return max(MARGIN * face.width, wide), max(MARGIN * face.height, high)


def _pixels(box: Box, picture: Image.Image, wide: float = 0.0, high: float = 0.0) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom within the picture, at least one pixel apart: a box may reach beyond it."""
    left = min(max(0, round((box.left - wide) * picture.width)), picture.width - 1)
    top = min(max(0, round((box.top - high) * picture.height)), picture.height - 1)
    right = min(picture.width, max(left + 1, round((box.left + box.width + wide) * picture.width)))
    bottom = min(picture.height, max(top + 1, round((box.top + box.height + high) * picture.height)))
    return left, top, right, bottom


def _holds_middle(box: Box, other: Box) -> bool:
    x, y = other.left + other.width / 2, other.top + other.height / 2
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
