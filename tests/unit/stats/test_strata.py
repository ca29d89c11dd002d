import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.stats.strata import StrataRule, Stratum

RULE = StrataRule("Person", threshold_percent=50, low_percent=20, related_labels=frozenset({"Human", "Pedestrian"}))
ANSWERS = st.dictionaries(st.sampled_from(["Person", "Human", "Tree"]), st.floats(0, 100))
CUTS = st.none() | st.floats(0, 100)


@pytest.mark.parametrize(
    ("found", "cut", "expected"),
    [
        ({"Person": 50.0}, None, Stratum.A),
        ({"Person": 49.9}, None, Stratum.B),
        ({"Person": 20.0}, None, Stratum.B),
        ({"Person": 19.9}, None, Stratum.C),
        ({"Person": 5.0, "Human": 5.0}, None, Stratum.B),
        ({"Human": 90.0}, 50.0, Stratum.B),
        ({"Tree": 90.0}, 50.0, Stratum.C),
        ({}, None, Stratum.C),
        ({"Human": 90.0}, 50.1, Stratum.D),
        ({"Person": 90.0}, 80.0, Stratum.A),
    ],
)
def test_an_image_is_sorted_by_confidence_kin_and_cut(found, cut, expected):
    assert expected == RULE.stratum_of(found, cut)


@given(ANSWERS.filter(lambda found: "Person" not in found), st.floats(0, 100))
def test_an_absent_label_is_negative_above_the_cut_and_unknown_below_it(found, cut):
    stratum = RULE.stratum_of(found, cut)
    assert (cut > RULE.threshold_percent) == (stratum is Stratum.D)
    assert (cut <= RULE.threshold_percent) == (stratum in {Stratum.B, Stratum.C})


@given(ANSWERS, CUTS)
def test_the_strata_call_positive_exactly_what_reaches_the_threshold(found, cut):
    assert (found.get("Person", -1) >= 50) == (RULE.stratum_of(found, cut) is Stratum.A)


@pytest.mark.parametrize(("low", "high"), [(60, 50), (-1, 50), (20, 101)])
def test_thresholds_out_of_order_are_refused_by_name(low, high):
    with pytest.raises(ValueError, match="Person: 0 ≤ low ≤ high ≤ 100"):
        StrataRule("Person", high, low)
