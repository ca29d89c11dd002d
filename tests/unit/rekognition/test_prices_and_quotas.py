from datetime import date

import pytest

from sightline.errors import ConfigurationError
from sightline.models.answers import Answer
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.prices import price_list, price_micro_usd
from sightline.rekognition.quotas import default_quota

FEATURES = sorted(all_features())
UNHEARD_OF = Feature("smells", "DetectSmells", "smells", parse=lambda _, __: Answer((), ""))


@pytest.mark.parametrize(
    ("name", "expected"), [(name, 750 if name == "image_properties" else 1000) for name in FEATURES]
)
def test_a_feature_has_its_price(name, expected):
    assert expected == price_micro_usd(feature_named(name))


def test_a_request_for_labels_and_image_properties_pays_for_both():
    asked = {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}
    assert 1750 == price_micro_usd(feature_named("labels"), asked)


def test_a_request_that_names_no_feature_pays_for_labels():
    assert [1000, 1000] == [price_micro_usd(feature_named("labels"), asked) for asked in ({}, {"Features": []})]  # type: ignore[var-annotated]


def test_the_price_list_says_where_and_when_it_was_read():
    prices = price_list()
    assert ("https://aws.amazon.com/rekognition/pricing/", "us-east-1") == (prices.source, prices.region)
    assert isinstance(prices.as_of, date)


@pytest.mark.parametrize(
    ("operation", "region", "expected"),
    [
        ("DetectLabels", "us-east-1", 50.0),
        ("DetectText", "eu-west-1", 50.0),
        ("DetectModerationLabels", "us-west-2", 50.0),
        ("RecognizeCelebrities", "eu-central-1", 5.0),
        ("DetectFaces", "us-east-1", 100.0),
        ("CompareFaces", "ap-south-1", 25.0),
        ("DetectProtectiveEquipment", "us-east-1", 5.0),
    ],
)
def test_an_operation_has_its_quota_by_region(operation, region, expected):
    assert expected == default_quota(operation, region)


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_has_a_quota_everywhere(name):
    assert default_quota(feature_named(name).operation, "mars-north-1") >= 5


def test_what_has_no_price_or_quota_says_where_to_add_it():
    with pytest.raises(ConfigurationError, match=r'^DetectSmells: .*"DetectSmells" = .*rekognition/prices\.toml'):
        price_micro_usd(UNHEARD_OF)
    with pytest.raises(ConfigurationError, match=r"^DetectSmells: .*sightline/rekognition/quotas\.toml"):
        default_quota("DetectSmells", "us-east-1")
