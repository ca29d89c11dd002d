"""What SIGHTLINE_BUDGET says."""

import pytest

from sightline.models.budgets import MICRO, Cap, Period
from sightline.models.images import Lane
from sightline.services.caps import parse_caps

FEATURES = ("faces", "labels")


def test_caps_are_read():
    phrases = ["10 USD/day", "200USD / month", "backfill 2.5 USD/day", "labels live 0.000001 USD/month"]
    expected = (
        Cap(Period.DAY, 10 * MICRO),
        Cap(Period.MONTH, 200 * MICRO),
        Cap(Period.DAY, 2_500_000, lane=Lane.BACKFILL),
        Cap(Period.MONTH, 1, "labels", Lane.LIVE),
    )
    assert expected == parse_caps(phrases, FEATURES)
    assert expected == parse_caps([str(cap).removeprefix("all ") for cap in expected], FEATURES)


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("10 EUR/day", "is in EUR: AWS bills in US dollars"),
        ("10 usd/day", "is in usd"),
        ("0 USD/day", "a cap is above 0"),
        ("0.00 USD/day", "a cap is above 0"),
        ("-5 USD/month", "a cap is above 0"),
        ("10 USD/week", "for a day or a month"),
        ("10 USD", "is no cap: write"),
        ("10/day", "is no cap: write"),
        ("1.0000001 USD/day", "at most 6 places"),
        ("cats 1 USD/day", "'cats' is no feature and no lane; there are the features faces, labels and the lanes live"),
        ("labels faces 1 USD/day", "at most one feature and one lane"),
        ("nan USD/day", "is no cap: write"),
        ("1e3 USD/day", "is no feature and no lane"),
        ("", "is no cap: write"),
    ],
)
def test_a_cap_that_cannot_hold_is_refused_with_the_rule(phrase, said):
    with pytest.raises(ValueError, match=said):
        parse_caps([phrase], FEATURES)


def test_one_limit_cannot_be_given_twice():
    with pytest.raises(ValueError, match="two caps for labels by day"):
        parse_caps(["labels 1 USD/day", "labels 2 USD/day", "labels 2 USD/month"], FEATURES)
