"""Status: what `sightline status --json` prints. What is costly to read is read seldom, and tells when it was."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.answers import Json
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import console_of

router = APIRouter(route_class=GuardedRoute)


class Status(BaseModel):
    """The state of every part."""

    as_of: datetime = Field(description="of the section that was read first")
    read_at: dict[str, datetime] = Field(description="when each section was read")
    sections: dict[str, Json] = Field(description="by name; one whose server is away holds `error` alone")


@router.get("/status")
@for_roles(Role.OPERATOR)
def get_status(request: Request) -> Status:
    """Return images by state, queues, calls, cost, rates, the graph and dead letters."""
    read = console_of(request).status.read(whole=True)
    there = {name: each for name, each in read.items() if each is not None}
    return Status(
        as_of=min(each.at for each in there.values()),
        read_at={name: each.at for name, each in there.items()},
        sections={name: jsonable_encoder(each.section) for name, each in there.items()},
    )
