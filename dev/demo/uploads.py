"""What the demonstration uploads: the demo frames with their truth, or a folder of the user's own pictures."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.rekognition.exif import exif_times
from sightline.storage.buckets.protocol import ObjectUri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "images"
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file. has_person: whether it shows a person; None if that is unknown."""

    path: Path
    uri: ObjectUri
    has_person: bool | None = None


def demo_uploads(folder: Path) -> list[Upload]:
    """Return the frames that `dev.frames` has made, with the truth."""
    with (folder / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [Upload(folder / row["key"], ObjectUri(BUCKET, row["key"]), row["person"] == "1") for row in rows]


def folder_uploads(folder: Path) -> tuple[list[Upload], int]:
    """Return the pictures below a folder, and the number of other files. A picture directly in it has it as camera."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    pictures = [path for path in files if path.suffix.lower() in PICTURES]
    return [Upload(path, ObjectUri(BUCKET, _key(path, folder))) for path in pictures], len(files) - len(pictures)


def _key(path: Path, folder: Path) -> str:
    inside = path.relative_to(folder)
    return (folder.resolve().name / inside if len(inside.parts) == 1 else inside).as_posix()


def upload_all(uploads: list[Upload], s3: "S3Client") -> Iterator[Upload]:
    """Upload files one after the other; yield each after its upload."""
    for each in uploads:
        s3.put_object(
            Bucket=each.uri.bucket, Key=each.uri.key, Body=each.path.read_bytes(), Metadata=_metadata(each.path)
        )
        yield each


def _metadata(path: Path) -> dict[str, str]:
    """Return the file's time if the picture itself has none: S3 knows only the time of the upload."""
    if _has_exif_time(path):
        return {}
    return {"capture-time": datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()}


def _has_exif_time(path: Path) -> bool:
    return any(tag.taken for tag in exif_times(path.read_bytes()))
