import pytest

from sightline.rekognition.features import all_features, feature_named
from tests.unit.rekognition.recorded import FOLDER, differences, recorded, service_model

FEATURES = sorted(all_features())


def test_every_feature_has_a_recorded_response_and_no_other_has_but_comparing():
    assert sorted([*FEATURES, "compare_faces"]) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", FEATURES)
def test_a_recorded_response_has_the_shape_that_aws_declares(name):
    operation = service_model("rekognition").operation_model(feature_named(name).operation)
    assert list(differences(recorded(name), operation.output_shape)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_asks_only_for_what_its_operation_takes(name):
    feature = feature_named(name)
    shape = service_model("rekognition").operation_model(feature.operation).input_shape
    assert list(differences(dict(feature.parameters), shape)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"Lables": []}, "answer.Lables is unknown"),
        ({"Labels": {}}, "answer.Labels is no list"),
        ({"Labels": [{"Confidence": "high"}]}, "answer.Labels[0].Confidence is no float"),
        ({"Labels": [{"Confidence": True}]}, "answer.Labels[0].Confidence is no float"),
        ({"Labels": [{"Confidence": 100.5}]}, "answer.Labels[0].Confidence is not between 0 and 100"),
        ({"Labels": [{"Instances": [[]]}]}, "answer.Labels[0].Instances[0] is no structure"),
        ({"OrientationCorrection": "ROTATE_45"}, "answer.OrientationCorrection is none of"),
    ],
)
def test_the_walk_notices_what_aws_does_not_declare(change, found):
    shape = service_model("rekognition").operation_model("DetectLabels").output_shape
    assert [each.startswith(found) for each in differences(recorded("labels") | change, shape)] == [True]  # type: ignore[arg-type]
