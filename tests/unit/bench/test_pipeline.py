"""The parts of the pipeline's benchmark: distinct pictures, their answers, and costs that add up."""

import hashlib
import json

from bench.pipeline_costs import Costs
from bench.pipeline_environment import default_plan
from bench.pipeline_pictures import ANSWERS, make_pictures, remember
from dev.rekognition.answers import Answers, name_of
from dev.rekognition.operations.wire import MODEL_VERSION
from sightline.rekognition.features import feature_named
from sightline.rekognition.preflight import inspect_picture


def test_every_picture_has_bytes_of_its_own_and_can_be_analysed():
    pictures = [*make_pictures("a", 3), *make_pictures("b", 3)]
    assert 6 == len({hashlib.sha256(each.data).hexdigest() for each in pictures})
    assert 6 == len({each.uri for each in pictures})
    for each in pictures:
        inspect_picture(str(each.uri), each.data)


def test_the_answer_to_every_request_of_the_plan_is_remembered(tmp_path):
    picture, file = make_pictures("a", 1)[0], tmp_path / "answers.jsonl"
    remember(file, [picture], default_plan())
    kept = dict(json.loads(line) for line in file.read_text().splitlines())
    digest = hashlib.sha256(picture.data).hexdigest()
    for name, parameters in default_plan().features.items():
        operation = feature_named(name).operation
        request = json.loads(json.dumps({"Image": {}, **parameters}))
        assert ANSWERS[operation] == kept[name_of(digest, operation, request, MODEL_VERSION)]
    assert Answers(file)._kept == kept


def test_the_answers_are_read_as_those_of_aws_are():
    found = {}
    for name, parameters in default_plan().features.items():
        feature = feature_named(name)
        found[name] = len(feature.finding(feature.parse(ANSWERS[feature.operation], parameters)))
    assert {"labels": 12, "faces": 1, "text": 3} == found


def test_costs_are_what_was_added_since():
    before = Costs({"tasks": {"a": 2, "b": 1}})
    after = Costs({"tasks": {"a": 5, "b": 1, "c": 4}})
    assert {"tasks": {"a": 3, "c": 4}} == after.since(before).kinds
