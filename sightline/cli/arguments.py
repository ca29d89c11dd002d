"""What is wrong with an argument, whichever command it is for."""

import os
from collections.abc import Iterable

import click

from sightline.cli.output import printable


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise UsageError for one that is empty or no UTF-8: `--camera ""` would ask for every camera.

    A file may have any name, if it is there.
    """
    before = ""
    for each in arguments:
        if not each or (each.startswith("--") and each.endswith("=")):
            name = each or (before if before.startswith("-") else "an argument")
            remedy = "Leave it out, or see that its variable is set"
            raise click.UsageError(f"{name}: it must not be empty. {remedy}.")
        if not _is_utf8(each) and not os.path.lexists(each):
            raise click.UsageError(f"{printable(each)}: it must be UTF-8. Correct these bytes.")
        before = each


def _is_utf8(text: str) -> bool:
    """Say whether no byte had to be smuggled in, as Python does with those of the command line that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
