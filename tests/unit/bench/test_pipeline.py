"""The parts of the pipeline's benchmark: distinct pictures, their answers, and costs that add up."""

import hashlib
import json
import re
from typing import Any

import pytest

from bench.pipeline import BLOG, OURS, POOL, TURN_IMAGES, WITH_EVENTS, Bench, Run, plan_runs, report
from bench.pipeline_before import Cost, Unreadable, cpu_of_an_image
from bench.pipeline_before import report as report_before
from bench.pipeline_costs import CPU, REQUESTS, Costs
from bench.pipeline_environment import default_plan
from bench.pipeline_memory import report as memory_report
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


def costs(producer, rows, requests):
    return Costs(
        {
            CPU: {"producer": producer, "rows": rows, "dynamodb": 100.0},
            REQUESTS: {"dynamodb GetItem": requests, "s3 GetObject": 10.0},
        }
    )


def test_costs_of_all_rounds_add_up_by_name():
    both = costs(1.0, 2.0, 30.0).plus(Costs({CPU: {"rows": 1.0}, REQUESTS: {"s3 HeadObject": 5.0}}))
    assert {"producer": 1.0, "rows": 3.0, "dynamodb": 100.0} == both.kinds[CPU]
    assert 45.0 == both.requests


def test_the_cpu_of_an_image_is_the_producers_and_the_workers_and_not_the_servers():
    run = Run(images=10, seconds=1.0, costs=costs(1.0, 2.0, 190.0))
    assert (0.3, 20.0) == (run.cpu, run.requests)


def test_what_workers_use_while_their_counters_are_waited_for_does_not_count():
    at_the_end, later = costs(1.0, 2.0, 30.0), costs(1.5, 2.5, 31.0)
    settled = later.with_cpu_of(at_the_end)
    assert (3.0, 41.0) == (settled.own_cpu(["rows"]), settled.requests)


class Played:
    """An environment whose workers count a request late, and in which every image costs the same."""

    def __init__(self) -> None:
        self.cpu, self.own, self.late, self.counted, self.turns = 0.0, 0.0, 0.0, 0.0, list[int]()

    def blog(self) -> None:
        """Return nothing: no handler runs."""

    def send_events(self, *, on: bool) -> None:
        """Do nothing."""

    def costs_unasked(self) -> Costs:
        used = {"producer": self.cpu}
        return Costs({CPU: used, REQUESTS: {"own": self.own}, "tasks": {}, "Redis commands": {}})

    def costs(self) -> Costs:
        return Costs({**self.costs_unasked().kinds, REQUESTS: {"own": self.own, "counted late": self.counted}})

    def settled_costs(self) -> Costs:
        self.cpu += 99.0  # what workers use meanwhile
        self.counted = self.late
        return self.costs()


class PlayedBench(Bench):
    """Sightline takes 3 s and a request counted late for an image, the others 2 s and a request of their own."""

    _environment: Any

    def _by_workers(self, ids):
        self._environment.cpu += 3.0 * len(ids)
        self._environment.late += len(ids)
        self._environment.turns.append(len(ids))
        return 1.0

    def _without_workers(self, way, ids):  # noqa: ARG002 - as the benchmark's
        self._environment.cpu += 2.0 * len(ids)
        self._environment.own += len(ids)
        self._environment.turns.append(-len(ids))
        return 1.0


def test_ways_take_turns_and_each_has_its_own_costs_those_that_come_late_as_well():
    environment: Any = Played()
    bench = PlayedBench(environment, plan_runs(images=TURN_IMAGES + 1, rounds=1, warm_up_images=1))
    bench.round(0)
    assert [TURN_IMAGES, -TURN_IMAGES, 1, -1] * 2 == environment.turns
    for way, cpu in ((OURS, 3.0), (WITH_EVENTS, 3.0), (POOL, 2.0), (BLOG, 2.0)):
        (run,) = bench.runs[way]
        assert (cpu, 1.0, TURN_IMAGES + 1) == (run.cpu, run.requests, run.images), way


def test_all_rounds_count_by_what_they_took_in_all(capsys):
    pool = [Run(10, 1.0, costs(1.0, 0.0, 190.0))] * 3
    ours = [Run(10, 1.0, costs(0.0, each, 190.0)) for each in (1.0, 1.0, 2.6)]
    assert 1 == report({OURS: ours, WITH_EVENTS: ours, POOL: pool, BLOG: pool}), "its median is 1.0"
    assert "1.53 of the pool's (median 100.0)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cpu", "requests", "expected"),
    [
        (1.5, 190.0, 0),
        (1.6, 190.0, 1),
        (1.5, 191.0, 1),
    ],
)
def test_a_goal_that_is_missed_ends_the_benchmark_with_1(capsys, cpu, requests, expected):
    pool = [Run(10, 1.0, costs(1.0, 0.0, 190.0))]
    ours = [Run(10, 1.0, costs(cpu / 2, cpu / 2, requests))]
    assert expected == report({OURS: ours, WITH_EVENTS: ours, POOL: pool, BLOG: pool})
    assert f"{cpu:.2f} of the pool's" in capsys.readouterr().out


def test_every_run_has_pictures_of_its_own_in_buckets_that_s3_allows():
    runs = plan_runs(images=2, rounds=2)
    uris = [each.uri for run in runs.values() for each in run]
    assert len(uris) == len(set(uris))
    assert all(re.fullmatch(r"[a-z0-9-]{3,63}", uri.bucket) for uri in uris)


PRINTED = """round 1  sightline   7.4 images/s

sightline: what one image costs
  CPU seconds         0.387   dynamodb 0.090, rows 0.041, text 0.030, labels 0.029, ingest 0.028, faces 0.027, graph 0.022, producer 0.010
  tasks               8.000   detect_feature succeeded 3.000

bare pool: what one image costs
  CPU seconds         0.237   producer 0.101
"""  # noqa: E501 - as it is printed


def test_the_cpu_of_an_older_commit_is_read_from_what_its_benchmark_prints():
    assert pytest.approx(0.187) == cpu_of_an_image(PRINTED, "sightline")
    assert pytest.approx(0.101) == cpu_of_an_image(PRINTED, "bare pool")
    with pytest.raises(Unreadable, match="no costs of sightline"):
        cpu_of_an_image(PRINTED.replace("rows 0.041, ", ""), "sightline")


@pytest.mark.parametrize(("now", "expected", "word"), [(55.0, 0, "met (0.55)"), (56.0, 1, "missed (0.56)")])
def test_an_image_is_compared_with_the_older_commit_and_with_both_pools(capsys, now, expected, word):
    before = [{"sightline": Cost(0.1, 100.0), "bare pool": Cost(0.04, 40.0)}]
    assert expected == report_before(
        {"now": [{"sightline": Cost(0.05, now), "bare pool": Cost(0.02, 20.0)}], "before": before}
    )
    printed = capsys.readouterr().out
    assert word in printed
    assert f"today's bare pool: {now / 20:.2f}" in printed
    assert f"the older commit's bare pool: {now / 40:.2f}" in printed


def test_a_worker_that_grows_by_more_than_a_tenth_misses_the_goal(capsys):
    assert 0 == memory_report({"rows-0": 100.0}, {"rows-0": 110.0}, (500, 2_000))
    assert 1 == memory_report({"rows-0": 100.0, "graph-0": 100.0}, {"rows-0": 100.0, "graph-0": 111.0}, (500, 2_000))
    assert "missed (1.11)" in capsys.readouterr().out
