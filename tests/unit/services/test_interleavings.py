"""Steps cut into each other at random, with kills after any statement: the promises hold in every run.

A few hundred runs; `INTERLEAVINGS=5000 pytest tests/unit/services/test_interleavings.py` makes 5,000, which take five
minutes. A run that fails names its seed: `Play(seed, is_calm=False).run()` repeats it.
"""

import os
from collections.abc import Iterator
from typing import TypeVar

import pytest
import structlog

from tests.unit.services.interleaved import Play
from tests.unit.services.near_play import NearPlay

Playing = TypeVar("Playing", bound=Play)

RUNS = int(os.environ.get("INTERLEAVINGS", "300"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def play(seed: int, *, is_calm: bool) -> Play:
    return _played(Play(seed, is_calm=is_calm), f"seed {seed}, is_calm={is_calm}")


def _played(made: Playing, name: str) -> Playing:
    try:
        made.run()
        made.check()
    except Exception as error:
        raise AssertionError(f"{name}: {error!r}") from error
    return made


def test_no_interleaving_with_kills_and_overwrites_breaks_a_promise():
    plays = [play(seed, is_calm=False).happened for seed in range(RUNS)]
    assert sum(each.kills for each in plays) > RUNS  # it does what it says
    assert sum(each.overwrites.total() for each in plays) > RUNS


def test_no_interleaving_of_late_and_repeated_messages_pays_anything_twice():
    calls = [play(seed, is_calm=True).happened.calls.total() for seed in range(RUNS)]
    assert max(calls) <= 4  # the twins' two analyses, and two of the third image


def test_an_image_is_paid_for_or_shown_with_one_that_is_whatever_happens():
    plays = [_played(NearPlay(seed, is_calm=False), f"near, seed {seed}") for seed in range(RUNS)]
    assert sum(each.happened.kills for each in plays) > RUNS
    assert sum(each.happened.overwrites.total() for each in plays) > RUNS
    assert sum(each.is_spared() for each in plays) > RUNS / 10


def test_of_pictures_that_look_alike_each_is_paid_for_at_most_once_whatever_message_is_late_or_repeated():
    plays = [_played(NearPlay(seed, is_calm=True), f"near, calm, seed {seed}") for seed in range(RUNS)]
    assert sum(each.is_spared() for each in plays) > RUNS / 2
    for each in plays:
        assert each.happened.calls.total() <= 2 * (4 - each.is_spared())
