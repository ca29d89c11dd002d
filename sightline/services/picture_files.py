"""Pictures in files that a person names."""

from pathlib import Path

from sightline.errors import RejectedError, TooManyBytes
from sightline.rekognition.preflight import MAX_BYTES_SENT


class UnreadableFile(RejectedError):
    """The file cannot be read."""

    rule = "the file must exist and be readable"
    remedy = "Give the path of a picture, or s3://bucket/key"


def read_picture(path: Path, max_bytes: int = MAX_BYTES_SENT) -> bytes:
    """Read a file; raise UnreadableFile or TooManyBytes."""
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise TooManyBytes(f"{path} ({size:,} bytes)")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(str(path), rule=f"{UnreadableFile.rule} ({error.strerror})") from error
