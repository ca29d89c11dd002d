"""When a frame was shown: its offset from the beginning, which never goes backwards."""

from collections.abc import Iterable, Iterator
from math import inf

USUAL_RATE = 25.0
"""Frames a second where the file tells no rate that can be."""

LEAST_RATE, MOST_RATE = 0.001, 1000.0


def offsets_ms(timestamps_ms: Iterable[float], frames_a_second: float) -> Iterator[int]:
    """Yield the offset of each frame in whole milliseconds, strictly increasing; the first frame is at 0.

    timestamps_ms: what the container says of each frame. They are believed as long as they increase. A clock that
    jumps back is believed no more: from then on each frame follows the one before it by 1 / frames_a_second.
    """
    step = 1000.0 / frames_a_second if LEAST_RATE <= frames_a_second <= MOST_RATE else 1000.0 / USUAL_RATE
    first, before, offset, is_believed = None, -inf, 0.0, True
    last = -1
    for timestamp in timestamps_ms:
        first = timestamp if first is None else first
        is_believed = is_believed and timestamp > before
        offset = timestamp - first if is_believed else offset + step
        before = timestamp
        last = max(round(offset), last + 1)
        yield last
