"""Pictures with EXIF times in any spelling, as cameras write them."""

import io

from PIL import Image

EXIF_DIRECTORY = 0x8769
DATE_TIME = 0x0132
DATE_TIME_ORIGINAL = 0x9003
DATE_TIME_DIGITIZED = 0x9004
OFFSET_TIME_ORIGINAL = 0x9011
SIZE = (160, 120)


def jpeg(shade: int, *, original: str = "", offset: str | None = None, changed: str = "", digitized: str = "") -> bytes:
    """Make a small JPEG with these tags: DateTimeOriginal and its offset, DateTime, DateTimeDigitized."""
    exif = Image.Exif()
    if changed:
        exif[DATE_TIME] = changed
    inner = exif.get_ifd(EXIF_DIRECTORY)
    tags = ((DATE_TIME_ORIGINAL, original or None), (DATE_TIME_DIGITIZED, digitized or None))
    for tag, text in (*tags, (OFFSET_TIME_ORIGINAL, offset)):
        if text is not None:
            inner[tag] = text
    file = io.BytesIO()
    Image.new("RGB", SIZE, (shade % 256, 90, 120)).save(file, "JPEG", exif=exif.tobytes())
    return file.getvalue()
