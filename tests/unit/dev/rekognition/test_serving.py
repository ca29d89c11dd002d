from datetime import timedelta

import pytest

from dev.rekognition.options import read_options
from dev.rekognition.serving import build_endpoint

OF_FACES = {"IndexFaces": 50.0, "SearchFacesByImage": 50.0}


def built(tmp_path, *arguments):
    log = ("--calls-log", str(tmp_path / "calls.jsonl"))
    endpoint = build_endpoint(read_options(["--port", "8700", "--s3-endpoint", "http://127.0.0.1:9", *log, *arguments]))
    endpoint.sight.close()
    endpoint.log.close()
    return endpoint


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {**OF_FACES, "CompareFaces": 100.0, "DetectFaces": 100.0, "DetectLabels": 50.0, "DetectText": 50.0}),
        (
            ("--region", "eu-central-1"),
            {
                **dict.fromkeys(OF_FACES, 5.0),
                "CompareFaces": 25.0,
                "DetectFaces": 25.0,
                "DetectLabels": 5.0,
                "DetectText": 5.0,
            },
        ),
        (
            ("--quotas", '{"DetectLabels": 20, "DetectText": null}'),
            {**OF_FACES, "CompareFaces": 100.0, "DetectFaces": 100.0, "DetectLabels": 20.0},
        ),
        (("--lift-quotas", "--quotas", '{"DetectText": 7}'), {"DetectText": 7.0}),
    ],
)
def test_quotas_are_those_of_the_region_under_those_of_the_command_line(tmp_path, arguments, expected):
    assert built(tmp_path, *arguments).quotas.rates == expected


def test_the_log_is_stamped_in_utc_and_latency_is_in_seconds(tmp_path):
    endpoint = built(tmp_path, "--latency-ms", "100")
    assert (endpoint.latency_seconds, endpoint.clock().utcoffset()) == (0.1, timedelta(0))


def test_the_detector_that_is_asked_for_is_used_or_the_reason_is_told(tmp_path):
    found = built(tmp_path, "--detector", "objects").sight.detector
    assert found.name == "objects" or "dev/install.sh" in found.because
