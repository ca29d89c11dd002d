"""What the review says where it has no picture to ask about, and where a reviewer can go on.

Nothing is asked of a store for it: whether a way on has pictures left is known only once its days are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sightline.services.review import NothingToReview
from sightline.services.review_batches import AllReviewed, HeldByOthers, NotPlanned, Wanted
from sightline.stats.windows import WINDOW_DAYS, days_of
from sightline.web.console import Console
from sightline.web.days import known_days
from sightline.web.rendering import link
from sightline.web.scopes import LONGEST, last_days, named, scope_of

Why: TypeAlias = Literal["reviewed", "held", "none", "plan", "second"]
"""Why nothing is asked about. It stands in the page's address, so that *back* and a reload send no form again."""


@dataclass(frozen=True, slots=True)
class Way:
    """A button that starts another batch. form: what it sends."""

    words: str
    form: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class NothingLeft:
    """The page's words, and the ways on. is_done: everything was answered, so it is no disappointment."""

    title: str
    said: str
    is_done: bool
    ways: Sequence[Way]


def place_of(wanted: Wanted, error: NothingToReview | NotPlanned) -> str:
    """Return the address of the page that says why nothing is left of what was wanted."""
    why: Why = "none"
    match error:
        case AllReviewed():
            why = "reviewed"
        case HeldByOthers():
            why = "held"
        case NotPlanned():
            why = "plan"
    query = {"label": wanted.label, "camera": wanted.camera, "day": wanted.day, "window": wanted.window_days}
    return link("/review/left", why=why, **query)


def nothing_left(why: Why, wanted: Wanted, console: Console) -> NothingLeft:
    """Say why nothing is left of what was wanted."""
    if why == "second":
        said = "No image waits for a second look of yours, or another reviewer has them in a batch."
        return NothingLeft("no second look", said, is_done=False, ways=[])
    days = _days(wanted, console)
    last = wanted.day or next(iter(days), None)
    title, said = _words(why, wanted, scope_of(wanted.camera, last, wanted.window_days))
    ways = _ways(why, wanted, last, days) if last is not None else ()
    return NothingLeft(title, said, why == "reviewed", list(ways))


def _words(why: Why, wanted: Wanted, scope: str) -> tuple[str, str]:
    match why:
        case "reviewed":
            return "all reviewed", f"{scope}: every picture that was to be looked at has been."
        case "held":
            return "another reviewer has the rest", f"{scope}: what is left is in another reviewer's batch."
        case "plan":
            rule = f"{NotPlanned.rule[:1].upper()}{NotPlanned.rule[1:]}"
            return f"{wanted.window_days} days are not planned yet", f"{rule}. {NotPlanned.remedy}."
    return "no picture to review", f"{scope}: there is no analysed picture."


def _days(wanted: Wanted, console: Console) -> list[str]:
    """Return the days with pictures, the newest first; of the camera, if one is named."""
    known = known_days(console)
    if wanted.camera is not None:
        return known.get(wanted.camera, [])
    return sorted({day for days in known.values() for day in days}, reverse=True)


def _ways(why: Why, wanted: Wanted, last: str, days: Sequence[str]) -> Iterator[Way]:
    """Yield the ways on: a longer window, the day before, and the longest of all, which needs a plan.

    Where that has no plan, the windows that need none.
    """
    for window in WINDOW_DAYS:
        if window != LONGEST and (window > wanted.window_days or why == "plan"):
            words = named(last) if window == 1 else f"the {window} days up to {named(last)}"
            yield Way(f"Review {words}", _form(wanted, last, window))
    if wanted.window_days == LONGEST:
        return
    first = days_of(last, wanted.window_days)[0]
    earlier = next((day for day in days if day < first), None)
    if earlier is not None:
        yield Way(f"Review {named(earlier)}", _form(wanted, earlier, 1))
    yield Way(f"Review {last_days(LONGEST)} of all cameras", {"label": wanted.label, "window": LONGEST})


def _form(wanted: Wanted, day: str, window: int) -> dict[str, str | int]:
    return {"label": wanted.label, "camera": wanted.camera or "", "day": day, "window": window}
