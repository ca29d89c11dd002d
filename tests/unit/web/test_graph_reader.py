"""A graph that stands still holds no page up: each says within a bound what is missing, and the rest is there."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from sightline.errors import Unavailable
from sightline.testing.graph import InMemoryGraphStore
from sightline.web import graph_reader
from sightline.web.graph_reader import GraphReader
from tests.unit.web.house import DAY

A_MOMENT = timedelta(milliseconds=20)


class Frozen(InMemoryGraphStore):
    """A graph that does not answer until it is let go on."""

    def __init__(self):
        super().__init__()
        self.goes_on = Event()
        self.asked_for = []

    def query(self, name, parameters=None):  # noqa: ARG002 - the interface
        self.asked_for.append(name)
        self.goes_on.wait()
        return [{"label": "Person"}]


@pytest.fixture
def frozen():
    graph = Frozen()
    yield graph
    graph.goes_on.set()


@pytest.fixture
def waiting(looked_at, frozen):
    looked_at.console.services = replace(looked_at.console.services, graph=frozen)
    looked_at.console.graph = GraphReader(lambda: looked_at.console.services.graph, A_MOMENT)
    return looked_at


@pytest.mark.parametrize(
    "path",
    ["/heat", "/confidence", "/months", "/search?label=Person", "/search?q=person", "/api/v1/images?label=Person"],
)
def test_a_page_says_that_the_graph_does_not_answer(waiting, path):
    answer = waiting.client("owner").get(path)
    assert (503, "10") == (answer.status_code, answer.headers["retry-after"])
    assert "Neo4j" in answer.text
    assert "did not answer within" in answer.text
    assert "fewer days" in answer.text


@pytest.mark.parametrize("path", ["/new", f"/day?day={DAY}", "/calendar"])
def test_pages_that_need_no_graph_ask_none(waiting, frozen, path):
    assert 200 == waiting.client("owner").get(path).status_code
    assert [] == frozen.asked_for


def test_no_more_threads_are_left_behind_than_there_is_room_for(frozen):
    reader = GraphReader(lambda: frozen, timedelta())
    for _ in range(graph_reader.READS_AT_ONCE + 3):
        with pytest.raises(Unavailable):
            reader.query("labels")
    assert graph_reader.READS_AT_ONCE >= len(frozen.asked_for)
    frozen.goes_on.set()


def test_an_answer_and_an_error_come_through(frozen):
    frozen.goes_on.set()
    assert [{"label": "Person"}] == GraphReader(lambda: frozen).query("labels")

    def is_away():
        raise Unavailable("the graph")

    with pytest.raises(Unavailable, match="the graph"):
        GraphReader(is_away).query("labels")


def test_a_thread_that_does_not_begin_takes_no_room(frozen):
    frozen.goes_on.set()
    missing = [True] * graph_reader.READS_AT_ONCE

    def begin(run):
        if missing:
            missing.pop()
            raise RuntimeError("can't start new thread")
        graph_reader.begin_thread(run)

    reader = GraphReader(lambda: frozen, begin=begin)
    for _ in range(graph_reader.READS_AT_ONCE):
        with pytest.raises(RuntimeError, match="new thread"):
            reader.query("labels")
    assert [{"label": "Person"}] == reader.query("labels")
