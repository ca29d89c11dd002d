"""`python -m dev.demo.put FOLDER`: upload the pictures below a folder, and print their URIs.

`sightline add --from -` reads these URIs. With `--events` they need not be added: the event of each upload goes to the
queue of S3's events, as S3 would send it; S3Mock does not. The SIGHTLINE_* variables name the S3 to upload to:
`. .cache/stack/env` sets those of the local stack.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dev.demo.uploads import Upload, folder_uploads, upload_all
from dev.s3_events import PUT, Happened, put_into, s3_body
from sightline.bootstrap import aws_session, s3_client
from sightline.config import InvalidSettings, Settings, read_settings
from sightline.errors import SightlineError
from sightline.storage.buckets.s3 import S3Buckets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def main(arguments: Sequence[str] | None = None) -> int:
    """Upload; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser("python -m dev.demo.put", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="its subfolders are the cameras")
    parser.add_argument("--events", action="store_true", help="send S3's event of each upload, for `sightline listen`")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder
    uploads, _ = folder_uploads(folder)
    if not uploads:
        parser.error(f"{folder} holds no pictures. Name a folder of JPEG or PNG files")
    try:
        settings = read_settings()
        s3 = s3_client(settings, aws_session(settings))
        uploaded = upload_all(uploads, s3)
        for each in announced(uploaded, s3, settings) if chosen.events else uploaded:
            print(each.uri)
    except SightlineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def announced(uploaded: Iterable[Upload], s3: "S3Client", settings: Settings) -> Iterator[Upload]:
    """Send S3's event of each upload to the first queue of the settings. Raise InvalidSettings if there is none."""
    if not settings.event_queues:
        raise InvalidSettings(
            "SIGHTLINE_EVENT_QUEUES", rule="it must name the queue that events go to", remedy="Set it"
        )
    client = aws_session(settings).client("sqs", endpoint_url=settings.sqs_endpoint)
    put = put_into(client, settings.event_queues[0])
    for number, each in enumerate(uploaded):
        head = S3Buckets(s3).head(each.uri)
        now = datetime.now(UTC)
        put([s3_body(Happened(each.uri.bucket, each.uri.key, PUT, head.etag, head.size_bytes, number, at=now))])
        yield each


if __name__ == "__main__":
    sys.exit(main())
