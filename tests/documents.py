"""The fenced blocks of the documentation, as its tests read them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]

MOST_BYTES_OF_A_PICTURE = 60_000
"""Every clone has every version of each."""

SHELL, PYTHON, TEXT = "sh", "python", "text"

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
_ASSIGNMENT = re.compile(r"^[A-Z_]+=")
_SUBSTITUTION = re.compile(r'"?\$\((?P<command>[^()]*)\)"?')
_ENDS_A_COMMAND = {"|", "||", "&&", ";"}
_STARTS_A_FILE = {">", ">>", "<"}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. why_not_run: the reason in the comment above it, or None if it is run."""

    page: str
    language: str
    body: str
    why_not_run: str | None


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    name = str(page.relative_to(CHECKOUT))
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(name, each["language"], each["body"], each["why"]) for each in found]


def commands(script: str) -> Iterator[list[str]]:
    """Yield the simple commands of a script as words, those in `$(…)` included, without redirections."""
    for line in script.splitlines():
        for inner in _SUBSTITUTION.finditer(line):
            yield from commands(inner["command"])
        yield from _simple(_SUBSTITUTION.sub("substituted", line))


def _simple(line: str) -> Iterator[list[str]]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    words: list[str] = []
    is_file = False
    for word in reader:
        if word in _ENDS_A_COMMAND:
            yield from [words] if words else []
            words = []
        elif is_file or word in _STARTS_A_FILE:
            is_file = not is_file
        elif words or not _ASSIGNMENT.match(word):
            words.append(word)
    yield from [words] if words else []


def inline_commands(page: Path, program: str) -> list[list[str]]:
    """Return the words of every `program …` in running text, except those that leave something out with `…`."""
    prose = _BLOCK.sub("", page.read_text("utf-8"))
    spans = re.findall(rf"`({program} [^`\n]+)`", prose)
    return [shlex.split(span) for span in spans if "…" not in span]
