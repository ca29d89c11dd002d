"""What the review says where it has no picture to ask about, and where a reviewer can go on.

Nothing is asked of a store for it: whether a way on has pictures left is known only once its days are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sightline.services.review import NothingToReview
from sightline.services.review_batches import (
    HELD,
    AllReviewed,
    HeldByOthers,
    NotPlanned,
    OfAllCameras,
    PlanUsedUp,
    Wanted,
)
from sightline.services.review_planning import NAME as PLANNING
from sightline.services.rollups.run import NAME as FIGURES
from sightline.services.schedule import SCHEDULE, spell_schedule
from sightline.stats.windows import LONGEST_WINDOW_DAYS, WINDOW_DAYS, days_of
from sightline.web.console import Console
from sightline.web.days import known_days
from sightline.web.rendering import link
from sightline.web.scopes import last_days, named, scope_of

Why: TypeAlias = Literal["reviewed", "held", "none", "plan", "used", "all", "second"]
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


def place_of(wanted: Wanted, error: NothingToReview | NotPlanned, tried: int) -> str:
    """Return the address of the page that says why nothing is left of what was wanted.

    tried: the longest window of all cameras up to the newest day whose every picture is reviewed or held by others
    """
    why: Why = "none"
    match error:
        case AllReviewed():
            why = "reviewed"
        case HeldByOthers():
            why = "held"
        case OfAllCameras():
            why = "all"
        case PlanUsedUp():
            why = "used"
        case NotPlanned():
            why = "plan"
    query = {"label": wanted.label, "camera": wanted.camera, "day": wanted.day, "window": wanted.window_days}
    return link("/review/left", why=why, **query, tried=tried or None)


def nothing_left(why: Why, wanted: Wanted, tried: int, console: Console) -> NothingLeft:
    """Say why nothing is left of what was wanted."""
    if why == "second":
        said = f"No image waits for a second look of yours, or what waits is {HELD}."
        return NothingLeft("no second look", said, is_done=False, ways=[])
    days = _days(wanted, console)
    last = wanted.day or next(iter(days), None)
    title, said = _words(why, wanted, scope_of(wanted.camera, last, wanted.window_days))
    is_newest = wanted.camera is None and last == next(iter(days), None)
    if wanted.window_days < LONGEST_WINDOW_DAYS and is_newest:
        tried = max(tried, wanted.window_days)
    ways = _ways(why, wanted, last, days, tried if is_newest else 0) if last is not None else ()
    return NothingLeft(title, said, why == "reviewed", [_remembering(tried, way) for way in ways])


def _words(why: Why, wanted: Wanted, scope: str) -> tuple[str, str]:
    match why:
        case "reviewed":
            return "all reviewed", f"{scope}: every picture that was to be looked at has been."
        case "held":
            return "the rest is in another batch", f"{scope}: what is left is {HELD}."
        case "plan":
            said = (
                f"They are planned {_often(PLANNING)}, from the figures of all cameras up to the last day that is over."
            )
            return f"{wanted.window_days} days are not planned yet", said
        case "used":
            figures = f"from the next figures: these are made {_often(FIGURES)}, and the plan {_often(PLANNING)}"
            said = f"{scope}: what is planned is answered, or is {HELD}. More is planned {figures}."
            return "no more is planned yet", said
        case "all":
            said = "It ends with the last day that is over. A camera or a day can be chosen with fewer days."
            return f"A review of {wanted.window_days} days covers all cameras", said
    return "no picture to review", f"{scope}: there is no analysed picture."


def _often(task: str) -> str:
    return spell_schedule(SCHEDULE[task]["schedule"])


def _days(wanted: Wanted, console: Console) -> list[str]:
    """Return the days with pictures, the newest first; of the camera, if one is named."""
    known = known_days(console)
    if wanted.camera is not None:
        return known.get(wanted.camera, [])
    return sorted({day for days in known.values() for day in days}, reverse=True)


def _ways(why: Why, wanted: Wanted, last: str, days: Sequence[str], tried: int) -> Iterator[Way]:
    """Yield the ways on: a longer window, the day before, and the longest of all, which needs a plan.

    Where that has no plan, or no more of it, the windows that need none and have not been tried.
    tried: the longest that has been, of this camera up to this last day
    """
    if why == "all":
        yield _all_cameras(wanted)
    shortest = tried if why in {"plan", "used", "all"} else wanted.window_days
    yield from (_window(wanted, last, window) for window in WINDOW_DAYS if shortest < window < LONGEST_WINDOW_DAYS)
    if wanted.window_days == LONGEST_WINDOW_DAYS:
        return
    first = days_of(last, wanted.window_days)[0]
    earlier = next((day for day in days if day < first), None)
    if earlier is not None:
        yield _window(wanted, earlier, 1)
    yield _all_cameras(wanted)


def _window(wanted: Wanted, last: str, window: int) -> Way:
    words = named(last) if window == 1 else f"the {window} days up to {named(last)}"
    return Way(f"Review {words}", _form(wanted, last, window))


def _all_cameras(wanted: Wanted) -> Way:
    window = LONGEST_WINDOW_DAYS
    return Way(f"Review {last_days(window)} of all cameras", {"label": wanted.label, "window": window})


def _remembering(tried: int, way: Way) -> Way:
    """Have a way on send what has been tried, so that no later page leads back there."""
    return Way(way.words, {**way.form, "tried": tried}) if tried else way


def _form(wanted: Wanted, day: str, window: int) -> dict[str, str | int]:
    return {"label": wanted.label, "camera": wanted.camera or "", "day": day, "window": window}
