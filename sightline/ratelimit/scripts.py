"""The limiter's Lua scripts, called with our own types. redis-py loads a script again where Redis has forgotten it."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis import Redis

from sightline.ratelimit import pace
from sightline.ratelimit.pace import Reading
from sightline.ratelimit.protocol import Slot

_CONSTANTS = (
    "CUT",
    "CUT_EVERY_SECONDS",
    "RISE_EACH_SECOND",
    "SLOW_START",
    "DOUBLING_SECONDS",
    "PROCESS_SEEN_SECONDS",
    "HANDOVER_EVERY_SECONDS",
    "MAX_HORIZON_SECONDS",
    "AFTER_CUT",
    "AFTER_RAMP",
)


@dataclass(frozen=True, slots=True)
class Booking:
    """What Redis answers to a request for a slot.

    born: names what Redis knows of the operation; another value later means that it was lost in between
    processes: how many asked in the last minute
    quota: the one in force, calls a second
    """

    slot: Slot
    born: str
    processes: int
    quota: float


class Scripts:
    """One method for each script; the head of the .lua file says which keys it touches."""

    def __init__(self, client: Redis, share: float) -> None:
        self._client = client
        self._share = share
        self._gcra = client.register_script(_source("gcra"))
        self._throttled = client.register_script(_source("throttled"))
        self._override = client.register_script(_source("override"))
        self._reading = client.register_script(_source("reading"))

    def reserve(self, key: str, quota: float, horizon_seconds: float, process: str, born: str) -> Booking:
        """Book the next slot."""
        keys = [key, f"{key}:processes"]
        booked, wait_us, now_born, processes, in_force = self._gcra(
            keys, [quota, self._share, horizon_seconds, process, born]
        )
        slot = Slot(is_booked=booked == 1, wait_seconds=wait_us / 1_000_000)
        return Booking(slot, _text(now_born), processes, float(in_force))

    def throttled(self, key: str, quota: float, *, ramped_too_fast: bool) -> None:
        """Lower the rate."""
        self._throttled([key], [quota, self._share, int(ramped_too_fast)])

    def override(self, key: str, per_second: float | None, reason: str) -> None:
        """Set an operator's quota."""
        self._override([key], ["" if per_second is None else per_second, reason])

    def read(self, quotas: dict[str, float]) -> dict[str, Reading]:
        """Read the states of many operations (key → configured quota) in one round trip."""
        with self._client.pipeline(transaction=False) as pipe:
            for key, quota in quotas.items():
                self._reading([key], [quota, self._share], client=pipe)
            return dict(zip(quotas, map(_reading, pipe.execute()), strict=True))


def _source(name: str) -> str:
    """Give a script with what stands before each: the constants, and rate.lua."""
    constants = "".join(f"local {each} = {_lua(getattr(pace, each))}\n" for each in _CONSTANTS)
    folder = files(__package__)
    return constants + folder.joinpath("rate.lua").read_text() + folder.joinpath(f"{name}.lua").read_text()


def _lua(constant: float | str) -> str:
    return f"'{constant}'" if isinstance(constant, str) else str(constant)


def _reading(answer: list[Any]) -> Reading:
    quota, rate, mode, changed_at, is_by_hand, reason = answer
    at = float(changed_at) if changed_at else None
    return Reading(float(quota), float(rate), _text(mode), at, _text(reason) if is_by_hand else None)


def _text(answer: bytes | str) -> str:
    """Read a text whether or not the client decodes its answers."""
    return answer if isinstance(answer, str) else answer.decode()
