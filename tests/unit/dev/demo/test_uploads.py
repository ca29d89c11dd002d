import pytest

from dev.demo.uploads import folder_uploads, upload_all
from tests.unit.services.pictures import encoded, exif_of, noise


class S3:
    """Keeps what is said of each object."""

    def __init__(self):
        self.metadata = []

    def put_object(self, *, Metadata, **_):  # noqa: N803 - boto3's name
        self.metadata.append([*Metadata])


@pytest.mark.parametrize(
    ("exif", "expected"),
    [(exif_of("2026:05:04 03:02:01"), []), (exif_of("0000:00:00 00:00:00"), ["capture-time"]), (b"", ["capture-time"])],
)
def test_the_files_time_is_said_unless_the_picture_itself_tells_one(tmp_path, exif, expected):
    (tmp_path / "a.jpg").write_bytes(encoded(noise(), "JPEG", exif=exif))
    uploads, _ = folder_uploads(tmp_path)
    s3 = S3()
    assert uploads == [*upload_all(uploads, s3)]  # type: ignore[arg-type]
    assert [expected] == s3.metadata
