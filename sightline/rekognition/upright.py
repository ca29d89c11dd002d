"""Smaller copies of pictures, turned upright: as Rekognition sees them, so that its boxes fit.

The decoder gets only what draws the picture, as in `sightline/rekognition/preflight.py`, and must have passed that
check before: it bounds memory and time.
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
    is_jpeg = data.startswith(JPEG_SIGNATURE)
    image: Image.Image = JpegImageFile(BytesIO(bare_jpeg(data))) if is_jpeg else PngImageFile(BytesIO(bare_png(data)))
    image.draft("RGB", (width, width))
    image.load()
    image = _flat(image)
    image.thumbnail((width, width), reducing_gap=2.0)
    for turn in _TURNS.get(exif_orientation(data), ()):
        image = image.transpose(turn)
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """Return it in RGB; what is transparent becomes white."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    if image.mode.startswith("I"):  # sixteen bits of grey, which convert() would cut off at 255
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGB")
