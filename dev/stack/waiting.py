"""Waiting, as long as something moves and no longer.

A number of seconds means nothing on a busy machine, where what takes one second may take twenty. So every caller names
what must move meanwhile (a log grows, a count changes, CPU is used), and gives up only if all of it stands still.
"""

import time
from collections.abc import Callable, Hashable
from typing import TypeAlias

Moves: TypeAlias = Hashable
"""How far something is. It is only compared with its earlier value."""

STANDSTILL_SECONDS = 120.0
"""Even on two cores with a load of 20, nothing that can make progress stands still for so long."""

LONGEST_SECONDS = 900.0
"""The last resort, for what moves and never ends."""

LOOK_SECONDS = 1.0
"""Reading what moves costs more than asking whether the wait is over."""

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
    """Wait until `is_so`; return False if nothing has moved for `standstill` seconds.

    moves: returns how far it is; tell: called every `tells_every` seconds with the seconds since the beginning.
    """
    begun = asked_at = looked_at = told_at = time.monotonic()
    before = moves()
    stood = 0.0
    while not is_so():
        now = time.monotonic()
        stood += min(now - asked_at, standstill / 2)  # one pause of this process or the machine is no standstill
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
    """Return that nothing else moves, for what comes by itself and soon."""
    return None
