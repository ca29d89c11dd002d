"""Rows that were restored from a backup, under a graph that is newer: a full sync takes the graph back to them."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner

from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.models.images import ImageRow, State
from sightline.services.going_back import GoingBack, survey
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import FakeSightline, uri_of
from tests.writing import analysed, begun, ended

CAT = (("Cat", 80.0),)


@dataclass
class Backup:
    """Rows as they were when it was taken."""

    world: FakeSightline
    rows: dict[str, ImageRow] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = deepcopy(self.world.images._rows)

    def restore(self) -> None:
        self.world.images._rows.clear()
        self.world.images._rows.update(deepcopy(self.rows))


@pytest.fixture
def full(world) -> Callable[..., tuple[int, dict[str, object], str]]:
    """Return a function that runs `sightline sync --full` and returns its exit code, counts and error output."""

    def run(*words: str) -> tuple[int, dict[str, object], str]:
        factory = Factory(None, world.services, send=world.send)
        result = CliRunner().invoke(sightline, ["sync", "--full", "--json", *words], obj=factory)
        return result.exit_code, json.loads(result.stdout) if result.stdout else {}, result.stderr

    return run


def fill(world, count=40):
    for number in range(count):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    return [uri_of(f"{number}") for number in range(count)]


def labels_of(world, uri):
    return {key for _, start, kind, _, _, key in world.graph.triples() if kind == "HAS_LABEL" and start == uri}


def test_a_graph_that_is_newer_goes_back_to_the_rows(world, tick, full):
    first, *_ = fill(world)
    tick()
    backup = Backup(world)
    before = world.graph.triples()
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    tick()
    assert {"Cat"} == labels_of(world, first)
    backup.restore()
    code, counts, _ = full()
    assert (0, 1, 1) == (code, counts["newer_in_graph"], counts["went_back"])
    assert before == world.graph.triples()
    assert world.images.get(first).version == world.graph.versions([first])[first]
    assert (0, 0) == ((again := full()[1])["newer_in_graph"], again["went_back"])


def test_the_other_direction_is_brought_up_in_the_same_run(world, tick, full):
    first, second, *_ = fill(world)
    tick()
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    backup = Backup(world)
    tick()
    analysed(world.images, second, world.clock.now, found=CAT, asked="2")
    tick()
    backup.restore()
    del world.graph._images[first]
    assert (1, 1) == ((counts := full()[1])["merged"], counts["went_back"])
    assert (({"Cat"}), {"Person", "Plant"}) == (labels_of(world, first), labels_of(world, second))


def test_an_image_that_the_backup_does_not_know_is_shown_no_more(world, tick, full):
    fill(world)
    tick()
    backup = Backup(world)
    late = uri_of("late", "gate")
    day = analysed(world.images, late, world.clock.now, "gate").capture.camera_day
    tick()
    for each in world.operations.dirty_days.dirty(Purpose.ROLLUPS):
        world.operations.dirty_days.clean(each)
    backup.restore()
    assert 1 == full()[1]["went_back"]
    assert set() == labels_of(world, late)
    assert day in {each.camera_day for each in world.operations.dirty_days.dirty(Purpose.ROLLUPS)}


def test_an_image_that_was_deleted_since_the_backup_is_shown_as_its_row_says(world, tick, full):
    first, *_ = fill(world)
    tick()
    backup = Backup(world)
    ended(world.images, first)
    tick()
    assert set() == labels_of(world, first)
    backup.restore()
    assert 1 == full()[1]["went_back"]
    assert {"Person", "Plant"} == labels_of(world, first)


def test_a_restored_row_that_was_not_shown_yet_is_shown_and_complete(world, tick, full):
    first, *_ = fill(world)
    backup = Backup(world)
    tick()
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    tick()
    backup.restore()
    assert 1 == full()[1]["went_back"]
    assert (State.COMPLETE, {"Person", "Plant"}) == (world.images.get(first).state, labels_of(world, first))


def test_an_image_in_flight_waits_and_that_is_said(world, tick, full):
    first, *_ = fill(world)
    tick()
    begun(world.images, first, world.clock.now, asked="2")
    backup = Backup(world)
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    analysed(world.images, first, world.clock.now, found=CAT, asked="3")
    tick()
    backup.restore()
    code, counts, told = full()
    assert (0, 1, 0) == (code, counts["newer_in_graph"], counts["went_back"])
    assert "being processed" in told
    assert {"Cat"} == labels_of(world, first)


def test_more_than_five_percent_go_back_only_with_yes(world, tick, full):
    uris = fill(world)
    tick()
    backup = Backup(world)
    for uri in uris[:3]:
        analysed(world.images, uri, world.clock.now, found=CAT, asked="2")
    tick()
    backup.restore()
    code, _, told = full()
    assert (1, {"Cat"}) == (code, labels_of(world, uris[0]))
    assert told.startswith("3 of 40 images are newer in the graph than in the rows: at most 5 % of the images go back")
    assert "sightline sync --full --yes" in told
    assert (0, 3) == ((again := full("--yes"))[0], again[1]["went_back"])
    assert {"Person", "Plant"} == labels_of(world, uris[0])


def test_five_percent_go_back_unasked(world, tick, full):
    uris = fill(world)
    tick()
    backup = Backup(world)
    for uri in uris[:2]:
        analysed(world.images, uri, world.clock.now, found=CAT, asked="2")
    tick()
    backup.restore()
    assert (0, 2) == ((found := full())[0], found[1]["went_back"])


def test_a_row_that_changes_before_the_lock_is_held_is_left_as_it_is(world, tick):
    first, *_ = fill(world)
    tick()
    backup = Backup(world)
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    newest = Backup(world)
    tick()
    backup.restore()
    going_back = GoingBack(world.images, world.graph, world.operations)
    assert 1 == survey(going_back, lambda _: None).newer
    (page, *_) = going_back.pages()
    newest.restore()
    assert 0 == going_back.take_back(page)
    assert {"Cat"} == labels_of(world, first)


def test_a_sync_that_nobody_asked_for_never_goes_back(world, tick):
    first, *_ = fill(world)
    tick()
    backup = Backup(world)
    analysed(world.images, first, world.clock.now, found=CAT, asked="2")
    tick()
    backup.restore()
    tick()
    assert {"Cat"} == labels_of(world, first)
