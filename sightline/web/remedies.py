"""What to do about an error, as a page says it: its own words, unless they name a command of a server."""

import re

from sightline.errors import ConfigurationError, ImageMissing, InvalidVerdict, RetryableError, SightlineError
from sightline.services.by_hand import TakenElsewhere
from sightline.services.people.reviewing import NoCandidate
from sightline.services.review import NothingToReview
from sightline.services.rollups.report import NoFigures
from sightline.services.users import InvalidUser, NoSuchUser

_COMMANDS = re.compile(r"`(sightline|users|make|celery) |(?<!\S)--\w")

_ON_THE_SERVER = "It must be put right on the server: tell who runs it"

_ON_PAGES: tuple[tuple[type[SightlineError], str], ...] = (
    (NoFigures, "Choose another last day, camera or number of days, or come back when the day has ended"),
    (NothingToReview, "Choose other days, or another camera"),
    (NoCandidate, "Go on with the next"),
    (NoSuchUser, "Choose one of those that are listed under People"),
    (InvalidUser, "Choose another name, or draw another password for the user who has it, under People"),
    (InvalidVerdict, "Check the address of the image; it must have been added"),
    (ImageMissing, "Check its address, or ask who runs sightline to add it"),
    (TakenElsewhere, "Try again in a minute or two"),
    (RetryableError, "Try again in a few seconds; if it stays so, tell an operator"),
    (ConfigurationError, _ON_THE_SERVER),
)
"""The first that fits says it."""


_BUTTONS = {
    "run `sightline dead redrive`": "redrive it",
    "`sightline dead redrive` starts": "a redrive starts",
    "close its dead letter with `sightline dead close`": "close it",
    "Look at the image with `sightline show`": "Look at the image",
    "Add its video with `sightline add`": "Ask who runs sightline to add its video",
    "Add it with `sightline add`": "Ask who runs sightline to add it",
}
"""What pages about dead letters have buttons and links for, and what others have to do."""


def beside_buttons(remedy: str) -> str:
    """Return what to do about a dead letter, as it is said where it can be done."""
    for command, words in _BUTTONS.items():
        remedy = remedy.replace(command, words)
    if _COMMANDS.search(remedy):
        return _ON_THE_SERVER
    return remedy[:1].upper() + remedy[1:]


def remedy_of(error: SightlineError) -> str:
    """Return what to do about an error, without commands and their options."""
    if not _COMMANDS.search(error.remedy):
        return error.remedy
    return next((words for kind, words in _ON_PAGES if isinstance(error, kind)), "Tell an operator")
