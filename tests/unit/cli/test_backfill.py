import json

import pytest

from sightline.models.images import Lane
from sightline.testing.fake import BUCKET, picture, uri_of

PLACE = f"s3://{BUCKET}/yard"


@pytest.fixture
def uris(world):
    uris = [uri_of(f"{number:02}") for number in range(3)]
    for number, uri in enumerate(uris):
        world.put(uri, picture(number))
    return uris


def told(run, *options):
    result = run("backfill", PLACE, "--json", *options)
    assert 0 == result.exit_code
    return json.loads(result.stdout)


def test_a_dry_run_prices_what_it_would_send_and_sends_nothing(run, world, uris):
    said = told(run, "--dry-run")
    assert (3, 3, 0.009) == (said["objects"], said["would_send"], said["usd_at_most"])
    assert {"faces": 3, "labels": 3, "text": 3} == said["analyses_at_most"]
    assert (0, {}) == (len(world.sent), world.images.get_many(uris))


def test_it_sends_what_is_due_through_the_backfill_lane(run, world, uris):
    assert 3 == told(run)["sent"]
    rows = world.images.get_many(uris)
    assert ({Lane.BACKFILL}, 3) == ({row.lane for row in rows.values()}, len(world.sent))


@pytest.mark.usefixtures("uris")
def test_the_next_run_sends_nothing_twice(run, world):
    told(run)
    world.run()
    assert 0 == told(run)["sent"]
    assert 0 == told(run, "--from-the-start")["sent"]


@pytest.mark.usefixtures("uris")
def test_people_read_a_table(run):
    lines = [line.split("  ") for line in run("backfill", PLACE, "--dry-run").stdout.splitlines()]
    table = {words[0]: words[-1].strip() for words in lines if len(words) > 1}
    assert ("3", "faces 3, labels 3, text 3", "0.01") == (
        table["would send"],
        table["analyses at most"],
        table["usd at most"],
    )


def test_where_nothing_lies_nothing_is_sent(run):
    said = told(run)
    assert (0, 0, None) == (said["objects"], said["sent"], said["went_on_after"])


@pytest.mark.parametrize(("place", "remedy"), [("yard", "s3://"), ("s3://nobody/yard", "nobody")])
def test_a_place_that_can_not_be_is_named(run, place, remedy):
    result = run("backfill", place)
    assert (1, "") == (result.exit_code, result.stdout)
    assert remedy in result.stderr


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_prefix_that_holds_nothing_is_told_with_the_nearest_folder(run, world, words):
    world.put(uri_of("01"), picture())
    result = run("backfill", "s3://frames/yrad/", *words)
    said = "s3://frames/yrad/: no key begins so; the nearest folder is s3://frames/yard/. Correct the prefix.\n"
    assert (0, said) == (result.exit_code, result.stderr)
