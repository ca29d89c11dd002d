"""What the review says where it has no picture to ask about, and where a reviewer can go on.

Nothing is asked of a store for it: whether a way on has pictures left is known only once its days are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from sightline.services.review import NothingToReview
from sightline.services.review_batches import AllReviewed, HeldByOthers, NotPlanned, Wanted
from sightline.stats.windows import WINDOW_DAYS, days_of
from sightline.web.console import Console
from sightline.web.days import known_days
from sightline.web.times import long_day

LONGEST = max(WINDOW_DAYS)


@dataclass(frozen=True, slots=True)
class Way:
    """A button that starts another batch. form: what it sends."""

    words: str
    form: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class NothingLeft:
    """The page's words, and the ways on. is_done: everything is answered; status: 422 of what never could be asked."""

    title: str
    said: str
    is_done: bool
    status: HTTPStatus
    ways: Sequence[Way]


def nothing_left(wanted: Wanted, why: NothingToReview | NotPlanned, console: Console) -> NothingLeft:
    """Say why nothing is left of what was wanted."""
    days = _days(wanted, console)
    last = wanted.day or next(iter(days), None)
    scope = _scope(wanted, last)
    match why:
        case AllReviewed():
            title, said = "All reviewed", f"{scope}: every picture that was to be looked at has been."
        case HeldByOthers():
            title, said = "Another reviewer is at it", f"{scope}: what is left is in another reviewer's batch."
        case NotPlanned():
            title, said = f"{wanted.window_days} days are not planned yet", f"{_sentence(why.rule)} {why.remedy}."
        case _:
            title, said = "No picture to review", f"{scope}: there is no analysed picture."
    narrower = isinstance(why, NotPlanned)
    ways = [*_windows(wanted, last, narrower=narrower), *_before(wanted, last, days)]
    status = HTTPStatus.OK if isinstance(why, AllReviewed | HeldByOthers) else HTTPStatus.UNPROCESSABLE_ENTITY
    return NothingLeft(title, said, isinstance(why, AllReviewed), status, ways)


def _days(wanted: Wanted, console: Console) -> list[str]:
    """Return the days with pictures, the newest first; of the camera, if one is named."""
    known = known_days(console)
    if wanted.camera is not None:
        return known.get(wanted.camera, [])
    return sorted({day for days in known.values() for day in days}, reverse=True)


def _scope(wanted: Wanted, last: str | None) -> str:
    of = wanted.camera or "All cameras"
    if wanted.window_days == LONGEST or last is None:
        return f"{of}, {_last_days(wanted.window_days)}"
    if wanted.window_days == 1:
        return f"{of}, {_named(last)}"
    return f"{of}, the {wanted.window_days} days up to {_named(last)}"


def _windows(wanted: Wanted, last: str | None, *, narrower: bool) -> Iterator[Way]:
    """Yield the other windows: longer ones, or those that need no plan. The longest is of all cameras, up to now."""
    for window in WINDOW_DAYS:
        if last is None or (window >= wanted.window_days if narrower else window <= wanted.window_days):
            continue
        if window == LONGEST:
            yield Way(f"Review {_last_days(window)} of all cameras", {"label": wanted.label, "window": window})
        else:
            words = _named(last) if window == 1 else f"the {window} days up to {_named(last)}"
            yield Way(f"Review {words}", _form(wanted, last, window))


def _before(wanted: Wanted, last: str | None, days: Sequence[str]) -> Iterator[Way]:
    """Yield the newest day with pictures before the window."""
    if last is None or wanted.window_days == LONGEST:
        return
    first = days_of(last, wanted.window_days)[0]
    earlier = next((day for day in days if day < first), None)
    if earlier is not None:
        yield Way(f"Review {_named(earlier)}", _form(wanted, earlier, 1))


def _form(wanted: Wanted, day: str, window: int) -> dict[str, str | int]:
    return {"label": wanted.label, "camera": wanted.camera or "", "day": day, "window": window}


def _last_days(window: int) -> str:
    return "the newest day" if window == 1 else f"the last {window} days"


def _named(day: str) -> str:
    return long_day(date.fromisoformat(day))


def _sentence(rule: str) -> str:
    return f"{rule[:1].upper()}{rule[1:]}."
