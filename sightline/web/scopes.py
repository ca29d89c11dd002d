"""From what the review's pictures are chosen, in words: a camera or all, and days."""

from datetime import date

from sightline.stats.windows import LONGEST_WINDOW_DAYS
from sightline.storage.users.batches import Batch
from sightline.web.rendering import link
from sightline.web.times import long_day


def scope_of(camera: str | None, last: str | None, window: int) -> str:
    """Return `gate, the 7 days up to Sun 29 Nov 2026`. last: None if there is no day yet."""
    of = camera or "All cameras"
    if window == LONGEST_WINDOW_DAYS or last is None:
        return f"{of}, {last_days(window)}"
    if window == 1:
        return f"{of}, {named(last)}"
    return f"{of}, the {window} days up to {named(last)}"


def last_days(window: int) -> str:
    """Return `the last 28 days`."""
    return "the newest day" if window == 1 else f"the last {window} days"


def named(day: str) -> str:
    """Return `Sun 29 Nov 2026`."""
    return long_day(date.fromisoformat(day))


def batch_scope(batch: Batch) -> str:
    """Return from what a batch was chosen, for the middle of a sentence; nothing if an older version began it."""
    chosen = batch.chosen_from
    if chosen is None:
        return ""
    if chosen.is_second:
        return "second looks"
    return scope_of(chosen.camera or "all cameras", chosen.day, chosen.window_days)


def next_form(batch: Batch) -> tuple[str, dict[str, str | int]]:
    """Return where the form of the next batch is sent, and what it says: the same camera and days, or second looks."""
    chosen = batch.chosen_from
    if chosen is None:
        return "/review", {"label": batch.label}
    if chosen.is_second:
        return "/review/second", {"label": batch.label}
    days: dict[str, str | int] = {"day": chosen.day or "", "window": chosen.window_days}
    return "/review", {"label": batch.label, "camera": chosen.camera or "", **days}


def other_choice(batch: Batch) -> str:
    """Return the address where something else is chosen, with the batch's choice to begin with."""
    place, form = next_form(batch)
    return place if place != "/review" else link(place, **{name: value or None for name, value in form.items()})
