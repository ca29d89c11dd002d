import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.rekognition.analysis import analysis_id

CONTENT = "ab" * 32
PARAMETERS = {"MaxLabels": 200, "MinConfidence": 30, "Features": ["GENERAL_LABELS"]}
JSON = st.recursive(
    st.integers() | st.booleans() | st.text("aä\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_the_same_question_about_the_same_bytes_has_the_same_name_for_ever():
    expected = "c97e838bc921ba83e27935e934dfef78df2e63b2192764a6c570205a9e5e2d67"
    assert expected == analysis_id(CONTENT, "labels", PARAMETERS, "1")


@given(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=4))
def test_the_order_of_the_parameters_does_not_matter(parameters):
    turned = dict(reversed(parameters.items()))
    assert analysis_id(CONTENT, "labels", parameters, "1") == analysis_id(CONTENT, "labels", turned, "1")


@pytest.mark.parametrize(
    "other",
    [
        ("cd" * 32, "labels", PARAMETERS, "1"),
        (CONTENT, "faces", PARAMETERS, "1"),
        (CONTENT, "labels", PARAMETERS | {"MinConfidence": 31}, "1"),
        (CONTENT, "labels", PARAMETERS | {"Features": []}, "1"),
        (CONTENT, "labels", PARAMETERS, "2"),
    ],
)
def test_another_question_has_another_name(other):
    assert analysis_id(CONTENT, "labels", PARAMETERS, "1") != analysis_id(*other)
