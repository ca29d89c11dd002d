"""`sightline sync` and `sightline parity`, as a shell runs them."""

import json
from datetime import timedelta

from sightline.services.sync import NAME
from sightline.storage.dirty_days import Purpose
from sightline.testing.fake import uri_of
from tests.writing import analysed


def test_sync_shows_what_the_rows_say_and_notes_its_run(run, world):
    for number in range(3):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    result = run("sync", "--json")
    expected = {"read": 3, "merged": 3, "in_flight": 0, "refused": 0, "is_complete": True}
    assert (expected, 0) == (json.loads(result.stdout), result.exit_code)
    assert expected == world.operations.runs.last()[NAME].outcome
    assert 3 == len(world.graph.versions([uri_of(f"{number}") for number in range(3)]))


def test_sync_full_reads_every_row_again_and_since_a_days(run, world):
    analysed(world.images, uri_of("1"), world.clock.now)
    run("sync")
    world.clock.move(timedelta(days=2))
    run("sync")
    assert 0 == json.loads(run("sync", "--json").stdout)["read"]
    assert 1 == json.loads(run("sync", "--since", "2044-05-17", "--json").stdout)["read"]
    assert 0 == json.loads(run("sync", "--since", "2044-05-18", "--json").stdout)["read"]
    assert (1, 0) == ((found := json.loads(run("sync", "--full", "--json").stdout))["read"], found["merged"])


def test_sync_says_when_another_has_it_and_what_to_do(run, world):
    world.operations.leases.acquire(NAME, "beat", timedelta(minutes=1))
    result = run("sync")
    assert 1 == result.exit_code
    assert "one process at a time may do it" in result.stderr
    assert "Try again in a minute or two" in result.stderr


def test_full_and_since_together_are_wrong_usage(run):
    assert 2 == run("sync", "--full", "--since", "2044-05-17").exit_code


def test_parity_names_what_is_missing_and_repairs_it_when_told_to(run, world):
    for number in range(3):
        analysed(world.images, uri_of(f"{number}"), world.clock.now)
    run("sync")
    assert 0 == run("parity").exit_code
    del world.graph._images[uri_of("1")]
    found = run("parity", "--json")
    assert (1, 1) == (found.exit_code, json.loads(found.stdout)["missing"])
    assert f"{uri_of('1')} missing: the image" in found.stderr
    assert 0 == run("parity", "--repair").exit_code
    assert 0 == json.loads(run("parity", "--json").stdout)["wrong"]


def test_parity_looks_at_the_days_that_are_asked_for(run, world):
    for number in range(8):
        taken_at = world.clock.now - timedelta(days=number // 2)
        analysed(world.images, uri_of(f"{number}"), taken_at, "gate" if number % 2 else "yard")
    run("sync")
    count = lambda *words: json.loads(run("parity", "--json", *words).stdout)["days"]  # noqa: E731 - it reads better so
    assert (8, 4) == (count(), count("--camera", "gate"))
    assert 3 == count("--camera", "gate", "--from", "2044-05-15")
    assert 2 == count("--from", "2044-05-15", "--to", "2044-05-15")
    assert 8 == len(list(world.operations.dirty_days.dirty(Purpose.PARITY)))
