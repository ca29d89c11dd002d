"""`python -m dev.settings_table`: print the Markdown table of the settings, generated from `Settings`.

`python -m dev.settings_table docs/settings.md` writes the table between the two markers of that file.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from sightline.config import Settings

BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"


def settings_table() -> str:
    """Return the Markdown table (name, default, meaning) in the order of the settings, ending with a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        yield f"| `SIGHTLINE_{name.upper()}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be set**"
    value = _plain(field.get_default(call_default_factory=True))
    return "" if value in {"None", ""} else f"`{_cell(value)}`"


def _plain(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_table(text: str) -> str:
    """Return `text` with the table between its markers. Raise ValueError if a marker is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text must hold {BEGIN} and, after it, {END}")
    return f"{before}{BEGIN}\n{settings_table()}{END}{after}"


def main(arguments: list[str]) -> int:
    """Print the table, or write it into the named files. Return the exit code."""
    if not arguments:
        print(settings_table(), end="")
    for path in map(Path, arguments):
        path.write_text(with_table(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
