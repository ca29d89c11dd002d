"""What a run costs: CPU seconds, requests to AWS, tasks and Redis commands, read before and after it."""

import urllib.request
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import psutil
import redis
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from dev.stack import Stack

Counts: TypeAlias = Mapping[str, float]

CPU, REQUESTS = "CPU seconds", "AWS requests"
PRODUCER = "producer"
"""This process: it adds the images, waits until they are complete, and is all of the pool and of the handler."""

ASKED_BY_THE_BENCHMARK = {"llen", "lindex", "hlen", "info"}
"""Redis commands that only this process sends, four times a second: it asks whether the queues are empty yet."""

LABELS = ("task", "outcome", "service", "operation")
"""The labels that name a count, in this order."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Counts by kind, then by name. `CPU seconds` are by service, with the children of its processes."""

    kinds: Mapping[str, Counts]

    def since(self, before: "Costs") -> "Costs":
        """Return what was added since `before`."""
        return Costs({kind: _added(counts, before.kinds[kind]) for kind, counts in self.kinds.items()})

    def plus(self, other: "Costs") -> "Costs":
        """Return the costs of two runs."""
        return Costs({kind: _summed(counts, other.kinds[kind]) for kind, counts in self.kinds.items()})

    def with_cpu_of(self, other: "Costs") -> "Costs":
        """Return these costs with the CPU seconds of another reading."""
        return Costs({**self.kinds, CPU: other.kinds[CPU]})

    def own_cpu(self, workers: Collection[str]) -> float:
        """Return the CPU seconds of the producer and of these workers, without those of the servers."""
        return sum(self.kinds[CPU].get(name, 0.0) for name in (PRODUCER, *workers))

    @property
    def requests(self) -> float:
        """Return how many requests went to AWS."""
        return sum(self.kinds[REQUESTS].values())


def _summed(counts: Counts, others: Counts) -> Counts:
    return {name: counts.get(name, 0) + others.get(name, 0) for name in {**counts, **others}}


def _added(after: Counts, before: Counts) -> Counts:
    return {name: number - before.get(name, 0) for name, number in after.items() if number > before.get(name, 0)}


def read_costs(stack: Stack, client: redis.Redis, own_requests: Counts) -> Costs:
    """Read all costs of a stack whose workers serve metrics. own_requests: those of this process to AWS."""
    tasks: defaultdict[str, float] = defaultdict(float)
    aws = defaultdict(float, own_requests)
    for process in stack.replicas.processes:
        for family in _scrape(stack.layout.port(f"metrics of {process.name}")):
            counts: dict[str, float] = {"sightline_tasks": tasks, "sightline_aws_requests": aws}.get(family.name, {})
            for sample in family.samples:
                if sample.name == f"{family.name}_total":
                    name = " ".join(sample.labels[label] for label in LABELS if label in sample.labels)
                    counts[name] = counts.get(name, 0) + sample.value
    own = read_costs_unasked(stack, client, aws)
    return Costs({**own.kinds, "tasks": tasks})


def read_costs_unasked(stack: Stack, client: redis.Redis, own_requests: Counts) -> Costs:
    """Read the costs without what only the workers know: to ask them would cost CPU of theirs."""
    return Costs({CPU: _cpu(stack), REQUESTS: dict(own_requests), "tasks": {}, "Redis commands": _commands(client)})


def _scrape(port: int) -> list[Metric]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
        return list(text_string_to_metric_families(page.read().decode()))


def _commands(client: redis.Redis) -> Counts:
    """Count commands by name, those that scripts send too."""
    stats = client.info("commandstats")
    counts = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
    return {name: calls for name, calls in counts.items() if name not in ASKED_BY_THE_BENCHMARK}


def _cpu(stack: Stack) -> Counts:
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in stack.processes:
        seconds[process.name.rpartition("-")[0] or process.name] += _family_seconds(process.pid)
    return seconds | {PRODUCER: _seconds(psutil.Process())}


def _family_seconds(pid: int) -> float:
    leader = psutil.Process(pid)
    return sum(_seconds(each) for each in (leader, *leader.children(recursive=True)))


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
