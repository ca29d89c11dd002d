"""The one place for waiting: for as long as something moves, and no longer.

A number of seconds says nothing on a busy machine: what takes one there may take twenty. So whoever waits names what
must move meanwhile (a log grows, a count changes, CPU is used), and gives up only where all of it stands still.
"""

import time
from collections.abc import Callable, Hashable
from typing import TypeAlias

Moves: TypeAlias = Hashable
"""How far something has come. Only whether it differs from before is asked."""

STANDSTILL_SECONDS = 120.0
"""A machine of two cores with a load of 20 lets nothing stand still so long that can go on."""

LONGEST_SECONDS = 900.0
"""The last resort: what moves and never arrives."""

LOOK_SECONDS = 1.0
"""To look at what moves costs more than to ask."""

TELL_SECONDS = 15.0


def wait_until(
    is_so: Callable[[], object],
    moves: Callable[[], Moves],
    *,
    every: float = 0.05,
    standstill: float = STANDSTILL_SECONDS,
    longest: float = LONGEST_SECONDS,
    tell: Callable[[float], None] | None = None,
    tells_every: float = TELL_SECONDS,
) -> bool:
    """Ask again and again until it is so; give False when nothing has moved for long.

    moves: how far it is; tell: called every 15 s, or as often as said, with the seconds since the beginning.
    """
    begun = asked_at = looked_at = told_at = time.monotonic()
    before = moves()
    stood = 0.0
    while not is_so():
        now = time.monotonic()
        stood += min(now - asked_at, standstill / 2)  # one pause of this process, or of the machine, is no standstill
        asked_at = now
        if now - looked_at >= min(LOOK_SECONDS, standstill / 2):
            looked_at, after = now, moves()
            if after != before:
                stood, before = 0.0, after
        if stood >= standstill or now - begun >= longest:
            return bool(is_so())
        if tell and now - told_at >= tells_every:
            told_at = now
            tell(now - begun)
        time.sleep(every)
    return True


def nothing() -> Moves:
    """Say that nothing else moves: what is waited for comes by itself, and soon."""
    return None
