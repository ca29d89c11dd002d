"""What `sightline reanalyse` says and asks before it pays."""

import json

import pytest

from sightline.cli.factory import Factory
from sightline.cli.paying import UNPAID
from tests.unit.services.rollups.yard import LAST_DAY, Yard

UNKNOWN = ("reanalyse", "--unknown", "--day", LAST_DAY)


@pytest.fixture
def yard() -> Yard:
    """Add two images: one that shows a person, and one whose answer was cut off above the threshold."""
    yard = Yard()
    yard.image(1, {"Person": 90.0})
    yard.image(2, {"Plant": 95.0}, cut_percent=80.0)
    return yard


@pytest.fixture
def factory(yard, settings) -> Factory:
    return Factory(settings, yard.services, send=yard.send, has_terminal=True)


def test_the_price_is_said_first_and_without_a_yes_nothing_is_asked(run, yard):
    result = run(*UNKNOWN, given="n\n")
    assert UNPAID == result.exit_code
    assert ["calls,", "labels", "1"] in [line.split() for line in result.stderr.splitlines()]
    assert "0.0010" in result.stderr
    assert [] == list(yard.sent)


def test_after_a_yes_the_unknown_image_is_asked_again_and_no_other(run, yard):
    assert "1 images sent for analysis" in run(*UNKNOWN, given="y\n").stdout
    assert [("detect_feature", "s3://frames/yard/2044-05-16/2.jpg")] == [(s.task, s.args[0]) for s in yard.sent]


def test_a_script_pays_without_being_asked_and_gets_figures(run):
    first, second = (json.loads(run(*UNKNOWN, "--yes", "--json").stdout) for _ in range(2))
    assert {"images": 1, "analyses": 1, "usd": 0.001, "sent": 1} == first
    assert 0 == second["sent"]


def test_the_newest_day_is_taken_where_none_is_named(run):
    assert 1 == json.loads(run("reanalyse", "--unknown", "--yes", "--json").stdout)["sent"]
    assert "there must be analysed images" in run("reanalyse", "--unknown", "--camera", "gate").stderr


def test_a_camera_that_can_only_mean_one_is_taken_for_that_one(run):
    assert 1 == json.loads(run(*UNKNOWN, "--camera", "yard/", "--yes", "--json").stdout)["sent"]
    assert "the nearest name is yard" in run(*UNKNOWN, "--camera", "yrad").stderr
