import json

import pytest

from sightline.cli.factory import Factory
from sightline.errors import Unavailable
from sightline.models.images import Lane, State
from sightline.testing.fake import uri_of
from tests.unit.cli.conftest import URI


def test_an_added_image_has_a_row_and_a_message(run, world):
    result = run("add", URI)
    assert (0, "1 new, 0 known already, 0 refused\n") == (result.exit_code, result.stdout)
    assert State.RECEIVED is world.images.get(URI).state
    assert [("ingest_image", "ingest")] == [(step.task, step.queue_name) for step in world.sent]


def test_added_again_it_is_known(run):
    run("add", URI)
    assert {"new": 0, "known": 1, "refused": []} == json.loads(run("add", URI, "--json").stdout)


def test_a_file_is_read_line_by_line_with_any_line_ends(run, world, tmp_path):
    file = tmp_path / "keys"
    file.write_bytes("\ufeff".encode() + f"{URI}\r\n\n{uri_of('02')}\n".encode() + b"s3://frames/yard/\xc3\xa9 x.jpg")
    result = run("add", "--from", str(file), uri_of("03"))
    assert "4 new, 0 known already, 0 refused\n" == result.stdout
    ids = {row.image_id for row in world.images.scan()}
    assert {URI, uri_of("02"), uri_of("03"), "s3://frames/yard/é x.jpg"} == ids


LISTED = [URI, uri_of("02"), "s3://frames/yard/é x.jpg"]
PLAIN = "".join(f"{each}\n" for each in LISTED)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.encode("utf-16"),
        b"\xff\xfe" + PLAIN.replace("\n", "\r\n").encode("utf-16-le"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        ("\r\n" + PLAIN).encode("utf-16-le"),
        (" " + PLAIN).encode("utf-16-be"),
        f'"{PLAIN.splitlines()[0]}"\n{PLAIN}'.encode("utf-16-le"),
        PLAIN.replace("\n", "  \n").encode(),
        PLAIN.replace("\n", "\t \r\n").encode("utf-16"),
        "".join(f'"{each}"\r\n' for each in LISTED).encode() + b"   \r\n",
        PLAIN.rstrip("\n").encode() + b"\x1a",
        PLAIN.encode() + b"\x1a",
    ],
)
def test_a_list_is_read_as_any_system_writes_it(run, world, tmp_path, data):
    file = tmp_path / "keys"
    file.write_bytes(data)
    for words, given in ((("--from", str(file)), None), (("--from", "-"), data)):
        assert 0 == run("add", *words, given=given).exit_code
        assert set(LISTED) == {row.image_id for row in world.images.scan()}


def test_blanks_at_the_end_of_a_line_are_left_out_and_told(run, world):
    result = run("add", "--from", "-", given=f'{URI}  \n{uri_of("02")}\n"s3://frames/yard/a ""b"" "\n')
    assert result.stderr == (
        "Blanks at the ends of lines are left out (lines: 1). Put a key that has them in double quotes.\n"
    )
    assert {URI, uri_of("02"), 's3://frames/yard/a "b" '} == {row.image_id for row in world.images.scan()}


def test_a_list_in_half_a_character_is_refused(run, tmp_path):
    file = tmp_path / "keys"
    file.write_bytes(PLAIN.encode("utf-16")[:-1])
    result = run("add", "--from", str(file))
    assert (1, f"{file}: a list of URIs must be text in UTF-8, UTF-16 or UTF-32. Save it as UTF-8.\n") == (
        result.exit_code,
        result.stderr,
    )


def test_keys_come_through_a_pipe(run, world):
    result = run("add", "--from", "-", "--lane", "backfill", given=f"{URI}\n")
    assert 0 == result.exit_code
    assert Lane.BACKFILL is world.images.get(URI).lane
    assert ["ingest.backfill"] == [step.queue_name for step in world.sent]


def test_what_is_no_uri_is_named_and_the_rest_is_added(run, world):
    result = run("add", URI, "http://elsewhere/x.jpg", "s3://bucket-alone")
    assert (1, "1 new, 0 known already, 2 refused\n") == (result.exit_code, result.stdout)
    named = [line.partition(": ")[0] for line in result.stderr.splitlines()]
    assert ["http://elsewhere/x.jpg", "s3://bucket-alone"] == named
    assert ["InvalidUri"] * 2 == [dead_letter.error for dead_letter in world.operations.dead_letters.read()]


def test_a_line_that_is_no_text_is_refused_and_shown_escaped(run, tmp_path):
    file = tmp_path / "keys"
    file.write_bytes(b"s3://frames/yard/\xff.jpg\n")
    result = run("add", "--from", str(file))
    assert 1 == result.exit_code
    assert result.stderr.startswith("s3://frames/yard/\\udcff.jpg: an image is named")
    again = json.loads(run("add", "--from", str(file), "--json").stdout)
    assert again["refused"][0].startswith("s3://frames/yard/\udcff.jpg")


def test_of_many_refused_the_first_are_named(run):
    result = run("add", *(f"no-uri-{number}" for number in range(25)))
    assert 21 == len(result.stderr.splitlines())
    assert "… and 5 more" in result.stderr


def test_nothing_to_add_is_wrong_usage(run):
    result = run("add")
    assert 2 == result.exit_code
    assert "Give URIs, or --from FILE." in result.stderr


def test_a_file_that_is_not_there_is_wrong_usage(run):
    assert 2 == run("add", "--from", "no-such-file").exit_code


def test_without_redis_it_says_what_is_done_and_what_is_not(run, world, settings):
    def refuse(_):
        raise Unavailable("Redis", rule="it does not take messages", remedy="The rows are written")

    result = run("add", URI, factory=Factory(settings, world.services, send=refuse))
    assert (1, "Redis: it does not take messages. The rows are written.\n") == (result.exit_code, result.stderr)
    assert world.images.get(URI)
