import json

from hypothesis import given
from hypothesis import strategies as st

from sightline.models.answers import Answer, Box, Detection
from sightline.storage.dynamodb.items import from_item, to_item
from sightline.storage.ledger.answers import from_plain, rounded, to_plain

percents = st.floats(0, 100)
fractions = st.floats(-1, 2)
texts = st.text(st.characters(exclude_categories=["Cs"]))
attribute_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | percents | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4),
    max_leaves=10,
)
detections = st.builds(
    Detection,
    name=texts,
    confidence=percents,
    box=st.none() | st.builds(Box, fractions, fractions, fractions, fractions),
    attributes=st.dictionaries(texts.filter(bool), attribute_values, max_size=4),
)
answers = st.builds(
    Answer,
    detections=st.lists(detections, max_size=5).map(tuple),
    model_version=texts,
    cut_percent=st.none() | percents,
    is_truncated=st.booleans(),
)


@given(answers)
def test_an_answer_comes_back_from_a_row_as_it_comes_back_from_an_object(answer: Answer) -> None:
    expected = rounded(answer)

    assert expected == from_plain(from_item(to_item(to_plain(answer))))
    assert expected == from_plain(json.loads(json.dumps(to_plain(answer))))


@given(answers)
def test_what_was_kept_once_is_kept_again_unchanged(answer: Answer) -> None:
    assert rounded(answer) == rounded(rounded(answer))


@given(answers)
def test_nothing_but_the_fifth_place_is_lost(answer: Answer) -> None:
    kept = rounded(answer)

    assert [each.name for each in answer.detections] == [each.name for each in kept.detections]
    for given_one, kept_one in zip(answer.detections, kept.detections, strict=True):
        assert abs(given_one.confidence - kept_one.confidence) <= 0.00005 + 1e-9
        assert (given_one.box is None) is (kept_one.box is None)
    assert (answer.model_version, answer.is_truncated) == (kept.model_version, kept.is_truncated)
