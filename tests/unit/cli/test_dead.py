import json

import pytest

from sightline.models.images import State
from sightline.testing.fake import picture, uri_of
from tests.unit.cli.conftest import URI

OTHER = uri_of("02", camera="gate")


@pytest.fixture(autouse=True)
def bad_images(world):
    """Two images that are no pictures, and a message that names none."""
    for uri in (URI, OTHER):
        world.put(uri, b"" if uri == OTHER else b"no picture")
    world.add(URI, OTHER, "http://elsewhere/x.jpg")
    world.run()


def listed(run, *options):
    return [each["subject"] for each in json.loads(run("dead", "list", "--json", *options).stdout)]


def test_letters_are_listed_with_rule_and_remedy(run):
    shown = run("dead", "list").stdout
    assert "dead letters: 3 open" in shown
    for word in ("NotAnImage", "EmptyImage", "InvalidUri", "Upload"):
        assert word in shown


def test_letters_are_listed_by_type_camera_image_and_time(run):
    assert [OTHER] == listed(run, "--type", "EmptyImage") == listed(run, "--camera", "gate")
    assert [] == listed(run, "--type", "TruncatedImage") == listed(run, "--type", "BadMessage")
    assert [URI] == listed(run, "--image", URI)
    assert [] == listed(run, "--until", "2000-01-01")
    assert [] == listed(run, "--closed")


def test_letters_of_a_camera_that_can_only_mean_one_are_listed_and_of_a_slip_the_nearest_is_told(run):
    assert [OTHER] == listed(run, "--camera", "gate/")
    assert [] == listed(run, "--camera", "gaet")
    told = run("dead", "list", "--camera", "gaet").stderr
    assert "Nothing here is of camera gaet; the nearest name is gate.\n" == told
    assert "" == run("dead", "list", "--camera", "roof").stderr


def test_letters_are_shown_by_image_and_by_id(run):
    by_image = json.loads(run("dead", "show", URI, "--json").stdout)
    assert by_image == json.loads(run("dead", "show", f"NotAnImage#{URI}", "--json").stdout)
    (facts,) = by_image
    assert (URI, "yard", 1, {"uri": URI}) == (facts["image_id"], facts["camera"], facts["attempts"], facts["message"])
    assert URI in run("dead", "show", URI).stdout


def test_a_letter_that_is_not_there_is_one_paragraph(run):
    result = run("dead", "show", "s3://frames/nobody.jpg")
    assert (1, "") == (result.exit_code, result.stdout)
    assert "sightline dead list" in result.stderr


def test_letters_are_exported_a_line_each(run, tmp_path):
    file = tmp_path / "letters"
    run("dead", "export", "--camera", "gate", "--to", str(file))
    assert [OTHER] == [json.loads(line)["image_id"] for line in file.read_text().splitlines()]
    assert 3 == len(run("dead", "export").stdout.splitlines())


def test_a_redrive_sends_what_was_chosen_and_the_letter_of_a_mended_image_closes(run, world):
    world.put(URI, picture())
    result = run("dead", "redrive", "--camera", "yard", "--yes")
    assert "1 sent again, 0 already complete and closed, 0 without an image\n" == result.stdout
    world.run()
    assert State.COMPLETE is world.images.get(URI).state
    assert [URI] == listed(run, "--closed")


def test_a_redrive_of_everything_must_be_asked_for(run, world):
    assert 2 == run("dead", "redrive").exit_code
    assert 2 == run("dead", "redrive", "--all", "--camera", "yard").exit_code
    done = json.loads(run("dead", "redrive", "--all", "--json", "--yes").stdout)
    assert {"sent": 2, "closed": 0, "refused": 1} == done
    assert sorted([URI, OTHER]) == [step.args[0] for step in world.sent]


@pytest.mark.parametrize("name", ["InvalidUri#http://elsewhere/x.jpg", "http://elsewhere/x.jpg"])
def test_a_letter_that_needs_nothing_more_is_closed_by_hand(run, name):
    assert "1 closed\n" == run("dead", "close", name).stdout
    assert ["http://elsewhere/x.jpg"] == listed(run, "--closed")


def test_letters_are_closed_by_the_group(run):
    assert "1 closed\n" == run("dead", "close", "--camera", "gate").stdout
    assert [OTHER] == listed(run, "--closed")
    assert "1 closed\n" == run("dead", "close", "--type", "NotAnImage").stdout
    assert "1 closed\n" == run("dead", "close", "--all").stdout
    assert [] == listed(run)


def test_letters_of_inputs_that_name_no_camera_are_a_group(run):
    assert ["http://elsewhere/x.jpg"] == listed(run, "--no-camera")
    assert "1 closed\n" == run("dead", "close", "--no-camera").stdout
    assert 2 == len(listed(run))


def test_closing_all_must_be_asked_for_and_a_name_goes_with_no_option(run):
    assert 2 == run("dead", "close").exit_code
    assert 2 == run("dead", "close", "--all", "--camera", "gate").exit_code
    assert 2 == run("dead", "close", URI, "--camera", "yard").exit_code
    assert 3 == len(listed(run))
