"""Many rows merged together: one read, one transaction, one note, and an outcome for each image by itself."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sightline.errors import NewerVersion, RefusedByGraph, Unavailable
from sightline.models.images import Capture, Lane, State
from sightline.queues.steps import MERGE
from sightline.services.graph_merge import RowMerger
from sightline.testing.fake import FakeSightline, picture, uri_of

URIS = [uri_of(f"{n:02}") for n in range(30)]


@pytest.fixture
def world() -> FakeSightline:
    """Give a world with analysed images that the graph has yet to show."""
    world = FakeSightline(features=("labels",))
    for uri in URIS:
        world.put(uri, picture())
    world.add(*URIS)
    while any(step.task != MERGE for step in world.sent):
        world.do(world.sent.popleft())
    world.sent.clear()
    return world


def states(world: FakeSightline, *uris: str) -> set[State]:
    return {world.images.get(uri).state for uri in uris}


class Counted:
    """A store that counts what it is asked; `replaced` answers in its place."""

    def __init__(self, inner: object, **replaced: Callable[..., Any]) -> None:
        self.asked: list[str] = []
        self._inner, self._replaced = inner, replaced

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return self._replaced.get(name) or getattr(self._inner, name)


def test_all_rows_are_read_merged_and_noted_at_once(world):
    images, graph = Counted(world.images), Counted(world.graph)
    assert [True] * 30 == RowMerger(images, graph.merge)(URIS)
    assert ["get_many", "mark_many_merged"] == images.asked
    assert {State.COMPLETE} == states(world, *URIS)
    assert set(URIS) == set(world.graph.versions(URIS))


def test_what_is_shown_already_or_unknown_is_not_due_and_twice_in_a_batch_is_once(world):
    merge = RowMerger(world.images, world.graph.merge)
    assert [True, True, False] == merge([URIS[0], URIS[0], "s3://frames/yard/nobody.jpg"])
    assert [False, True] == merge(URIS[:2])
    assert [False, False] == merge(URIS[:2])


def test_one_bad_image_is_its_own_outcome_and_the_others_are_complete(world):
    bad = RefusedByGraph(URIS[1])

    def merge_all(images):
        good = world.graph.merge([each for each in images if each.image_id != URIS[1]])
        return [good[0], bad, good[1]]

    assert [True, bad, True] == RowMerger(world.images, merge_all)(URIS[:3])
    assert ({State.COMPLETE}, {State.ANALYSED}) == (states(world, URIS[0], URIS[2]), states(world, URIS[1]))


def test_a_row_of_a_newer_version_or_without_a_place_in_the_graph_fails_alone(world):
    odd = copy(world.images)
    rows = world.images.get_many(URIS[:3])
    newer = replace(rows[URIS[0]], state=State.read("of a newer version"))
    nowhere = replace(rows[URIS[1]], capture=None)
    odd.get_many = lambda _: {**rows, URIS[0]: newer, URIS[1]: nowhere}
    outcomes = RowMerger(odd, world.graph.merge)(URIS[:3])
    assert [NewerVersion, ValueError, bool] == [type(each) for each in outcomes]
    assert {State.COMPLETE} == states(world, URIS[2])


def test_a_row_that_cannot_be_decoded_fails_alone(world):
    def get(uri: str):
        if uri == URIS[0]:
            raise KeyError("state")
        return world.images.get(uri)

    def get_many(uris):
        return {uri: get(uri) for uri in uris}

    images = Counted(world.images, get=get, get_many=get_many)
    outcomes = RowMerger(images, world.graph.merge)(URIS[:3])
    assert [KeyError, bool, bool] == [type(each) for each in outcomes]


@pytest.mark.parametrize("away", ["get_many", "merge", "mark_many_merged"])
def test_a_server_that_is_away_is_away_for_all_and_the_repetition_completes_them(world, away):
    def refuse(*_: object) -> None:
        raise Unavailable(away)

    images, graph = Counted(world.images, **{away: refuse}), Counted(world.graph, **{away: refuse})
    with pytest.raises(Unavailable):
        RowMerger(images, graph.merge)(URIS)
    assert {State.ANALYSED} == states(world, *URIS)
    assert [True] * 30 == RowMerger(world.images, world.graph.merge)(URIS)
    assert {State.COMPLETE} == states(world, *URIS)


def test_an_image_that_could_not_be_noted_is_an_error_of_its_own(world):
    busy = Unavailable("images")
    images = Counted(world.images, mark_many_merged=lambda versions: {URIS[1]: busy} if URIS[1] in versions else {})
    assert [True, busy, True] == RowMerger(images, world.graph.merge)(URIS[:3])


def test_a_row_that_changes_during_the_commit_is_noted_with_the_version_that_the_graph_shows(world):
    before = world.images.get(URIS[0])

    def merge_all(images):
        outcomes = world.graph.merge(images)
        moved = Capture(before.capture.camera, before.capture.taken_at + timedelta(hours=1), "key")
        assert world.images.begin(before, before.content, moved, before.wanted, Lane.LIVE)
        return outcomes

    assert [True, True] == RowMerger(world.images, merge_all)(URIS[:2])
    after = world.images.get(URIS[0])
    assert (State.ANALYSING, before.version) == (after.state, after.merged_version)
    assert {State.COMPLETE} == states(world, URIS[1])
