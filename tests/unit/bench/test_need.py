"""The benchmark of paying by need, small: its arithmetic on shots whose findings are given."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.need import Outcome, Trial, judge, outcomes, run, trial
from bench.need_frames import Shot
from bench.need_worlds import BURSTS, WORLDS, hold
from sightline.models.images import Capture
from sightline.services.need import Ask, Near, Need
from sightline.stats.figures import Interval

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NEED = Need(asks={"faces": Ask(labels={"Person": 50})}, near=Near(seconds=60, bits=1), control_percent=30)
PERSON, FACE = (("Person", 90.0),), (("Face", 99.0),)


def shot(number: int, seen: str, labels=(), faces=()) -> Shot:
    taken_at = NOON + timedelta(seconds=10 * number)
    return Shot(f"{number:03}", Capture("yard", taken_at, "key"), seen, {"labels": labels, "faces": faces, "text": ()})


def test_what_a_shot_is_shown_with_is_compared_with_its_own_answers():
    alone, like, faint = shot(0, "00", PERSON, FACE), shot(1, "01", PERSON, FACE * 2), shot(2, "ff", (), FACE)
    burst = NEED.burst(alone.capture)
    assert outcomes([alone, like, faint], NEED) == [
        Outcome(burst, {}),  # paid for in full: the person asked for faces
        Outcome(burst, {"labels": False, "faces": True, "text": False}),  # shown with one face, and it has two
        Outcome(burst, {"faces": True}),  # no label asked for its face
    ]


def test_what_the_rules_miss_is_what_all_but_the_slice_miss():
    shots = [shot(number, "00" if number % 2 else "f0", (), FACE if number % 9 == 0 else ()) for number in range(600)]
    drawn = trial("faces", outcomes(shots, NEED), NEED, "salt-1")
    assert isinstance(drawn.estimate, Interval)
    assert 30 <= drawn.truth <= 60
    assert drawn.is_inside


def test_a_table_is_printed_for_each_feature(capsys):
    shots = [shot(number, "00" if number % 2 else "f0", (), FACE if number % 9 == 0 else ()) for number in range(120)]
    run("small", shots, NEED, 3)
    printed = capsys.readouterr().out
    assert "small: 120 frames in 20 bursts" in printed
    assert "faces: 3 of 3 intervals contain the truth" in printed


@pytest.mark.parametrize(("inside", "width", "is_met"), [(18, 15, True), (17, 15, False), (18, 16, False)])
def test_the_goals_are_eighteen_of_twenty_and_half_as_wide_again(inside, width, is_met):
    trials = [
        Trial(str(salt), 5, Interval(0, 1, width), width if salt < inside else width + 1, Interval(0, 1, 10))
        for salt in range(20)
    ]
    assert is_met is judge("faces", trials)


def test_each_world_is_tried_with_each_number_of_bursts():
    held = list(hold(1))
    assert [(world, bursts) for bursts in BURSTS for world in WORLDS] == [(each.world, each.bursts) for each in held]
    assert all(each.inside in {0, 1} and each.ratio > 0 for each in held)
