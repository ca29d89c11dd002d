"""Pictures as Rekognition sees them, so that its boxes fit: upright, in RGB; and smaller copies of them.

For a smaller copy the decoder gets only what draws the picture, as in `sightline/rekognition/preflight.py`. The picture
must have passed that check before: it bounds memory and time.
"""

from io import BytesIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from sightline.rekognition.exif import exif_orientation
from sightline.rekognition.pictures import JPEG_SIGNATURE, bare_jpeg, bare_png

QUALITY = 75

_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}


def smaller(data: bytes, width: int) -> bytes:
    """Return a picture as an upright JPEG of at most this width and height, without metadata; raise OSError if broken.

    A picture that is smaller stays as large as it is.
    """
    image = _opened(data)
    image.draft("RGB", (width, width))
    image.load()
    image = _flat(image)
    image.thumbnail((width, width), reducing_gap=2.0)
    file = BytesIO()
    turned(image, data).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def upright(data: bytes) -> Image.Image:
    """Return a picture upright, in RGB and in its own size; raise OSError if broken."""
    image = _opened(data)
    image.load()
    return turned(_flat(image), data)


def _opened(data: bytes) -> Image.Image:
    is_jpeg = data.startswith(JPEG_SIGNATURE)
    return JpegImageFile(BytesIO(bare_jpeg(data))) if is_jpeg else PngImageFile(BytesIO(bare_png(data)))


def turned(image: Image.Image, data: bytes) -> Image.Image:
    """Return a picture upright: a JPEG is turned by the EXIF orientation in its data, a PNG never."""
    for turn in _TURNS.get(exif_orientation(data), ()):
        image = image.transpose(turn)
    return image


def _flat(image: Image.Image) -> Image.Image:
    """Return it in RGB; what is transparent becomes white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    return as_rgb(image)


def as_rgb(image: Image.Image) -> Image.Image:
    """Return a picture in RGB, 8 bits a channel, whatever lies under transparent pixels."""
    if image.mode.startswith("I"):  # sixteen bits of grey, which convert() would cut off at 255
        image = image.point(lambda value: value / 256).convert("L")
    return image if image.mode == "RGB" else image.convert("RGB")
