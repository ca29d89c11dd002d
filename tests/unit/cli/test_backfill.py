import json

import pytest

from sightline.cli.factory import Factory
from sightline.cli.paying import UNPAID
from sightline.models.images import Lane
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import BUCKET, picture, uri_of

PLACE = f"s3://{BUCKET}/yard"


@pytest.fixture
def uris(world):
    uris = [uri_of(f"{number:02}") for number in range(3)]
    for number, uri in enumerate(uris):
        world.put(uri, picture(number))
    return uris


def told(run, *options):
    result = run("backfill", PLACE, "--json", "--yes", *options)
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


def lines_of(result):
    return [" ".join(line.split()) for line in result.stderr.splitlines()]


def test_without_a_terminal_nobody_can_agree_and_nothing_is_paid_for(run, world, uris):
    result = run("backfill", PLACE)
    assert (UNPAID, "") == (result.exit_code, result.stdout)
    assert "Nothing was paid for: there is no terminal to ask. Give --yes" in result.stderr
    assert (0, {}) == (len(world.sent), world.images.get_many(uris))


@pytest.mark.parametrize(("answer", "code", "sent"), [("n\n", UNPAID, 0), ("y\n", 0, 3), ("", 1, 0)])
def test_a_terminal_is_asked(run, world, settings, uris, answer, code, sent):
    factory = Factory(settings, world.services, send=world.send, has_terminal=True)
    result = run("backfill", PLACE, given=answer, factory=factory)
    assert (code, sent) == (result.exit_code, len(world.sent))
    assert "Pay up to 0.01 USD?" in result.stderr
    assert uris


def test_a_quote_says_images_calls_dollars_and_hours(run, uris):
    said = lines_of(run("backfill", PLACE))
    assert {"images 3", "already paid 0", "calls, labels 0 to 3", "USD 0.0000 to 0.0090"} <= {*said}
    assert "hours at today's rates 0.0" in said
    assert uris


def test_the_same_bytes_are_quoted_once(run, world, uris):
    world.put(uri_of("09"), world.buckets.get(ObjectUri.parse(uris[0]))[1])
    assert {"images 4", "calls, labels 0 to 3"} <= {*lines_of(run("backfill", PLACE))}


def test_an_exact_quote_knows_what_is_paid_and_what_is_refused(run, world, uris):
    world.add(uris[0])
    world.run()
    world.put(uri_of("08"), world.buckets.get(ObjectUri.parse(uris[0]))[1] + b" ")  # other bytes
    world.put(uri_of("10", "gate"), picture(9, form="PNG"))
    world.add(uri_of("10", "gate"))
    world.run()
    world.put(uri_of("11"), picture(9, form="PNG"))  # known from another key
    world.put(uri_of("12"), b"no picture")
    said = lines_of(run("backfill", PLACE, "--exact"))
    assert {"images 5", "already paid 2", "calls, labels 3", "USD 0.0090"} <= {*said}


def test_a_canary_pays_for_a_few_and_narrows_the_rest(run, world, settings):
    for number in range(40):
        world.put(uri_of(f"{number:02}"), picture(number, form="PNG"))

    def work(steps):
        world.send(steps)
        world.run()

    factory = Factory(settings, world.services, send=work, has_terminal=True)
    result = run("backfill", PLACE, "--canary", "20", given="y\nn\n", factory=factory)
    assert UNPAID == result.exit_code
    assert 20 == len(world.images.get_many([uri_of(f"{number:02}") for number in range(40)]))
    said = lines_of(result)
    assert {"calls, labels 0 to 40", "calls, labels 0 to 20", "calls, labels 12 to 20"} <= {*said}


def test_nothing_due_is_not_asked_about(run, world, uris):
    world.add(*uris)
    world.run()
    assert 0 == run("backfill", PLACE).exit_code
