import pytest

from sightline.errors import ConfigurationError
from sightline.rekognition.features import all_features, feature_named
from sightline.rekognition.quotas import default_quota

FEATURES = sorted(all_features())


@pytest.mark.parametrize(
    ("operation", "region", "expected"),
    [
        ("DetectLabels", "us-east-1", 50.0),
        ("DetectText", "eu-west-1", 50.0),
        ("DetectModerationLabels", "us-west-2", 50.0),
        ("RecognizeCelebrities", "eu-central-1", 5.0),
        ("DetectFaces", "us-east-1", 100.0),
        ("CompareFaces", "ap-south-1", 25.0),
        ("IndexFaces", "eu-west-1", 50.0),
        ("SearchFacesByImage", "eu-central-1", 5.0),
        ("DetectProtectiveEquipment", "us-east-1", 5.0),
    ],
)
def test_an_operation_has_its_quota_by_region(operation, region, expected):
    assert expected == default_quota(operation, region)


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_has_a_quota_everywhere(name):
    assert default_quota(feature_named(name).operation, "mars-north-1") >= 5


def test_what_has_no_quota_says_where_to_add_it():
    with pytest.raises(ConfigurationError, match=r"^DetectSmells: .*sightline/rekognition/quotas\.toml"):
        default_quota("DetectSmells", "us-east-1")
