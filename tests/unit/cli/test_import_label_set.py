import json
from dataclasses import replace

import pytest

from sightline.cli.factory import Factory
from sightline.models.images import State
from sightline.services.plan import Plan
from sightline.testing.label_set import InMemoryLabelSet

GOOD = {"object_key": "yard/1.jpg", "label": "Person", "confidence": 97.5, "event_ts": 1_488_371_400}
BAD = {**GOOD, "object_key": "yard/2.jpg", "confidence": "high"}


@pytest.fixture
def bring_in(run, world, settings):
    def bring_in(rows, *options):
        factory = Factory(settings, world.services, label_set=lambda name: InMemoryLabelSet(name, rows))
        return run("import-label-set", "old-labels", "--bucket", "old", *options, factory=factory)

    return bring_in


def test_what_was_kept_is_counted_with_what_it_would_cost(bring_in, world):
    result = bring_in([GOOD], "--json")
    counts = {"rows": 1, "refused": 0, "images": 1, "new": 1, "known": 0, "cut": 0, "left_out": 0, "usd_saved": 0.001}
    counts |= {"unsure": 0, "usd_unsure": 0.0}
    assert {"table": "old-labels", "is_dry_run": False, **counts} == json.loads(result.stdout)
    assert (0, State.IMPORTED) == (result.exit_code, world.images.get("s3://old/yard/1.jpg").state)


def test_people_see_what_was_saved_to_a_tenth_of_a_cent_and_no_sum_where_nothing_was(bring_in):
    assert ["usd", "saved", "0.001"] in [line.split() for line in bring_in([GOOD]).stdout.splitlines()]
    assert "usd" not in bring_in([GOOD]).stdout


def test_a_bad_row_is_named_and_the_command_has_failed_though_the_rest_is_kept(bring_in):
    result = bring_in([GOOD, BAD], "--json")
    assert (1, 1) == (result.exit_code, json.loads(result.stdout)["new"])
    assert result.stderr.startswith("row 2 of old-labels ('yard/2.jpg', 'Person'): confidence must be a number")


def test_a_dry_run_keeps_nothing(bring_in, world):
    assert "old-labels" in bring_in([GOOD], "--dry-run").stdout
    assert 0 == world.images.count()[0]


def test_a_name_that_no_bucket_can_have_is_refused(run):
    result = run("import-label-set", "old-labels", "--bucket", "s3://old/")
    assert (1, True) == (result.exit_code, "s3://old/" in result.stderr)


def test_nothing_is_imported_where_no_row_would_ask_for_labels(bring_in, world):
    world.services = replace(world.services, plan=Plan({"faces": {}}, "1"))
    result = bring_in([GOOD])
    assert (1, 0, True) == (result.exit_code, world.images.count()[0], "SIGHTLINE_FEATURES (faces)" in result.stderr)


def test_an_answer_that_is_older_than_its_object_is_priced_and_imported_only_if_it_is_trusted(bring_in, world):
    world.buckets.create("old")
    world.put("s3://old/yard/1.jpg", b"newer bytes")
    dry = json.loads(bring_in([GOOD], "--dry-run", "--json").stdout)
    assert (0, 1, 0.001) == (dry["new"], dry["unsure"], dry["usd_unsure"])
    assert ["usd", "unsure", "0.001"] in [line.split() for line in bring_in([GOOD]).stdout.splitlines()]
    assert 1 == json.loads(bring_in([GOOD], "--trust", "--json").stdout)["new"]
