import json
from datetime import UTC, datetime, timedelta

import pytest

from sightline.graph.queries import query_named

EARLY, LATE = "s3://frames/gate/1.jpg", "s3://frames/yard/2.jpg"
ROWS = [
    {"camera": "yard", "image_id": LATE, "taken_at": "2044-05-17T11:00:00+00:00", "confidence": 95.5},
    {"camera": "gate", "image_id": EARLY, "taken_at": "2044-05-16T06:00:00+00:00", "confidence": 60.0},
]


@pytest.fixture(autouse=True)
def _two_images(world):
    """Let the graph answer as Neo4j does with two images."""
    world.graph.answers |= {
        "images-with-label": ROWS,
        "camera-names": [{"camera": "gate"}, {"camera": "yard"}],
        "labels": [{"label": "Cat"}, {"label": "Person"}],
    }


@pytest.fixture
def _no_image(world):
    del world.graph.answers["images-with-label"]


def seconds(text):
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {}),
        (("--at-least", "90"), {"at_least": 90.0}),
        (("--camera", "gate"), {"camera": "gate"}),
        (("--label", "Cat"), {"label": "Cat"}),
        (("--label", "Cat", "--at-least", "40"), {"label": "Cat", "at_least": 40.0}),
        (("--since", "2044-05-17T10:30"), {"since": seconds("2044-05-17T10:30")}),
        (("--since", "2044-05-17T12:30+02:00"), {"since": seconds("2044-05-17T10:30")}),
        (("--since", "2044-05-17T11:30"), {"since": seconds("2044-05-17T11:30")}),
        (("--since", "2044-05-01"), {"since": seconds("2044-05-01T00:00")}),
        (("--day", "2044-05-16"), {"day": "2044-05-16"}),
        (("--limit", "61"), {"limit": 61}),
        (("--day", "2044-05-16", "--camera", "yard"), {"day": "2044-05-16", "camera": "yard"}),
    ],
)
def test_the_graph_is_asked_for_what_the_options_say(run, world, options, expected):
    left_out = dict.fromkeys(query_named("images-with-label").may_take)
    everything = {"label": "Person", "at_least": 50.0, **left_out}
    assert 0 == run("images", *options).exit_code
    assert [("images-with-label", everything | expected)] == world.graph.asked


def test_images_are_listed_in_the_order_of_the_graph(run):
    assert [LATE, EARLY] == [each["image_id"] for each in json.loads(run("images", "--json").stdout)]


def test_its_names_are_stable(run):
    first, _ = json.loads(run("images", "--json").stdout)
    expected = {"camera": "yard", "image_id": LATE, "taken_at": "2044-05-17T11:00:00+00:00", "confidence": 95.5}
    assert expected == first


def test_people_see_a_table(run):
    lines = [line.split() for line in run("images").stdout.splitlines() if "s3://" in line]
    assert [LATE, "yard", "2044-05-17T11:00:00+00:00", "95.5"] == lines[0]


@pytest.mark.usefixtures("_no_image")
def test_nothing_found_is_said_in_words(run):
    assert "0 images with Dog at 50 % or more: nothing found\n\n" == run("images", "--label", "Dog").stdout


@pytest.mark.usefixtures("_no_image")
def test_a_camera_that_is_not_there_is_named_with_those_that_are(run):
    result = run("images", "--camera", "gat")
    assert (1, "") == (result.exit_code, result.stdout)
    said = (
        "camera gat: a camera must have at least one image in the graph. There are gate, yard; the nearest is gate.\n"
    )
    assert said == result.stderr


def test_a_camera_that_can_only_mean_one_is_taken_for_that_one(run, world):
    world.graph.answers |= {"images-with-label": [], "camera-names": [{"camera": "Front Door"}, {"camera": "yard"}]}
    result = run("images", "--camera", "Front\u00a0Door/")
    assert 0 == result.exit_code
    assert "No camera is named Front\\xa0Door/; Front Door is meant.\n" == result.stderr
    assert ["Front\u00a0Door/", "Front Door"] == [
        asked["camera"] for name, asked in world.graph.asked if name == "images-with-label"
    ]


@pytest.mark.usefixtures("_no_image")
def test_a_camera_that_may_mean_two_is_refused_and_their_difference_is_seen(run, world):
    world.graph.answers["camera-names"] = [{"camera": "yard"}, {"camera": "yard "}]
    result = run("images", "--camera", "yard/")
    assert 1 == result.exit_code
    assert "There are yard, yard\\x20; the nearest is yard" in result.stderr


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


@pytest.mark.parametrize(
    ("since", "ago"), [("90min", timedelta(minutes=90)), ("2h", timedelta(hours=2)), ("7d", timedelta(days=7))]
)
def test_a_while_ago_is_counted_from_now(run, world, since, ago):
    before = datetime.now(UTC)
    assert 0 == run("images", "--since", since).exit_code
    ((_, asked),) = world.graph.asked
    assert before - timedelta(seconds=1) <= datetime.fromtimestamp(asked["since"], UTC) + ago <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("person", "No label named 'person'; did you mean 'Person'?\n"),
        ("Peson", "No label named 'Peson'; did you mean 'Person'?\n"),
        ("Bicycle", "No label named 'Bicycle' in the graph.\n"),
    ],
)
@pytest.mark.usefixtures("_no_image")
def test_a_label_that_nothing_has_is_named_with_the_one_that_may_be_meant(run, label, expected):
    result = run("images", "--json", "--label", label)
    assert (0, "[]\n", expected) == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.usefixtures("_no_image")
def test_a_label_that_is_only_less_sure_gets_no_hint(run):
    assert "" == run("images", "--label", "Cat").stderr
