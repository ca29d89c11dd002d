"""Rates: how fast each operation may be called, and an operator's own quota for it."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.ratelimit.gcra import LEAST_RATE
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.rates import LONGEST_REASON, MOST_PER_SECOND, change_rate

router = APIRouter(route_class=GuardedRoute)


class RateShape(BaseModel):
    """One operation, which features may share."""

    operation: str
    quota: float = Field(description="calls a second, configured or set by an operator")
    rate: float = Field(description="what is used of it now")
    reason: str
    changed_at: datetime | None


class RateList(BaseModel):
    """Every operation."""

    rates: list[RateShape]


class NewRate(BaseModel):
    """A quota for an operation."""

    operation: str = Field(max_length=100)
    per_second: float | None = Field(
        ge=LEAST_RATE, le=MOST_PER_SECOND, description="null: the configured one holds again"
    )
    because: str = Field(default="", max_length=LONGEST_REASON, description="needed unless it is reset")


@router.get("/rates")
@for_roles(Role.OPERATOR)
def list_rates(request: Request) -> RateList:
    """Return each operation's rate and quota, and why they are so."""
    return _rates(console_of(request))


@router.post("/rates")
@for_roles(Role.OPERATOR)
def set_rate(request: Request, new: NewRate) -> RateList:
    """Set an operation's quota for all processes at once, or reset it."""
    console = console_of(request)
    change_rate(new.operation, new.per_second, new.because, visitor_of(request), console)
    return _rates(console)


def _rates(console: Console) -> RateList:
    names = RateShape.model_fields
    rates = console.services.limiter.rates().values()
    return RateList(rates=[RateShape(**{name: getattr(each, name) for name in names}) for each in rates])
