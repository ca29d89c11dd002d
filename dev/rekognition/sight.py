"""Analysing pictures in a pool of processes; each kind of analysis runs once for each content."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property, lru_cache
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

import cv2

from dev.rekognition.content import Content
from dev.rekognition.detectors import Detector, detector_here
from dev.rekognition.likeness import Descriptor, describe, why_not
from dev.rekognition.once import Once
from dev.rekognition.picture import Picture, read_picture
from dev.rekognition.refusals import Refusal
from dev.rekognition.scene import Scene, measure_scene
from dev.rekognition.seen import Seen
from dev.rekognition.text import Line, find_text
from dev.rekognition.waiting import Waiting
from sightline.models.answers import Box, Detection

T = TypeVar("T")


class Sight:
    """What is found in each content. Make and close it in the serving process; `processes` analyse.

    detector: finds people and faces; by default the best one of this machine. new_pool: returns what runs the analyses.
    """

    def __init__(
        self,
        processes: int,
        waiting: Waiting | None = None,
        detector: Detector | None = None,
        new_pool: Callable[[int], Executor] | None = None,
    ) -> None:
        self.detector = detector or detector_here()
        self._processes = processes
        self._waiting = waiting or Waiting(processes)
        self._new_pool = new_pool or pool_of_processes
        self._pool = self._new_pool(processes)
        self._seen: Once[Hashable, Any] = Once()

    async def see(self, content: Content) -> Seen:
        """Find people, faces and things in one pass. Raise a Refusal if AWS would not read `content`."""
        return await self._look(content, self.detector.see)

    async def text(self, content: Content) -> tuple[Line, ...]:
        """Find lines of text."""
        return await self._look(content, find_text)

    async def scene(self, content: Content, boxes: tuple[Box, ...]) -> Scene:
        """Measure light and colours; `boxes` are the foreground."""
        return await self._look(content, measure_scene, boxes)

    @cached_property
    def cannot_compare(self) -> str:
        """Return why faces cannot be compared; "" if they can."""
        return why_not()

    async def describe(self, content: Content, faces: tuple[Detection, ...]) -> tuple[Descriptor, ...]:
        """Return the numbers of each of the faces, which were seen in `content`."""
        return await self._look(content, describe, tuple(face.box for face in faces if face.box))

    async def warm_up(self) -> None:
        """Start the processes; return once each is ready."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._pool, _begin) for _ in range(self._processes)))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _look(self, content: Content, find: Callable[..., T], *details: Hashable) -> T:
        async def look() -> T:
            return await self._run(content, find, *details)

        found: T = await self._seen.get((content.sha256, find, *details), look)
        return found

    async def _run(self, content: Content, find: Callable[..., T], *details: Hashable) -> T:
        pool, loop = self._pool, asyncio.get_running_loop()
        with self._waiting.admitted():
            try:
                found, seconds = await loop.run_in_executor(pool, _look_at, content.data, find, *details)
            except BrokenProcessPool as error:
                if self._pool is pool:  # the first to notice makes a new pool
                    self._pool = self._new_pool(self._processes)
                raise Refusal("InternalServerError") from error
        self._waiting.took(seconds)
        return found


def pool_of_processes(processes: int) -> Executor:
    """Return a pool whose processes end with this one."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Start a process of the pool: it computes in one thread, and ends with the server, even if that is killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(0)


def _look_at(data: bytes, find: Callable[..., T], *details: Hashable) -> tuple[T, float]:
    """Return what was found, and how many seconds this process needed."""
    begun = time.monotonic()
    return find(_picture(data), *details), time.monotonic() - begun


@lru_cache(maxsize=1)
def _picture(data: bytes) -> Picture:
    """Decode once for the features that analyse the same image one after the other."""
    return read_picture(data)
