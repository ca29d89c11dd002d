"""Small pictures, made when first asked for and kept on disk by the SHA-256 of their bytes.

A key may be overwritten: what is kept is of the bytes that the address names, and an object with others is not shown.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore, Lock
from uuid import uuid4

import structlog
from PIL import Image, ImageDraw

from sightline.models.answers import Box
from sightline.rekognition.face_crops import cut_out
from sightline.rekognition.preflight import inspect_picture
from sightline.rekognition.upright import smaller, upright
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.web.errors import Overwritten

log = structlog.get_logger()

WIDTHS = (320, 1280)
"""The widths of a list's pictures and of a page's own."""

MADE_AT_ONCE = 2

OUTLINE, YELLOW = 0.02, "#ffd23f"
"""Of a face that is shown close up: how wide its outline is, in widths of the box, and its colour, as on the page."""
KEPT_SHARE = 0.9
"""Where there is too much, the least recently shown goes until this share of the room is filled."""


class Thumbnails:
    """A folder of small pictures of at most `most_bytes`. Threads may share one."""

    def __init__(self, folder: Path, most_bytes: int, buckets: Buckets) -> None:
        self._folder, self._most_bytes, self._buckets = folder, most_bytes, buckets
        self._making: dict[Path, Lock] = {}
        self._lock = Lock()
        self._room = BoundedSemaphore(MADE_AT_ONCE)
        self._kept_bytes: int | None = None

    def get(self, image_id: str, sha256: str, width: int) -> bytes:
        """Return a small picture of these bytes.

        Raise Overwritten if the object holds others by now; ImageMissing, AccessDenied, Unavailable.
        """
        file = self._folder / sha256[:2] / f"{sha256}-{width}.jpg"
        with self._one_at_a_time(file):
            kept = self._read(file)
            if kept is not None:
                return kept
            with self._room:
                made = self._make(image_id, sha256, width)
            self._keep(file, made)
            return made

    def face(self, image_id: str, sha256: str, box: Box) -> bytes:
        """Return one face of a picture, outlined, and what is around it, as large as there; raise what `get` raises.

        It is not kept: a file that shows whom somebody took for whom would outlast their being forgotten.
        """
        with self._room:
            picture = upright(self._read_whole(image_id, sha256))
            outline(picture, box)
            return cut_out(picture, box, ()).data

    def _one_at_a_time(self, file: Path) -> Lock:
        """Return the lock of a file: two who ask for the same picture make it once."""
        with self._lock:
            if len(self._making) > 1_000:  # noqa: PLR2004 - those that nobody holds are dropped
                self._making = {path: lock for path, lock in self._making.items() if lock.locked()}
            return self._making.setdefault(file, Lock())

    def _read(self, file: Path) -> bytes | None:
        try:
            data = file.read_bytes()
            os.utime(file)  # many file systems do not note when a file is read
        except OSError:
            return None
        return data

    def _make(self, image_id: str, sha256: str, width: int) -> bytes:
        return smaller(self._read_whole(image_id, sha256), width)

    def _read_whole(self, image_id: str, sha256: str) -> bytes:
        """Read an object that holds these bytes, and look at them."""
        uri = ObjectUri.parse(image_id)
        _, data = self._buckets.get(uri)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Overwritten(image_id)
        inspect_picture(image_id, data)  # bounds what the decoder may take
        return data

    def _keep(self, file: Path, data: bytes) -> None:
        """Keep a picture; a disk that is full or read-only costs time alone."""
        draft = file.with_name(f"{file.name}.{uuid4().hex}.draft")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(file)
        except OSError as error:
            log.warning("A small picture could not be kept", file=str(file), error=str(error))
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return
        with self._lock:
            self._kept_bytes = self._measured() if self._kept_bytes is None else self._kept_bytes + len(data)
            if self._kept_bytes > self._most_bytes:
                self._make_room()

    def _measured(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _make_room(self) -> None:
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, file in files:
            if left <= KEPT_SHARE * self._most_bytes:
                break
            with suppress(OSError):
                file.unlink()
            left -= size
        self._kept_bytes = left

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return when each was last shown, its size and its path. One that goes meanwhile is left out."""
        found = []
        for file in self._folder.glob("*/*"):
            with suppress(OSError):
                stat = file.stat()
                found.append((stat.st_mtime, stat.st_size, file))
        return found


def outline(picture: Image.Image, box: Box) -> None:
    """Draw a line just outside a box: more than one face may be close by."""
    left, right = box.left * picture.width, (box.left + box.width) * picture.width
    top, bottom = box.top * picture.height, (box.top + box.height) * picture.height
    line = max(1, round(OUTLINE * (right - left)))
    around = (left - line, top - line, right + line, bottom + line)
    ImageDraw.Draw(picture).rectangle(around, outline=YELLOW, width=line)
