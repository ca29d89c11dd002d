"""The AWS rights that we tell people to give: what the code calls, and not more."""

import json
from pathlib import Path

import pytest

from vision.features import all_features

POLICIES = sorted((Path(__file__).parents[3] / "deploy" / "iam").glob("*.json"))


def statements(name):
    file = next(path for path in POLICIES if path.stem == name)
    return json.loads(file.read_text())["Statement"]


def actions(name, service):
    return {action for each in statements(name) for action in each["Action"] if action.startswith(service)}


@pytest.mark.parametrize("policy", [path.stem for path in POLICIES])
def test_each_action_is_named_and_only_rekognition_has_no_resource(policy):
    for each in statements(policy):
        assert [] == [action for action in each["Action"] if "*" in action]
        assert ("*" in each["Resource"]) == (each["Sid"] == "AskRekognition")
        assert "Condition" in each or "*" not in each["Resource"]


def test_workers_may_ask_for_every_declared_feature_and_for_nothing_else():
    assert {f"rekognition:{each.operation}" for each in all_features().values()} == actions("workers", "rekognition")


@pytest.mark.parametrize("policy", ["producers", "reviewers", "setup"])
def test_nobody_else_may_pay(policy):
    assert set() == actions(policy, "rekognition")


@pytest.mark.parametrize("policy", [path.stem for path in POLICIES])
def test_nobody_may_delete_an_image_or_its_row(policy):
    deleting = [each for each in statements(policy) if any("Delete" in action for action in each["Action"])]
    assert {"ForgetMarks", "TryConditions"} >= {each["Sid"] for each in deleting}
