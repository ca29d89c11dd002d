import json
from datetime import UTC, datetime, timedelta

import pytest

from sightline.graph.protocol import GraphImage

EARLY, LATE = "s3://frames/gate/1.jpg", "s3://frames/yard/2.jpg"


@pytest.fixture(autouse=True)
def _two_images(world):
    for uri, camera, age, confidence in ((EARLY, "gate", 30, 60.0), (LATE, "yard", 1, 95.5)):
        taken_at = world.clock() - timedelta(hours=age)
        findings = {"labels": (("Person", confidence), ("Cat", 40.0))}
        world.graph.merge([GraphImage(uri, uri.removeprefix("s3://frames/"), 1, camera, taken_at, findings)])


def listed(run, *options):
    result = run("images", "--json", *options)
    assert 0 == result.exit_code
    return [each["image_id"] for each in json.loads(result.stdout)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [LATE, EARLY]),
        (("--at-least", "90"), [LATE]),
        (("--camera", "gate"), [EARLY]),
        (("--label", "Cat"), []),
        (("--label", "Cat", "--at-least", "40"), [LATE, EARLY]),
        (("--since", "2044-05-17T10:30"), [LATE]),
        (("--since", "2044-05-17T12:30+02:00"), [LATE]),
        (("--since", "2044-05-17T11:30"), []),
        (("--since", "2044-05-01"), [LATE, EARLY]),
        (("--since", "2h"), [LATE, EARLY]),
        (("--day", "2044-05-16"), [EARLY]),
        (("--day", "2044-05-16", "--camera", "yard"), []),
    ],
)
def test_images_are_found_newest_first(run, options, expected):
    assert expected == listed(run, *options)


def test_its_names_are_stable(run):
    (first,) = json.loads(run("images", "--json", "--at-least", "90").stdout)
    expected = {"camera": "yard", "image_id": LATE, "taken_at": "2044-05-17T11:00:00+00:00", "confidence": 95.5}
    assert expected == first


def test_people_see_a_table(run):
    lines = [line.split() for line in run("images").stdout.splitlines() if "s3://" in line]
    assert [LATE, "yard", "2044-05-17T11:00:00+00:00", "95.5"] == lines[0]


def test_nothing_found_is_said_in_words(run):
    assert "0 images with Dog at 50 % or more: nothing found\n\n" == run("images", "--label", "Dog").stdout


def test_a_camera_that_is_not_there_is_named_with_those_that_are(run):
    result = run("images", "--camera", "gat")
    assert (1, "") == (result.exit_code, result.stdout)
    said = "camera gat: a camera must have at least one image in the graph. There are gate, yard.\n"
    assert said == result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--at-least", "101"),
        ("--at-least", "-1"),
        ("--at-least", "nan"),
        ("--at-least", "inf"),
        ("--at-least", "much"),
        ("--since", "yesterday"),
        ("--since", "999999d"),
        ("--day", "2044-13-01"),
        ("--day", "today"),
    ],
)
def test_an_option_that_can_not_be_is_wrong_usage(run, options):
    result = run("images", *options)
    assert 2 == result.exit_code
    assert f"Invalid value for '{options[0]}'" in result.stderr


@pytest.mark.parametrize("since", ["90min", "2h", "7d"])
def test_a_while_ago_is_counted_from_now(run, world, since):
    taken_at = datetime.now(UTC) - timedelta(days=8)
    world.graph.merge(
        [GraphImage("s3://frames/yard/3.jpg", "3.jpg", 1, "yard", taken_at, {"labels": (("Owl", 99.0),)})]
    )
    assert [] == listed(run, "--label", "Owl", "--since", since)
    assert ["s3://frames/yard/3.jpg"] == listed(run, "--label", "Owl", "--since", "9d")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("person", "No label named 'person'; did you mean 'Person'?\n"),
        ("Peson", "No label named 'Peson'; did you mean 'Person'?\n"),
        ("Bicycle", "No label named 'Bicycle' in the graph.\n"),
    ],
)
def test_a_label_that_nothing_has_is_named_with_the_one_that_may_be_meant(run, label, expected):
    result = run("images", "--json", "--label", label)
    assert (0, "[]\n", expected) == (result.exit_code, result.stdout, result.stderr)


def test_a_label_that_is_only_less_sure_gets_no_hint(run):
    assert "" == run("images", "--label", "Cat").stderr
