"""Adding a feature is one file and one recorded response: everything else follows from the declaration."""

import json
import shutil
import sys

import pytest

from dev.stack.folders import CHECKOUT
from dev.stack.processes import inherited
from sightline.bootstrap import connect
from sightline.models.images import State
from sightline.queues.steps import INGEST
from tests.acceptance.spine import SIGN
from tests.commands import run as run_command
from tests.unit.rekognition.recorded import recorded

pytestmark = pytest.mark.acceptance

PACKAGES = ("sightline", "tasks", "workers", "dev", "tests")
FILES = ("beat_schedule.py", "pyproject.toml", "docker-compose.yml")
FEATURE = '''"""Words: each word on signs and plates, by itself."""

from sightline.rekognition.feature import Feature, GraphEdge
from sightline.rekognition.features.text import parse
from sightline.models.answers import Detection


def is_word(detection: Detection) -> bool:
    """Leave out these lines."""
    return bool(detection.attributes["type"] == "word")


FEATURE = Feature(
    name="words",
    operation="DetectText",
    summary="single words",
    parse=parse,
    edge=GraphEdge("HAS_WORD", "Word", "word"),
    in_finding=is_word,
)
'''
SETTINGS = {
    "SIGHTLINE_FEATURES": "words",
    "SIGHTLINE_TABLE_PREFIX": "words-",
    "SIGHTLINE_KEY_PREFIX": "words:",
}
CONFIDENCES = {each["DetectedText"]: each["Confidence"] for each in recorded("text")["TextDetections"]}
WORDS = {each["DetectedText"] for each in recorded("text")["TextDetections"] if each["Type"] == "WORD"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Copy the project, and add the two files."""
    folder = tmp_path_factory.mktemp("with-words")
    for name in PACKAGES:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(CHECKOUT / name, folder)
    (folder / "sightline" / "rekognition" / "features" / "words.py").write_text(FEATURE)
    (folder / "tests" / "data" / "rekognition" / "words.json").write_text(json.dumps(recorded("text")))
    return folder


@pytest.fixture(scope="module")
def run(spine, copy):
    """Run Python in the copy, with its code before ours and the stack's settings."""

    def run_there(*arguments):
        environment = inherited() | spine.stack.env | SETTINGS | {"PYTHONPATH": str(copy)}
        done = run_command([sys.executable, *arguments], environment, copy)
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    return run_there


@pytest.fixture(scope="module")
def shown(spine, copy, run):
    """Process an image of a sign by a worker of the copy; return what `sightline show` prints."""
    uri = spine.put("words/sign.jpg", SIGN)
    run("-c", "from sightline.cli import main; main()", "setup")
    queues = ("ingest", "words", "rows", "graph")
    app = spine.app_with("words:")
    app.send_task(INGEST, [uri], queue="ingest")
    app.close()
    services = connect(spine.settings.model_copy(update={"table_prefix": "words-"}))
    with spine.worker("words", queues, copy, **SETTINGS, PYTHONPATH=str(copy)):
        spine.until(lambda: (row := services.images.get(uri)) is not None and row.state is State.COMPLETE)
    services.graph.close()
    return json.loads(run("-c", "from sightline.cli import main; main()", "show", uri, "--json"))


def test_its_queues_appear(run):
    names = json.loads(
        run("-c", "import json; from sightline.queues.names import QUEUE_NAMES; print(json.dumps(QUEUE_NAMES))")
    )
    assert {"words", "words.backfill"} <= set(names)


def test_its_entry_appears_on_the_command_line(run):
    facts = json.loads(run("-c", "from sightline.cli import main; main()", "features", "--json"))["words"]
    assert ("single words", "DetectText", True) == (facts["summary"], facts["operation"], facts["is_on"])
    assert (["words", "words.backfill"], "Word") == (facts["queues"], facts["node"])


def test_its_recorded_response_is_compared_with_what_aws_declares(run):
    files = ("tests/unit/rekognition/test_recorded_responses.py", "tests/unit/rekognition/test_features.py")
    said = run("-m", "pytest", *files, "-v", "-p", "no:cacheprovider")
    assert "test_a_recorded_response_has_the_shape_that_aws_declares[words] PASSED" in said


def test_its_part_stands_in_the_row_and_its_answer_in_the_ledger(shown):
    found = shown["features"]["words"]
    assert ("complete", "answered") == (shown["state"], found["status"])
    assert {each["name"] for each in found["detections"]} >= WORDS


def test_its_nodes_stand_in_the_graph(spine, shown):
    statement = "MATCH (:Image {image_id: $id})-[e:HAS_WORD]->(w:Word) RETURN w.word, e.confidence"
    found = dict(spine.cypher(statement, id=shown["image_id"]))
    assert {word: pytest.approx(CONFIDENCES[word], abs=0.001) for word in WORDS} == found
