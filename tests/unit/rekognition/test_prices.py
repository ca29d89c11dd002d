from datetime import date
from typing import Any

import pytest

from sightline.errors import ConfigurationError
from sightline.models.answers import Answer
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.prices import FACE_STORAGE, Prices, read_prices

FEATURES = sorted(all_features())
US = read_prices("us-east-1")
GROUP_1 = {"CompareFaces", "IndexFaces", "SearchFaces", "SearchFacesByImage"}
GROUP_2 = {
    "DetectLabels.GENERAL_LABELS",
    "DetectFaces",
    "DetectText",
    "DetectModerationLabels",
    "RecognizeCelebrities",
    "DetectProtectiveEquipment",
}


def _feature(operation: str, **parameters: Any) -> Feature:
    return Feature("smells", operation, "smells", parse=lambda _, __: Answer((), ""), parameters=parameters)


@pytest.mark.parametrize(
    ("name", "expected"), [(name, 750 if name == "image_properties" else 1000) for name in FEATURES]
)
def test_a_feature_has_its_price(name, expected):
    assert expected == US.of_call(feature_named(name))


def test_operations_are_in_their_groups():
    assert GROUP_1 == {name for name, meter in US.meter_of.items() if meter == "group_1"}
    assert GROUP_2 == {name for name, meter in US.meter_of.items() if meter == "group_2"}


def test_a_request_for_labels_and_image_properties_counts_on_both_meters():
    asked: dict[str, Any] = {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}
    assert ["group_2", "image_properties"] == US.meters_of(feature_named("labels"), asked)
    assert 1750 == US.of_call(feature_named("labels"), asked)


def test_a_request_that_names_no_feature_pays_for_labels():
    for asked in ({}, {"Features": []}):  # type: ignore[var-annotated]
        assert ["group_2"] == US.meters_of(feature_named("labels"), asked)


@pytest.mark.parametrize("group", ["group_1", "group_2"])
@pytest.mark.parametrize(
    ("units", "before", "usd"),
    [
        (0, 0, 0),
        (1_000_000, 0, 1000),
        (1_000_001, 0, 1000.0008),
        (2_500_000, 0, 1000 + 1200),
        (10, 999_995, 0.005 + 0.004),
        (1_000_000, 4_500_000, 400 + 300),
        (35_000_000, 0, 1000 + 3200 + 18_000),
        (1, 34_999_999, 0.0006),
    ],
)
def test_a_month_is_paid_by_tier(group, units, before, usd):
    assert round(usd * 1e6) == US.of_units(group, units, before)


def test_image_properties_have_their_own_tiers():
    assert 1_350_000_000 == US.of_units("image_properties", 2_000_000)


def test_what_is_paid_at_once_is_what_is_paid_in_parts():
    parts = [US.of_units("group_2", 700_000, before) for before in range(0, 7_000_000, 700_000)]
    assert US.of_units("group_2", 7_000_000) == sum(parts)


def test_no_tier_is_guessed():
    with pytest.raises(ConfigurationError, match=r"^group_2 above 35,000,000 a month: .*\[regions\.us-east-1\.group_2"):
        US.of_units("group_2", 1, before=35_000_000)


def test_no_region_is_guessed():
    with pytest.raises(ConfigurationError, match=r"^group_2 in mars-north-1: .*\[regions\.mars-north-1\.group_2\]"):
        read_prices("mars-north-1").of_call(feature_named("text"))


def test_what_has_no_meter_says_which_line_to_add():
    with pytest.raises(ConfigurationError, match=r'^DetectSmells: .*"DetectSmells" = .*SIGHTLINE_PRICES'):
        US.of_call(_feature("DetectSmells"))


def test_a_video_is_paid_by_the_minute_and_faces_by_the_month():
    assert 1_000_000 == US.of_units("video", 10)
    assert 2_500 == US.of_units(FACE_STORAGE, 250)


@pytest.mark.parametrize("operation", ["StartSegmentDetection", "StartTextDetection", "StartCelebrityRecognition"])
def test_video_without_a_sourced_price_is_refused(operation):
    with pytest.raises(ConfigurationError, match=operation):
        US.of_call(_feature(operation))


def test_free_units_come_first_and_belong_to_no_tier():
    free = read_prices("us-east-1", free={"group_2": 1000})
    assert [0, 0, 1000, 1000] == [free.of_month("group_2", 1, before) for before in (0, 999, 1000, 1_000_999)]
    assert 800 == free.of_month("group_2", 1, 1_001_000)
    assert 0 == free.of_month("group_2", 1000)
    assert 1_000_000_000 == free.of_month("group_2", 1_001_000)


def test_free_units_are_free_on_their_meter_alone():
    free = read_prices("us-east-1", free={"group_2": 1000})
    assert 750 == free.of_month("image_properties", 1)


def test_each_figure_says_where_and_when_it_was_read():
    assert {"group_1", "group_2", "image_properties", "video", FACE_STORAGE} == set(US.meters)
    for meter in US.meters.values():
        assert meter.source.startswith("https://")
        assert date(2026, 1, 1) < meter.as_of < date(2026, 12, 1)
    assert date(2026, 3, 2) == US.as_of


OWN = """
[regions.eu-west-1.group_2]
unit = "image"
tiers = [{ micro_usd = 1100 }]
source = "our contract"
as_of = 2026-11-01
[meters]
DetectSmells = "group_2"
"""


def _own(tmp_path: Any, text: str, region: str = "eu-west-1") -> Prices:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return read_prices(region, str(path))


def test_a_file_of_ones_own_adds_regions_and_operations(tmp_path):
    own = _own(tmp_path, OWN)
    assert 1100 == own.of_call(feature_named("text"))
    assert 1100 * 50_000_000 == own.of_units("group_2", 50_000_000)
    assert 1100 == own.of_call(_feature("DetectSmells"))


def test_a_file_of_ones_own_replaces_a_meter_and_leaves_the_others(tmp_path):
    own = _own(tmp_path, OWN.replace("eu-west-1", "us-east-1"), "us-east-1")
    assert [1100, 750] == [own.of_units(meter, 1) for meter in ("group_2", "image_properties")]


@pytest.mark.parametrize(
    "text",
    [
        "[",
        OWN.replace("micro_usd = 1100", ""),
        OWN.replace("micro_usd = 1100", "micro_usd = -1"),
        OWN.replace("micro_usd = 1100", 'micro_usd = "a lot"'),
        OWN.replace("{ micro_usd = 1100 }", "{ micro_usd = 1100 }, { micro_usd = 900 }"),
        OWN.replace("{ micro_usd = 1100 }", ""),
        OWN.replace("as_of = 2026-11-01", 'as_of = "lately"'),
        OWN.replace('source = "our contract"', ""),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, text):
    with pytest.raises(ConfigurationError, match=r"prices\.toml.*a file of prices must be readable"):
        _own(tmp_path, text)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(ConfigurationError, match=r"/nowhere\.toml: a file of prices must be readable"):
        read_prices("us-east-1", "/nowhere.toml")


def test_a_free_tier_of_no_meter_is_refused():
    with pytest.raises(ConfigurationError, match=r"^group_3: the free tier is of a meter: .*group_1"):
        read_prices("us-east-1", free={"group_3": 1000})
