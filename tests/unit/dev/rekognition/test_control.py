import pytest

from dev.rekognition.control import change, state
from tests.unit.dev.rekognition.direct import endpoint

NO_JOBS = {"jobs": {"at_once": 20, "seconds": 0.0, "running": 0}}


def test_quotas_latency_and_faults_change_while_it_runs(tmp_path):
    server = endpoint(tmp_path, rates={"DetectLabels": 50, "DetectText": 50})
    fault = {"operation": "DetectFaces", "next": 3, "answer": "cut"}
    change(server, {"quotas": {"DetectLabels": 20, "DetectText": None}, "latency_ms": 100, "faults": [fault]})
    assert (
        state(server)
        == {"quotas": {"DetectLabels": 20.0}, "latency_ms": 100.0, "faults_left": {"DetectFaces": 3}} | NO_JOBS
    )


def test_every_quota_can_be_lifted_and_the_script_forgotten(tmp_path):
    server = endpoint(tmp_path, rates={"DetectLabels": 50})
    change(server, {"faults": [{"operation": "DetectText", "answer": "hang"}]})
    change(server, {"quotas": None, "clear_faults": True})
    assert state(server) == {"quotas": {}, "latency_ms": 0.0, "faults_left": {}} | NO_JOBS


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"quota": {}}, "quota: not known here"),
        ({"quotas": {"DetectLabels": -1}}, "quota of DetectLabels -1: must be a number, 0 or more"),
        ({"quotas": [50]}, "must be an object"),
        ({"latency_ms": "long"}, "latency_ms 'long': must be a number"),
        ({"faults": [{"operation": "DetectText", "answer": "explode"}]}, "`answer` must be one of AccessDenied"),
        ({"faults": [{"operation": "DetectText", "answer": "slow"}]}, "`seconds` must be a number, above 0"),
        ({"faults": [{"operation": "DetectText", "answer": "cut", "next": 0}]}, "`next` must be a count"),
        ({"faults": [{"answer": "cut"}]}, "`operation` must name one"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(tmp_path, wanted, complaint):
    server = endpoint(tmp_path, rates={"DetectLabels": 50})
    before = state(server)
    with pytest.raises(ValueError, match=complaint.replace("(", "\\(")):
        change(server, {"latency_ms": 5, **wanted})
    assert state(server) == before


def test_what_happens_to_jobs_on_videos_can_be_set(tmp_path):
    server = endpoint(tmp_path)
    late = {"operation": "notify", "answer": "late", "seconds": 3}
    change(server, {"jobs_at_once": 3, "job_seconds": 1.5, "faults": [late, {"operation": "run", "answer": "fail"}]})
    assert {"at_once": 3, "seconds": 1.5, "running": 0} == state(server)["jobs"]
    assert {"notify": 1, "run": 1} == state(server)["faults_left"]
    with pytest.raises(ValueError, match="must be one of double, late, lose"):
        change(server, {"faults": [{"operation": "notify", "answer": "cut"}]})
