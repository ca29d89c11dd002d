"""`python -m dev.demo.put FOLDER`: upload the pictures below a folder, and print their URIs.

`sightline add --from -` reads these URIs. The SIGHTLINE_* variables name the S3 to upload to: `. .cache/stack/env` sets
those of the local stack.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.demo.uploads import folder_uploads, upload_all
from sightline.bootstrap import aws_session, s3_client
from sightline.config import read_settings
from sightline.errors import SightlineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Upload; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser("python -m dev.demo.put", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="its subfolders are the cameras")
    folder = parser.parse_args(arguments).folder
    uploads, _ = folder_uploads(folder)
    if not uploads:
        parser.error(f"{folder} holds no pictures. Name a folder of JPEG or PNG files")
    try:
        settings = read_settings()
        for each in upload_all(uploads, s3_client(settings, aws_session(settings))):
            print(each.uri)
    except SightlineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
