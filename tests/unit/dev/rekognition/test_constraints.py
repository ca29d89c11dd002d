import pytest

from dev.rekognition.constraints import check_request
from dev.rekognition.refusals import Refusal

IMAGE = {"S3Object": {"Bucket": "images", "Name": "a.jpg"}}


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({}, "Value null at 'image' failed to satisfy constraint: Member must not be null"),
        ({"Image": IMAGE, "MinConfidence": 101}, "'101' at 'minConfidence'.* less than or equal to 100"),
        ({"Image": IMAGE, "MaxLabels": -1}, "'-1' at 'maxLabels'.* greater than or equal to 0"),
        ({"Image": IMAGE, "MaxLabels": True}, "'maxLabels'.* must be a integer"),
        ({"Image": IMAGE, "Features": ["COLOURS"]}, "'features.1.member'.* must satisfy enum value set"),
        ({"Image": {"S3Object": {"Bucket": "a b c"}}}, "'image.s3Object.bucket'.* regular expression pattern"),
        ({"Image": {"S3Object": {"Name": "x" * 1025}}}, "must have length less than or equal to 1024"),
        ({"Image": "picture"}, "'image'.* must be a structure"),
        ([], "'request'.* must be a structure"),
        ({"MinConfidence": 101}, "2 validation errors detected"),
    ],
)
def test_what_breaks_the_model_is_named_as_aws_names_it(request_, complaint):
    with pytest.raises(Refusal, match=complaint) as refused:
        check_request("DetectLabels", request_)
    assert refused.value.code == "ValidationException"


def test_a_good_request_passes():
    filters = {"GeneralLabels": {"LabelInclusionFilters": ["Person"]}}
    check_request("DetectLabels", {"Image": IMAGE, "MinConfidence": 30.5, "MaxLabels": 200, "Settings": filters})
