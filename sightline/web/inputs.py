"""Inputs of requests that cannot be read: which they are, what each must be, and what to do, in our words.

To a program an input has the name that it sends. To a person it has the label that its page shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Any

API = "/api/"

DAY_RULE = "it must be a day of the calendar, written as 2026-11-27"
MONTH_RULE = "it must be a month of the calendar, written as 2026-11"
TIME_RULE = "it must be a time with its offset, written as 2026-11-27T07:58:11+01:00"

LABELS: Mapping[str, str] = {
    "at_least": "from %",
    "because": "Why",
    "below": "below %",
    "camera": "Camera",
    "day": "Last day",
    "days": "How many days it lasts",
    "hour": "Hour",
    "label": "Label",
    "name": "Name",
    "only": "Pictures",
    "per_second": "Quota, calls a second",
    "q": "In one line",
    "reason": "Why",
    "text": "Text",
    "threshold": "Positive from",
    "title": "What it is for",
    "weekday": "Weekday",
    "weeks": "Weeks",
    "window": "Days",
}
"""What stands beside a field on the pages that have it."""

LABELS_OF_PAGES: Mapping[tuple[str, str], str] = {
    ("/day", "day"): "Day",
    ("/months", "before"): "Before",
    ("/months", "after"): "After",
    ("/search", "since"): "Days from",
    ("/search", "until"): "to",
    ("/search", "at_least"): "Confidence from %",
    ("/dead", "since"): "Last seen from",
    ("/dead", "until"): "to",
    ("/review", "day"): "Last day; empty for the newest",
    ("/review", "window"): "Days up to it",
}
"""Where a page calls it otherwise, or other pages have it in no field: there `before` is where a list goes on."""

WITHOUT_FIELDS = frozenset({"/review/left"})
"""Pages that read what another page's form has, and have no form: there it is corrected in the address."""

EXPLAINED: Mapping[str, str] = {
    "act": "redrive or close",
    "content": "the SHA-256 of the picture's bytes",
    "id": "an image's address, such as s3://bucket/key",
    "side": "before or next",
    "stop": "which stop is meant",
}
"""What an input is that no form asks for."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is told of inputs that cannot be read."""

    what: str
    why: str
    remedy: str


def day_of(written: str) -> str:
    """Return a day as it is written. Raise ValueError if it is none whose neighbours can be told."""
    if len(written) != len("2026-11-27") or not _is_day(written) or _is_at_an_end(written):
        raise ValueError(DAY_RULE)
    return written


def day_or_empty(written: str) -> str:
    """Return the same of a field of a form, which sends an empty text for none."""
    return day_of(written) if written else written


def month_of(written: str) -> str:
    """Return a month as it is written. Raise ValueError if it is none whose days and neighbours can be told."""
    if len(written) != len("2026-11") or not _is_day(f"{written}-01") or _is_at_an_end(written):
        raise ValueError(MONTH_RULE)
    return written


def _is_at_an_end(written: str) -> bool:
    """Return whether this is in the first or last year that days are told in: a month from it there may be none."""
    return written[:4] in {"0001", str(MAXYEAR)}


def _is_day(written: str) -> bool:
    try:
        return date.fromisoformat(written).isoformat() == written  # not 2026-W48-5, which is as long
    except ValueError:
        return False


def wrong_inputs(errors: Sequence[Mapping[str, Any]], path: str) -> Wrong:
    """Return what to tell of a request to this address. A body that is missing, or no JSON at all, has no name."""
    is_program = path.startswith(API) or not path
    told = [(_name_of(each), each) for each in errors]
    shown = {name: name if is_program else _label(name, path) or name for name, _ in told if name}
    rules = [(shown.get(name, ""), _rule(each, name)) for name, each in told]
    why = rules[0][1] if len(rules) == 1 else "; ".join(f"{rule} ({name})" if name else rule for name, rule in rules)
    is_labelled = not is_program and any(_label(name, path) for name in shown)
    what = _subject([*shown.values()], is_labelled=is_labelled)
    return Wrong(what, why, _remedy(told, path, is_labelled=is_labelled))


def _name_of(error: Mapping[str, Any]) -> str:
    return "" if error["type"] == "json_invalid" else " ".join(str(part) for part in error["loc"][1:])


def _label(name: str, path: str) -> str | None:
    return None if path in WITHOUT_FIELDS else LABELS_OF_PAGES.get((path, name)) or LABELS.get(name)


def _subject(names: Sequence[str], *, is_labelled: bool) -> str:
    if not names:
        return "The request"
    kind = "field" if is_labelled else "input"
    written = [f"“{name}”" for name in names] if is_labelled else names
    return f"The {kind}{'s' if len(names) > 1 else ''} {', '.join(written)}"


def _remedy(told: Sequence[tuple[str, Mapping[str, Any]]], path: str, *, is_labelled: bool) -> str:
    are_missing = all(error["type"] == "missing" for _, error in told)
    if path.startswith(API) or not path:
        return f"{'Send' if are_missing else 'Correct'} {'it' if len(told) == 1 else 'them'}; /api describes each"
    if is_labelled:
        what = "it" if len(told) == 1 else "them"
        return f"Go back and {f'fill {what} in' if are_missing else f'correct {what}'}"
    if any(error["loc"][0] == "body" for _, error in told):
        return "Go back to the page and send its form again"
    return "Open it by a link of the console, whose address is whole" if are_missing else "Correct the address"


def _rule(error: Mapping[str, Any], name: str) -> str:
    kind, given = str(error["type"]), error.get("ctx", {})
    if kind == "missing":
        return f"it must be given: {EXPLAINED[name]}" if name in EXPLAINED else "it must be given"
    if kind in _RULES:
        return _RULES[kind].format_map(given) if given else _RULES[kind]
    family = next((rule for start, rule in _FAMILIES if kind.startswith(start)), None)
    return family or str(error["msg"]).removeprefix("Value error, ")


_RULES: Mapping[str, str] = {
    "string_too_long": "it may have at most {max_length:,} characters",
    "string_too_short": "it must have at least {min_length:,} characters",
    "too_long": "there may be at most {max_length:,} of them",
    "too_short": "there must be at least {min_length:,} of them",
    "greater_than_equal": "it must be {ge:g} or more",
    "less_than_equal": "it must be {le:g} or less",
    "literal_error": "it must be one of {expected}",
    "enum": "it must be one of {expected}",
    "string_pattern_mismatch": "it must be one that was given out here",
    "json_invalid": "it must be JSON",
    "finite_number": "it must be a number",
    "value_error": "{error}",
}
"""By pydantic's kinds of errors, with what it tells of each."""

_FAMILIES = (
    ("int_", "it must be a whole number"),
    ("float_", "it must be a number"),
    ("bool_", "it must be true or false"),
    ("string_", "it must be text"),
    ("list_", "it must be a list"),
    ("datetime_", TIME_RULE),
    ("timezone_", TIME_RULE),
    ("date_", DAY_RULE),
    ("model_", "it must be an object of JSON"),
    ("dict_", "it must be an object of JSON"),
)
"""By how the names of the kinds begin."""
