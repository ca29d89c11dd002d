"""Which days parity looks at, what it says and what it leaves alone."""

from datetime import timedelta

import pytest

from sightline.models.images import CameraDay, State
from sightline.services.leased_runs import run_under_lease
from sightline.services.parity import CHECK, NIGHTS, Audit, Comparison, all_days, days_of_night, run_check, run_choose
from sightline.services.sync import sync_with
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import FakeSightline, uri_of
from tests.writing import analysed, begun, ended


@pytest.fixture
def world() -> FakeSightline:
    """Return a FakeSightline whose graph shows every row."""
    world = FakeSightline()
    for number in range(40):
        analysed(world.images, uri_of(f"{number}"), world.clock.now - timedelta(days=number % 4))
    sync_with(world.services).run(1, lambda: True)
    return world


@pytest.fixture
def check(world):
    def check() -> dict[str, object]:
        assert run_under_lease(CHECK, world.services, lambda run: run_check(run, world.services))
        return dict(world.operations.runs.last()[CHECK].outcome)

    return check


def lose(world: FakeSightline, *uris: str) -> None:
    for uri in uris:
        del world.graph._images[uri]


def test_what_the_sync_marked_is_checked_and_found_right(world, check):
    assert (4, 40, 0) == ((outcome := check())["days"], outcome["images"], outcome["wrong"])
    assert [] == list(world.operations.dirty_days.dirty(Purpose.PARITY))


def test_what_is_missing_is_found_named_repaired_and_then_there(world, check):
    before = world.graph.triples()
    lose(world, uri_of("1"), uri_of("2"))
    outcome = check()
    assert (2, 2, 2) == (outcome["wrong"], outcome["missing"], outcome["repaired"])
    assert {uri_of("1"), uri_of("2")} == set(outcome["examples"])
    assert before == world.graph.triples()


def test_a_check_by_hand_may_only_look(world):
    lose(world, uri_of("1"))
    audit = Audit(Comparison(world.images, world.graph), repairs=False)
    for day in all_days(world.operations, world.graph):
        audit.check(day)
    assert (1, 0) == (audit.outcome["wrong"], audit.outcome["repaired"])
    assert {} == world.graph.versions([uri_of("1")])


def test_a_day_is_checked_again_only_when_it_is_marked_again(world, check):
    for _ in range(2):
        world.clock.move(timedelta(hours=1))
        sync_with(world.services).run(2, lambda: True)
    check()
    lose(world, uri_of("1"))
    assert 0 == check()["wrong"]
    analysed(world.images, uri_of("90"), world.clock.now - timedelta(days=1))
    world.clock.move(timedelta(minutes=5))
    sync_with(world.services).run(2, lambda: True)
    outcome = check()
    assert (1, 1, 1) == (outcome["days"], outcome["wrong"], outcome["repaired"])


def test_where_nothing_is_marked_the_last_result_stands(world, check):
    lose(world, uri_of("1"))
    found = check()
    assert found == check()


def test_every_day_has_its_turn_once_in_thirty_nights(world):
    days = [CameraDay("yard", f"day {number}") for number in range(300)]
    nights = [list(days_of_night(days, world.clock.now + timedelta(days=night))) for night in range(NIGHTS)]
    assert sorted(days) == sorted(day for night in nights for day in night)
    assert max(map(len, nights)) < 30


def test_thirty_nights_find_what_no_mark_told_of(world, check):
    check()
    lose(world, uri_of("1"), uri_of("2"), uri_of("3"))
    repaired = 0
    for _ in range(NIGHTS):
        run_choose(world.services)
        repaired += check()["repaired"] if list(world.operations.dirty_days.dirty(Purpose.PARITY)) else 0
        world.clock.move(timedelta(days=1))
    assert 3 == repaired
    assert [] == list(world.operations.dirty_days.dirty(Purpose.ROLLUPS))[4:]


def test_rows_in_flight_are_no_finding(world, check):
    begun(world.images, uri_of("1"), world.clock.now, asked="2")
    analysed(world.images, uri_of("2"), world.clock.now, asked="2")
    ended(world.images, uri_of("3"))
    ended(world.images, uri_of("4"), State.REJECTED)
    analysed(world.images, uri_of("91"), world.clock.now)
    assert 0 == check()["wrong"]


def test_an_image_that_no_row_knows_is_removed_and_may_come_back(world, check):
    del world.images._rows[uri_of("1")]
    outcome = check()
    assert (1, 1, 1) == (outcome["wrong"], outcome["extra"], outcome["repaired"])
    assert uri_of("1") not in {name for triple in world.graph.triples() for name in triple}
    back = analysed(world.images, uri_of("1"), world.clock.now)
    world.clock.move(timedelta(minutes=5))
    sync_with(world.services).run(2, lambda: True)
    assert {uri_of("1"): back.version} == world.graph.versions([uri_of("1")])


def test_a_day_of_which_only_the_graph_knows_has_its_turn(world, check):
    for uri in [row.image_id for row in world.images.scan()]:
        del world.images._rows[uri]
    world.operations.dirty_days._known.clear()
    check()
    for _ in range(NIGHTS):
        run_choose(world.services)
        check()
        world.clock.move(timedelta(days=1))
    assert set() == world.graph.triples()


def test_a_gone_image_that_a_late_merge_revived_is_bare_again(world, check):
    as_it_was = world.graph._images[uri_of("1")]
    row = ended(world.images, uri_of("1"))
    world.clock.move(timedelta(minutes=5))
    sync_with(world.services).run(2, lambda: True)
    world.graph._images[uri_of("1")] = as_it_was
    assert (1, 1) == ((outcome := check())["extra"], outcome["repaired"])
    assert {uri_of("1"): row.version} == world.graph.versions([uri_of("1")])
    assert uri_of("1") not in {name for triple in world.graph.triples() for name in triple}
