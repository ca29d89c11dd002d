"""What to do about an error is said on a page without the words of a command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sightline
import sightline.web.app  # what the console can raise is loaded
from sightline.errors import Exhausted, ImageMissing, SightlineError, Unavailable
from sightline.services.rollups.report import NoFigures
from sightline.services.users import InvalidUser, NoSuchUser
from sightline.web.errors import problem_of
from sightline.web.remedies import beside_buttons


def kinds(of: type[SightlineError] = SightlineError) -> Iterator[type[SightlineError]]:
    yield of
    for each in of.__subclasses__():
        yield from kinds(each)


@pytest.mark.parametrize("kind", [*dict.fromkeys(kinds())])
def test_no_page_names_a_command_or_an_option(kind):
    error = kind.__new__(kind)
    SightlineError.__init__(error, "it", remedy=None)
    error.__dict__.setdefault("retry_after", None)
    remedy = problem_of(error).remedy
    assert remedy
    assert not re.search(r"`sightline|`users|(^| )--\w", remedy), remedy


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (NoFigures("Person"), "Choose another last day, camera or number of days, or come back when the day has ended"),
        (NoSuchUser("ann"), "Choose one of those that are listed under People"),
        (Unavailable("Neo4j"), "Try again in a few seconds; if it stays so, tell an operator"),
        (InvalidUser("ann", remedy="Give some of owner"), "Give some of owner"),
        (ImageMissing("s3://a/b", remedy="Add s3://a/c instead"), "Add s3://a/c instead"),
        (SightlineError("it", remedy="Run `sightline check`"), "Tell an operator"),
    ],
)
def test_the_page_says_what_can_be_done_there_and_keeps_words_that_name_no_command(error, remedy):
    assert remedy == problem_of(error).remedy


def test_the_command_line_keeps_its_own_words():
    assert "sightline users list" in str(NoSuchUser("ann"))
    assert "--day" in str(NoFigures("Person"))


def written() -> Iterator[str]:
    """Return each remedy that the sources write out: of a kind of errors, or of one error as it is raised."""
    for file in (file for folder in ("", *PARTS) for file in sorted(SOURCES.glob(f"{folder}*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword | ast.Assign) and "remedy" in _names_of(node):
                yield from _texts(node.value)


def _names_of(node: ast.keyword | ast.Assign) -> list[str | None]:
    return [node.arg] if isinstance(node, ast.keyword) else [ast.unparse(each) for each in node.targets]


def _texts(value: ast.expr) -> list[str]:
    constants = [each.value for each in ast.walk(value) if isinstance(each, ast.Constant)]
    return [each for each in constants if isinstance(each, str)]


SOURCES = Path(sightline.__file__).parent
PARTS = ("models/", "queues/", "rekognition/", "services/**/", "storage/**/", "video/", "workers/")


@pytest.mark.parametrize("remedy", [*dict.fromkeys(written())])
def test_a_dead_letter_names_no_command_beside_its_buttons(remedy):
    assert not re.search(r"`(sightline|users|make|celery)|(^| )--\w", beside_buttons(remedy))


def test_a_letter_of_what_nobody_added_says_whom_to_ask():
    assert {
        "Ask who runs sightline to add its video; see docs/video.md",
        "Ask who runs sightline to add it; see docs/video.md",
    } <= {beside_buttons(each) for each in written()}
    assert "It must be put right on the server: tell who runs it" == beside_buttons("Run `sightline setup`")


@pytest.mark.parametrize("name", ["candidates_said.html", "dead.html", "dead_confirm.html", "dead_group.html"])
def test_no_page_on_which_something_is_done_names_the_command_that_does_it(name):
    assert "<code>sightline" not in (SOURCES / "web" / "templates" / name).read_text()


def test_what_the_buttons_do_is_said_in_their_words():
    assert "Fix the cause; then redrive it" == beside_buttons(Exhausted.remedy)
    assert "Upload it, or close it" == beside_buttons(ImageMissing.remedy)
    assert "A redrive starts the job once more" == beside_buttons("`sightline dead redrive` starts the job once more")
