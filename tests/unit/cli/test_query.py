import csv
import io
import json
from datetime import timedelta

import pytest

from sightline.graph.protocol import GraphImage
from sightline.graph.queries import all_queries

URI = "s3://frames/yard/1\nx.jpg"


TAKEN_AT, TAKEN_SECONDS = "2044-05-17T11:00:00+00:00", 2347095600
IMAGE = {
    "image_id": URI,
    "object_key": "yard/1\nx.jpg",
    "isodate": TAKEN_AT,
    "timestamp": TAKEN_SECONDS,
    "camera_day": "yard#2044-05-17",
    "row_version": 1,
}
ANSWERS = {
    "heat-map": [{"camera": {"camera_name": "yard"}, "image": IMAGE}],
    "confidence-histogram": [
        {
            "camera.camera_name": "yard",
            "image.object_key": "yard/1\nx.jpg",
            "count(round(label_edge.confidence))": 1,
            "round(label_edge.confidence)": 96.0,
        }
    ],
    "cameras": [{"camera": "yard", "images": 1, "first": TAKEN_SECONDS, "last": TAKEN_SECONDS}],
    "camera-names": [{"camera": "yard"}],
    "labels": [{"label": "Person"}],
}


@pytest.fixture
def person(world):
    """Give the graph one image of a person, and the rows that Neo4j returns for it."""
    taken_at = world.clock() - timedelta(hours=1)
    image = GraphImage(URI, "yard/1\nx.jpg", 1, "yard", taken_at, {"labels": (("Person", 95.5),)})
    world.graph.merge([image])
    world.graph.answers.update(ANSWERS)
    return image


@pytest.mark.usefixtures("person")
def test_people_see_nodes_by_their_names(run):
    result = run("query", "heat-map")
    assert 0 == result.exit_code
    head, row = (result.stdout.splitlines()[number] for number in (2, 4))
    assert ["camera", "image", "taken", "at"] == head.split()
    assert ["yard", "s3://frames/yard/1\\nx.jpg", "2044-05-17T11:00:00+00:00"] == row.split()


@pytest.mark.usefixtures("person")
def test_scripts_see_nodes_whole(run):
    (row,) = json.loads(run("query", "heat-map", "--json").stdout)
    assert {"camera_name": "yard"} == row["camera"]
    assert (URI, 1) == (row["image"]["image_id"], row["image"]["row_version"])


@pytest.mark.usefixtures("person")
def test_a_spreadsheet_gets_each_property_as_a_column(run):
    (row,) = csv.DictReader(io.StringIO(run("query", "heat-map", "--csv").stdout, newline=""))
    assert ("yard", URI) == (row["camera.camera_name"], row["image.image_id"])


@pytest.mark.usefixtures("person")
def test_the_histogram_keeps_the_names_of_its_columns(run):
    (row,) = json.loads(run("query", "confidence-histogram", "--json").stdout)
    assert 96.0 == row["round(label_edge.confidence)"]


@pytest.mark.usefixtures("person")
def test_seconds_since_the_epoch_are_shown_as_times(run):
    assert "2044-05-17T11:00:00+00:00" in run("query", "cameras").stdout


@pytest.mark.parametrize("name", [name for name, each in all_queries().items() if not each.needs])
def test_nothing_found_is_said_in_words_and_is_no_failure(run, name):
    said = run("query", name)
    assert (0, True) == (said.exit_code, said.stdout.endswith("(0): nothing found\n\n"))
    assert [] == json.loads(run("query", name, "--json").stdout)
    assert "" == run("query", name, "--csv").stdout


def test_a_query_that_is_not_there_is_wrong_usage_and_those_that_are_are_listed(run):
    result = run("query", "everything")
    assert 2 == result.exit_code
    assert "'heat-map'" in result.stderr


def test_help_tells_what_each_query_answers(run):
    assert all(name in run("query", "--help").stdout for name in ("heat-map:", "confidence-histogram:", "cameras ("))


@pytest.mark.usefixtures("person")
def test_people_read_words_over_the_columns_of_the_histogram(run):
    head, row = (run("query", "confidence-histogram").stdout.splitlines()[number] for number in (2, 4))
    assert ["camera", "image", "times", "confidence"] == head.split()
    assert ["yard", "yard/1\\nx.jpg", "1", "96.0"] == row.split()


def test_a_question_is_asked_with_what_it_needs(run, world):
    row = {"label": "Person", "images_before": 1, "images_after": 0, "more": -1}
    world.graph.answers["months"] = [row]
    assert [row] == json.loads(run("query", "months", "--with", "before=2044-05", "--with", "after=6", "--json").stdout)
    left_out = dict.fromkeys(("camera", "at_least", "leave_out"))
    assert [("months", {"before": "2044-05", "after": "6", **left_out})] == world.graph.asked


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "it needs before, after and may take camera, at_least"),
        (("before=11", "after=soon"), "after must be a month"),
        (("before",), "before: it must be NAME=VALUE"),
    ],
)
def test_a_question_without_what_it_needs_is_wrong_usage(run, given, said):
    result = run("query", "months", *(part for each in given for part in ("--with", each)))
    assert (2, True) == (result.exit_code, said in result.stderr)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("at_least=90",), "at_least: it applies to a label"),
        (("label=Person", "at_least=900"), "900.0 is not in the range"),
        (("label=Person", "at_least=-1"), "-1.0 is not in the range"),
        (("label=Person", "at_least=nan"), "'nan' is not a number"),
        (("label=Person", "at_least=much"), "'much' is not a valid float"),
        (("label=",), "label: it must have a value"),
        (("label=Cat", "label=Dog"), "label: it must be given once"),
    ],
)
@pytest.mark.usefixtures("person")
def test_what_would_be_another_question_is_wrong_usage(run, given, said):
    result = run("query", "cameras-by-hour", *(part for each in given for part in ("--with", each)))
    assert (2, "", True) == (result.exit_code, result.stdout, said in result.stderr)


@pytest.mark.parametrize("limit", ["0", "-1", "2.5", "many"])
@pytest.mark.usefixtures("person")
def test_a_limit_is_a_whole_number_above_zero(run, limit):
    result = run("query", "cameras", "--with", f"limit={limit}")
    assert (2, "", True) == (result.exit_code, result.stdout, limit in result.stderr)


@pytest.mark.parametrize(
    ("name", "given", "code", "said"),
    [
        ("persons-nearby", "image=s3://frames/yrad/1.jpg", 1, "s3://frames/yrad/1.jpg: the image must be in the graph"),
        ("months", "camera=yrad", 1, "camera yrad: a camera must have at least one image in the graph. There are yard"),
        ("labels-together", "label=person", 0, "No label named 'person'; did you mean 'Person'?"),
    ],
)
@pytest.mark.usefixtures("person")
def test_nothing_found_because_of_a_slip_is_said(run, name, given, code, said):
    others = ("before=2044-05", "after=2044-06") if name == "months" else ()
    result = run("query", name, "--json", *(part for each in (given, *others) for part in ("--with", each)))
    assert (code, True) == (result.exit_code, result.stderr.startswith(said))


@pytest.mark.usefixtures("person")
def test_an_image_that_nobody_passed_near_is_an_answer(run):
    result = run("query", "persons-nearby", "--json", "--with", f"image={URI}")
    assert (0, "[]\n", "") == (result.exit_code, result.stdout, result.stderr)
    result = run("query", "persons-nearby", "--with", f"image={URI}", "--with", "minutes=-5")
    assert (2, True) == (result.exit_code, "minutes: -5 is below 0" in result.stderr)
