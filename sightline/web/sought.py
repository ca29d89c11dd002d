"""What a search asks for: the fields of a form, which its address keeps."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, Field

from sightline.models.answers import Json
from sightline.web.errors import InvalidRequest


def none_if_empty(value: Any) -> Any:
    """Return None for a field that a form sends empty."""
    return None if value == "" else value


SHORTEST_TEXT = 2
WALK = 20_000
"""Images that one query looks through for those with a label: about a seventh of a second, however many there are."""

Empty = BeforeValidator(none_if_empty)

Name = Annotated[Annotated[str, Field(max_length=2_048)] | None, Empty, Query()]
Word = Annotated[Annotated[str, Field(max_length=200)] | None, Empty, Query()]
Day = Annotated[date | None, Empty, Query()]
WholePercent = Annotated[int, BeforeValidator(lambda value: 0 if value == "" else value), Query(ge=0, le=100)]
"""A confidence that filters nothing at 0, nor where its field was emptied."""

Percent = Annotated[Annotated[float, Field(ge=0, le=100)] | None, Empty, Query()]
Weekday = Annotated[Annotated[int, Field(ge=1, le=7)] | None, Empty, Query()]
Hour = Annotated[Annotated[int, Field(ge=0, le=23)] | None, Empty, Query()]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which images are wanted. weekday: 1 is Monday; it and the hour are those of the camera's own clock.

    at_least, below: confidence of label and text in percent
    """

    label: Word = None
    text: Word = None
    camera: Name = None
    since: Day = None
    until: Day = None
    at_least: Percent = None
    below: Percent = None
    weekday: Weekday = None
    hour: Hour = None

    @property
    def is_complete(self) -> bool:
        """Return whether it asks for something that was found: all pictures of a day are on the day's page."""
        return self.label is not None or self.text is not None

    @property
    def query(self) -> str:
        """Return the name of the graph's query."""
        return "newest-with-label" if self.text is None else "images-with-text"

    @property
    def given(self) -> dict[str, Any]:
        """Return the fields that are given, as an address has them."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}

    def parameters(self) -> dict[str, Json]:
        """Return the query's parameters."""
        asked: dict[str, Json] = {
            "label": self.label,
            "camera": self.camera,
            "first": self.since.isoformat() if self.since else None,
            "last": self.until.isoformat() if self.until else None,
            "at_least": self.at_least or 0,
            "below": self.below,
            "weekday": self.weekday,
            "hour": self.hour,
        }
        return {**asked, "walk": WALK} if self.text is None else {**asked, "text": self.text}

    def looser(self) -> list[tuple[str, "Sought"]]:
        """Return what may be left out of it if nothing is found, each with the search that is left."""
        parts: tuple[tuple[str, tuple[str, ...]], ...] = (
            ("any confidence", ("at_least", "below")),
            ("all cameras", ("camera",)),
            ("all days", ("since", "until")),
            ("all hours", ("weekday", "hour")),
        )
        if self.label is not None and self.text is not None:
            parts += (("any text", ("text",)), ("any label", ("label",)))
        return [
            (words, replace(self, **dict.fromkeys(names)))
            for words, names in parts
            if any(getattr(self, name) for name in names) or ("hour" in names and self.hour is not None)
        ]


def require_sense(sought: Sought) -> None:
    """Raise InvalidRequest for days that end before they begin, and for a text that is in nearly every line."""
    since, until = sought.since, sought.until
    if since is not None and until is not None and until < since:
        rule = "the last day must not be before the first"
        raise InvalidRequest(f"{since} to {until}", rule=rule, remedy="Swap the days")
    if sought.text is not None and len(sought.text.strip()) < SHORTEST_TEXT:
        raise InvalidRequest(
            "The text", rule=f"it must have {SHORTEST_TEXT} characters or more", remedy="Write more of it"
        )
