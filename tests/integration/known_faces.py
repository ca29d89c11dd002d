"""The local Rekognition in this process, with a stand-in for its models: a face is a block of one strong colour.

Blocks are found in the pixels, and the colour is who it is: what is cut out, covered or enlarged shows in the answer.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import uvicorn
from PIL import Image, ImageDraw

from dev.rekognition.answers import Answers
from dev.rekognition.app import build_app
from dev.rekognition.calls_log import CallsLog
from dev.rekognition.collections import Collections
from dev.rekognition.content import Content
from dev.rekognition.detectors import hog_and_haar
from dev.rekognition.endpoint import Endpoint
from dev.rekognition.faults import FaultScript
from dev.rekognition.picture import read_picture
from dev.rekognition.quotas import Quotas
from dev.rekognition.s3 import Objects
from dev.rekognition.seen import Seen
from dev.rekognition.videos.jobs import Jobs
from dev.rekognition.videos.messages import Messages
from dev.stack.waiting import wait_until
from sightline.models.answers import Box, Detection

Colour = tuple[int, int, int]
RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)

_STRONG = 80
"""Saturation from which on a pixel is of a face."""

_QUALITY = {"quality": {"brightness": 50.0, "sharpness": 50.0}}


def shown(*faces: tuple[Colour, tuple[int, int, int, int]], size: tuple[int, int] = (640, 480)) -> bytes:
    """Draw faces, each a colour with its left, top, right and bottom in pixels, on grey."""
    image = Image.new("RGB", size, (128, 128, 128))
    for colour, place in faces:
        ImageDraw.Draw(image).rectangle(place, fill=colour)
    file = BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


class SeesBlocks:
    """What an endpoint looks with."""

    detector = hog_and_haar()
    cannot_compare = ""

    async def see(self, content: Content) -> Seen:
        return Seen((), tuple(_blocks(content)))

    async def describe(self, content: Content, faces: tuple[Detection, ...]) -> tuple[tuple[float, ...], ...]:
        picture = read_picture(content.data)
        return tuple(_colour(picture, face.box) for face in faces if face.box)

    async def warm_up(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        """Nothing is held."""


def _blocks(content: Content) -> Iterator[Detection]:
    picture = read_picture(content.data)
    height, width = picture.shape[:2]
    strong = (cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[:, :, 1] > _STRONG).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(strong)
    for left, top, wide, high, area in stats[1:]:
        if area > 25:
            box = Box(left / width, top / height, wide / width, high / height)
            yield Detection("Face", 99.0, box, _QUALITY)


def _colour(picture: np.ndarray, box: Box) -> tuple[float, ...]:
    height, width = picture.shape[:2]
    x, y = int((box.left + box.width / 2) * width), int((box.top + box.height / 2) * height)
    return tuple(float(each) / 255 for each in picture[y, x])


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def local_rekognition(folder: Path, s3_endpoint: str) -> Iterator[str]:
    """Serve an endpoint; give its address. Its collections are in `collections.json`."""
    objects, sight, faults = Objects(s3_endpoint, "us-east-1"), SeesBlocks(), FaultScript()
    no_videos = Jobs(objects, sight, faults, Messages(None, faults), _utc_now)  # type: ignore[arg-type] # a stand-in
    endpoint = Endpoint(
        region="us-east-1",
        objects=objects,
        sight=sight,  # type: ignore[arg-type] # a stand-in
        answers=Answers(None),
        collections=Collections(folder / "collections.json"),
        quotas=Quotas({}, lambda: 0.0),
        faults=faults,
        jobs=no_videos,
        log=CallsLog(folder / "calls.jsonl"),
        clock=_utc_now,
    )
    config = uvicorn.Config(build_app(endpoint), port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert wait_until(lambda: server.started, thread.is_alive)
    (port,) = [each.getsockname()[1] for each in server.servers[0].sockets]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
