"""How fast each operation may be called: set or reset for all processes at once, with a reason and in the log."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.ratelimit.gcra import LEAST_RATE
from sightline.rekognition.features import all_features
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.rates import LONGEST_REASON, MOST_PER_SECOND, change_rate
from sightline.web.rendering import link, page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


class RateForm(BaseModel):
    """A quota for an operation."""

    operation: str = Field(max_length=100)
    per_second: float = Field(ge=LEAST_RATE, le=MOST_PER_SECOND)
    because: str = Field(default="", max_length=LONGEST_REASON)


class ResetForm(BaseModel):
    """An operation whose configured quota holds again."""

    operation: str = Field(max_length=100)


@router.get("/rates")
@for_roles(Role.OPERATOR)
def show_rates(request: Request, changed: str | None = None) -> Response:
    """Show each operation's rate now, its quota, and why they are so."""
    rates = console_of(request).services.limiter.rates()
    features: dict[str, list[str]] = {}
    for name, feature in all_features().items():
        features.setdefault(feature.operation, []).append(name)
    return page(
        request,
        "rates.html",
        rates=rates,
        features=features,
        changed=changed if changed in rates else None,
        longest=LONGEST_REASON,
    )


@router.post("/rates")
@for_roles(Role.OPERATOR)
def set_rate(request: Request, form: Annotated[RateForm, Form()]) -> Response:
    """Set a quota for all processes."""
    change_rate(form.operation, form.per_second, form.because, visitor_of(request), console_of(request))
    return _back(form.operation)


@router.post("/rates/reset")
@for_roles(Role.OPERATOR)
def reset_rate(request: Request, form: Annotated[ResetForm, Form()]) -> Response:
    """Go back to the configured quota."""
    change_rate(form.operation, None, "", visitor_of(request), console_of(request))
    return _back(form.operation)


def _back(operation: str) -> Response:
    return RedirectResponse(link("/rates", changed=operation), HTTPStatus.SEE_OTHER)
