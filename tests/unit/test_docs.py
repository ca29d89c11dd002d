"""Every command, module, path and link in the documentation exists; `tests/acceptance/test_docs.py` runs commands."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain

import click
import pytest

from sightline.cli import sightline
from tests.documents import (
    CHECKOUT,
    MOST_BYTES_OF_A_PICTURE,
    PAGES,
    PYTHON,
    SHELL,
    TEXT,
    blocks,
    commands,
    inline_commands,
)

FOLDERS = ("bench", "deploy", "dev", "docs", "sightline", "tasks", "tests", "workers")
PROGRAMS = {
    ".",
    "awk",
    "aws",
    "celery",
    "curl",
    "docker",
    "grep",
    "head",
    "kill",
    "make",
    "python",
    "sightline",
    "tail",
}

NOT_RUN = {
    "README.md": 3,
    "docs/comparing-faces.md": 2,
    "docs/console.md": 1,
    "docs/known-people.md": 1,
    "docs/events.md": 1,
    "docs/getting-started.md": 3,
    "docs/guarantees.md": 1,
    "docs/operating.md": 5,
    "docs/reviewing.md": 2,
    "docs/training-sets.md": 2,
    "docs/video.md": 2,
    "docs/walk-through.md": 1,
}
"""How many blocks of a page say that they are not run, and why."""

names = [str(page.relative_to(CHECKOUT)) for page in PAGES]
each_page = pytest.mark.parametrize("page", PAGES, ids=names)


def commands_of(page, program) -> Iterator[list[str]]:
    """Return the arguments of each use of a program, in blocks and in running text."""
    scripts = [block.body for block in blocks(page) if block.language == SHELL]
    found = chain(*map(commands, scripts), inline_commands(page, program))
    return (words[1:] for words in found if words[0] == program)


def parse(words):
    """Read the words as click does, without converting a value or running anything."""
    command: click.Command = sightline
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"there is no command {name}"
        command = found
    values, rest, _ = command.make_parser(click.Context(command)).parse_args(list(words))
    assert [] == rest, f"{words}: {rest} are too many"
    for each in command.params:
        is_missing = each.name not in values or each.value_is_missing(values[each.name])
        assert not (each.required and is_missing), f"{words} leave out {each.name}"


@each_page
def test_each_block_says_its_language(page):
    assert {block.language for block in blocks(page)} <= {SHELL, PYTHON, TEXT}


@each_page
def test_each_block_uses_programs_that_a_test_knows(page):
    found = chain(*(commands(block.body) for block in blocks(page) if block.language == SHELL))
    assert {words[0] for words in found} <= PROGRAMS


@each_page
def test_each_sightline_command_has_its_arguments_and_options(page):
    for words in commands_of(page, "sightline"):
        if words[-1] != "--help" and not is_mention(words):
            parse(words)


def is_mention(words):
    """Say whether running text only names a command, such as `sightline backfill`."""
    command: click.Command | None = sightline
    for name in words:
        command = command.get_command(click.Context(command), name) if isinstance(command, click.Group) else None
    return command is not None


@each_page
def test_each_make_target_exists(page):
    targets = re.findall(r"^([a-z][a-z %-]*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    known = set(" ".join(targets).split())
    for words in commands_of(page, "make"):
        wanted = [word for word in words if "=" not in word and not word.startswith("-")]
        assert {re.sub("^bench-.*", "bench-%", word) for word in wanted} <= known


@each_page
def test_each_module_that_is_run_exists(page):
    for words in commands_of(page, "python"):
        assert words[0] == "-m"
        assert find_spec(words[1])


@each_page
def test_each_named_path_exists(page):
    spans = re.findall(r"`([^`\s]+)`", page.read_text("utf-8"))
    paths = [span for span in spans if re.match(rf"(?:{'|'.join(FOLDERS)})/", span)]
    assert [] == [path for path in paths if not (CHECKOUT / path.partition(":")[0]).exists()]


@each_page
def test_each_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [] == [link for link in links if not (page.parent / link).exists()]


@each_page
def test_each_decision_has_the_number_of_its_file(page):
    links = re.findall(r"\[[Dd]ecision (\d+)\]\([^)]*?(\d{4})-", page.read_text("utf-8"))
    assert [] == [(named, file) for named, file in links if int(named) != int(file)]


def test_each_picture_is_small_and_shown_on_some_page():
    links = re.compile(r"!\[[^]]+\]\((?:docs/)?pictures/([^)]+)\)")  # each says in words what it shows
    shown = {name for page in PAGES for name in links.findall(page.read_text("utf-8"))}
    kept = {file.name: file.stat().st_size for file in (CHECKOUT / "docs" / "pictures").iterdir()}
    assert kept.keys() == shown
    assert max(kept.values()) <= MOST_BYTES_OF_A_PICTURE


@each_page
def test_each_python_block_compiles(page):
    for block in blocks(page):
        if block.language == PYTHON:
            compile(block.body, block.page, "exec")


def test_the_blocks_that_are_not_run_are_these():
    marked = {name: [block.why_not_run for block in blocks(page)] for name, page in zip(names, PAGES, strict=True)}
    counts = {name: sum(why is not None for why in reasons) for name, reasons in marked.items()}
    assert {name: count for name, count in counts.items() if count} == NOT_RUN


@pytest.mark.parametrize("words", [["shout"], ["status", "--loud"], ["show"], ["rate", "labels", "1", "--because"]])
def test_a_command_that_the_command_line_does_not_know_is_found(words):
    with pytest.raises((AssertionError, click.UsageError)):
        parse(words)


def test_commands_are_found_in_pipes_and_substitutions():
    script = "kill -9 \"$(make -s status | awk '{print $2}')\"  # a comment\nsightline add --from - < uris.txt > out\n"
    first = [["make", "-s", "status"], ["awk", "{print $2}"], ["kill", "-9", "substituted"]]
    assert [*first, ["sightline", "add", "--from", "-"]] == list(commands(script))
