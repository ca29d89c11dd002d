"""Pictures for tests, made on the spot."""

import struct
import zlib
from functools import cache
from io import BytesIO

from PIL import Image

from sightline.rekognition.pictures import PNG_SIGNATURE, png_chunks

EXIF_DIRECTORY = 0x8769


def noise(width: int = 96, height: int = 80, mode: str = "RGB") -> Image.Image:
    """Noise, so that each byte of the file matters."""
    return Image.effect_noise((width, height), 60).convert(mode)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@cache
def good_pictures() -> dict[str, bytes]:
    return {
        "JPEG": encoded(noise(), "JPEG"),
        "progressive JPEG": encoded(noise(), "JPEG", progressive=True),
        "grey JPEG": encoded(noise(mode="L"), "JPEG"),
        "CMYK JPEG": encoded(noise(mode="CMYK"), "JPEG"),
        "JPEG with EXIF": encoded(noise(), "JPEG", exif=exif_of("2026:05:04 03:02:01", "+02:00")),
        "MPO": encoded(noise(), "MPO", save_all=True, append_images=[noise()]),
        "PNG": encoded(noise(), "PNG"),
        "PNG with alpha": encoded(noise(mode="RGBA"), "PNG"),
        "16-bit PNG": encoded(Image.new("I;16", (96, 80), 4711), "PNG"),
        "1-bit PNG": encoded(noise(mode="1"), "PNG"),
        "palette PNG": encoded(noise(mode="P"), "PNG", transparency=3),
        "animated PNG": encoded(noise(), "PNG", save_all=True, append_images=[noise(), noise()]),
        "PNG with EXIF": encoded(noise(), "PNG", exif=exif_of("2026:05:04 03:02:01", "+02:00")),
    }


def exif_of(taken: str, offset: str | None = None) -> bytes:
    exif = Image.Exif()
    directory = exif.get_ifd(EXIF_DIRECTORY)
    directory[0x9003] = taken
    if offset is not None:
        directory[0x9011] = offset
    return exif.tobytes()


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, with right lengths and checksums."""
    framed = (
        struct.pack(">I4s", len(payload), kind) + payload + struct.pack(">I", zlib.crc32(kind + payload))
        for kind, payload in chunks
    )
    return b"".join((PNG_SIGNATURE, *framed))


def chunks_of(png: bytes) -> list[tuple[bytes, bytes]]:
    return [(part.kind, part.payload) for part in png_chunks(png)]
