"""Status: what `sightline status --json` prints, read at most every ten seconds."""

from datetime import datetime

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.requests import Request

from sightline.models.answers import Json
from sightline.services.status import status_report
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.console import Console, console_of

router = APIRouter(route_class=GuardedRoute)


class Status(BaseModel):
    """The state of every part."""

    as_of: datetime
    sections: dict[str, Json] = Field(description="by name; one whose server is away holds `error` alone")


@router.get("/status")
@for_roles(Role.OPERATOR)
def get_status(request: Request) -> Status:
    """Return images by state, queues, calls, cost, rates, the graph and dead letters."""
    return read_status(console_of(request))


def read_status(console: Console) -> Status:
    """Return the status; what was read within ten seconds serves all who ask, and one reads at a time."""
    with console.status_read:
        kept = console.status.get("")
        if kept is None:
            sections = jsonable_encoder(status_report(console.services))
            kept = console.status.keep("", (console.now, sections))
    return Status(as_of=kept[0], sections=kept[1])
