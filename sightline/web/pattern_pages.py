"""What the pages of patterns have in common: their fields, and what they say if a store is away."""

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.errors import SightlineError
from sightline.web.console import Console, console_of
from sightline.web.days import known_days
from sightline.web.errors import problem_of
from sightline.web.patterns import USUAL_LEAST, Counted, days_up_to
from sightline.web.rendering import page
from sightline.web.sought import Day, Name, Percent, Word

WEEKS = ("1", "4", "12")
"""Whole weeks, so that each weekday is there equally often."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a page. day: the last one; the newest that has pictures, if none is named."""

    label: Word = None
    camera: Name = None
    weeks: Annotated[Literal["1", "4", "12"], Query()] = "4"
    day: Day = None
    at_least: Percent = None

    def filled(self, console: Console) -> "Asked":
        """Return them with the first watched label, and with its threshold, where none is named."""
        plan = console.services.accuracy
        label = self.label or plan.rules[0].label
        threshold = plan.threshold_of(label)
        usual = USUAL_LEAST if threshold is None else threshold
        return replace(self, label=label, at_least=usual if self.at_least is None else self.at_least)

    def counted(self, console: Console, *, with_confidence: bool = True) -> Counted | None:
        """Return what is to be counted; None if there are no pictures at all."""
        days = days_up_to(self.day, 7 * int(self.weeks), self.camera, console)
        if days is None or self.label is None:
            return None
        return Counted(self.label, self.camera, days, self.at_least or 0 if with_confidence else 0)


def pattern_page(request: Request, template: str, asked: Any, status: int = 200, **values: Any) -> Response:
    """Return a page of patterns."""
    console = console_of(request)
    usual: dict[str, Any] = {
        "asked": asked,
        "cameras": [*known_days(console)],
        "watched": [rule.label for rule in console.services.accuracy.rules],
        "weeks": WEEKS,
        "problem": None,
    }
    return page(request, template, status, **(usual | values))


def problem_page(request: Request, template: str, asked: Any, error: SightlineError, **values: Any) -> Response:
    """Return the page with its fields and what is wrong, such as a store that is away."""
    problem = problem_of(error)
    fields = {"weeks": None} | {name: value for name, value in asdict(asked).items() if value is not None}
    answer = pattern_page(request, template, asked, problem.status, problem=problem, fields=fields, **values)
    if problem.retry_after is not None:
        answer.headers["retry-after"] = str(problem.retry_after)
    return answer
