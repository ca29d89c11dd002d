import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import BadMessage
from sightline.models.images import State
from sightline.storage.dynamodb.items import from_item, from_value, instant, to_item, to_value

TEXT = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@given(st.dictionaries(TEXT, PLAIN))
def test_plain_values_come_back_as_they_were(item):
    expected = {name: value for name, value in item.items() if value is not None}
    assert expected == from_item(to_item(item))


@given(st.floats(-100, 100))
def test_a_float_comes_back_with_four_places(number):
    assert round(number, 4) == from_value(to_value(number))


@pytest.mark.parametrize(
    ("low_level", "value"),
    [
        ({"N": "99.1235"}, 99.123456),
        ({"N": "80.0"}, 80.0),
        ({"N": "0.0"}, 0.00001),
        ({"S": "received"}, State.RECEIVED),
        ({"S": "2024-05-01T12:00:00+02:00"}, datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))),
        ({"L": [{"L": [{"S": "Person"}, {"N": "99.5"}]}]}, (("Person", 99.5),)),
        ({"BOOL": True}, True),
        ({"M": {"a": {"NULL": True}}}, {"a": None}),
    ],
)
def test_each_value_has_one_low_level_form(low_level, value):
    assert low_level == to_value(value)


@pytest.mark.parametrize("value", ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}])
def test_text_that_is_not_unicode_is_refused_and_named(value):
    with pytest.raises(BadMessage, match=r"\\ud[8f].*lone surrogates"):
        to_value(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, math.nan, math.inf])
def test_a_value_without_a_form_is_refused(value):
    with pytest.raises((TypeError, ArithmeticError)):
        to_value(value)


@given(st.lists(st.datetimes(timezones=st.timezones())))
def test_the_order_of_written_instants_is_the_order_of_time(times):
    in_utc = [each.astimezone(UTC) for each in times if 2 < each.year < 9998]
    assert sorted(in_utc) == [datetime.fromisoformat(text) for text in sorted(map(instant, in_utc))]


@pytest.mark.parametrize("number", [10**38, 10**60, -(10**37), 5])
def test_a_number_of_at_most_38_digits_comes_back(number):
    assert number == from_value(to_value(number))


@pytest.mark.parametrize("number", [10**38 + 1, 123456789 * 10**31 + 7])
def test_a_number_of_more_digits_is_refused(number):
    with pytest.raises(OverflowError, match="38 digits"):
        to_value(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("30.0", 30),
        ("-30.0", -30),
        ("97.3462", 97.3462),
        ("-0.25", -0.25),
        ("1E+23", 10**23),
        ("99999999999999.5", 99999999999999.5),
        ("9999999999999999.0", 9_999_999_999_999_999),
        ("12345678901234567890.0", 12345678901234567890),
    ],
)
def test_a_number_is_whole_where_there_is_no_fraction_however_it_is_written(text, number):
    found = from_value({"N": text})
    assert (number, type(number)) == (found, type(found))


def test_a_kind_that_we_never_write_is_refused():
    with pytest.raises(TypeError, match="SS"):
        from_value({"SS": ["a"]})
