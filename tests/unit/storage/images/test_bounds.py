from hypothesis import given
from hypothesis import strategies as st

from sightline.models.images import FeatureResult, Rejection, ResultStatus
from sightline.storage.dynamodb.items import to_value
from sightline.storage.images.bounds import MAX_FINDING_BYTES, fit_result
from sightline.storage.images.encoding import encode_result

NAMES = st.text(st.characters(codec="utf-8"), max_size=40)
FINDINGS = st.lists(st.tuples(NAMES, st.floats(0, 100).map(lambda each: round(each, 4)))).map(tuple)


def answered(*finding: tuple[str, float]) -> FeatureResult:
    return FeatureResult("id", ResultStatus.ANSWERED, finding)


def size_of(low_level) -> int:
    """Count as DynamoDB does: text in UTF-8, numbers by two digits a byte, 3 bytes a list and 1 an entry."""
    [(kind, value)] = low_level.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value.replace(".", "")) // 2 + 2
        case "L":
            return 3 + sum(1 + size_of(each) for each in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in value.items())
        case _:
            return 1


@given(FINDINGS)
def test_what_fits_stays_as_it_is(finding):
    assert answered(*finding) == fit_result(answered(*finding))


@given(st.lists(st.tuples(st.integers(1, 3000), st.floats(0, 100)), min_size=30, max_size=60))
def test_what_does_not_fit_leaves_its_least_confident_and_counts_them(lines):
    finding = tuple(("é" * length, round(confidence, 4)) for length, confidence in lines)
    part = fit_result(answered(*finding))
    assert len(finding) == len(part.finding) + part.left_out
    assert size_of(to_value(encode_result(part))) <= MAX_FINDING_BYTES + 200
    remaining = iter(finding)
    assert all(each in remaining for each in part.finding)
    if part.left_out:
        assert max(finding, key=lambda each: each[1])[1] == max(each[1] for each in part.finding)


def test_a_part_that_was_fitted_fits():
    once = fit_result(answered(*((f"{number} " + "x" * 1000, 50.0) for number in range(100))))
    assert once.left_out > 0
    assert once == fit_result(once)


def test_the_whole_of_a_row_fits_with_a_dozen_features_at_their_limit():
    part = fit_result(answered(*((f"{number}" + "x" * 100, 50.0) for number in range(1000))))
    assert 12 * size_of(to_value(encode_result(part))) < 390_000


def test_a_rejected_part_keeps_a_message_that_fits():
    part = FeatureResult("id", ResultStatus.REJECTED, rejection=Rejection("InvalidParameter", "m" * 5000))
    assert len(fit_result(part).rejection.message) == 4000
