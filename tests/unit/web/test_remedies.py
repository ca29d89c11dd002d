"""What to do about an error is said on a page without the words of a command line."""

import re
from collections.abc import Iterator

import pytest

import sightline.web.app  # noqa: F401 - what the console can raise is loaded
from sightline.errors import Exhausted, ImageMissing, RejectedError, SightlineError, Unavailable
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


@pytest.mark.parametrize("kind", [*dict.fromkeys(kinds(RejectedError))])
def test_a_dead_letter_names_no_command_beside_its_buttons(kind):
    assert "`sightline" not in beside_buttons(kind.remedy)


def test_what_the_buttons_do_is_said_in_their_words():
    assert "Fix the cause; then redrive it" == beside_buttons(Exhausted.remedy)
    assert "Upload it, or close it" == beside_buttons(ImageMissing.remedy)
    assert "A redrive starts the job once more" == beside_buttons("`sightline dead redrive` starts the job once more")
