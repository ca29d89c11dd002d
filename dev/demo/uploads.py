"""What the demonstration uploads: the demo frames with their truth, or a folder of the user's own pictures."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from sightline.storage.buckets.protocol import ObjectUri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "images"
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"}
EXIF_TIMES = (0x9003, 0x0132)
"""DateTimeOriginal and DateTime."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file. has_person: what a person sees in it; None where nobody has said."""

    path: Path
    uri: ObjectUri
    has_person: bool | None = None


def demo_uploads(folder: Path) -> list[Upload]:
    """Return the frames that `dev.frames` has made, with the truth beside them."""
    with (folder / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [Upload(folder / row["key"], ObjectUri(BUCKET, row["key"]), row["person"] == "1") for row in rows]


def folder_uploads(folder: Path) -> tuple[list[Upload], int]:
    """Return the pictures below a folder, and the number of other files. The folder is the camera of those in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    pictures = [path for path in files if path.suffix.lower() in PICTURES]
    return [Upload(path, ObjectUri(BUCKET, _key(path, folder))) for path in pictures], len(files) - len(pictures)


def _key(path: Path, folder: Path) -> str:
    inside = path.relative_to(folder)
    return (folder.resolve().name / inside if len(inside.parts) == 1 else inside).as_posix()


def upload_all(uploads: list[Upload], s3: "S3Client") -> Iterator[Upload]:
    """Upload one after the other, and return each when it is there."""
    for each in uploads:
        s3.put_object(
            Bucket=each.uri.bucket, Key=each.uri.key, Body=each.path.read_bytes(), Metadata=_metadata(each.path)
        )
        yield each


def _metadata(path: Path) -> dict[str, str]:
    """Say the file's time where the picture itself has none: S3 knows only when it was uploaded."""
    if _has_exif_time(path):
        return {}
    return {"capture-time": datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()}


def _has_exif_time(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            exif = image.getexif()
            return any(tag in exif or tag in exif.get_ifd(0x8769) for tag in EXIF_TIMES)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
