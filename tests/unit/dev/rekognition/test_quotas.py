import pytest

from dev.rekognition.quotas import Quotas
from dev.rekognition.refusals import Refusal


def admitted(quotas, calls, operation="DetectLabels"):
    count = 0
    for _ in range(calls):
        try:
            quotas.admit(operation)
        except Refusal:
            continue
        count += 1
    return count


def test_a_full_bucket_holds_one_second_of_calls():
    assert admitted(Quotas({"DetectLabels": 20}, lambda: 0.0), 100) == 20


def test_a_bucket_fills_at_its_rate_and_never_above_one_second():
    now = [0.0]
    quotas = Quotas({"DetectLabels": 20}, lambda: now[0])
    counts = []
    for now[0] in (0.0, 0.5, 1.0, 60.0):
        counts.append(admitted(quotas, 100))
    assert counts == [20, 10, 10, 20]


def test_each_operation_has_its_own_quota_and_some_have_none():
    quotas = Quotas({"DetectLabels": 1, "DetectText": 2}, lambda: 0.0)
    assert [admitted(quotas, 9, name) for name in ("DetectLabels", "DetectText", "DetectFaces")] == [1, 2, 9]


def test_a_changed_quota_holds_from_the_next_call():
    quotas = Quotas({"DetectLabels": 50}, lambda: 0.0)
    quotas.change({"DetectLabels": 5})
    assert admitted(quotas, 100) == 5


def test_a_quota_below_one_a_second_still_admits_a_call():
    assert admitted(Quotas({"DetectLabels": 0.5}, lambda: 0.0), 9) == 1


def test_an_excess_is_refused_as_provisioned_throughput():
    quotas = Quotas({"DetectLabels": 1}, lambda: 0.0)
    quotas.admit("DetectLabels")
    with pytest.raises(Refusal) as refused:
        quotas.admit("DetectLabels")
    assert refused.value.code == "ProvisionedThroughputExceededException"
