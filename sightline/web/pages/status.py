"""How it goes: what is wrong first, then every section of the status, refreshed while somebody looks."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.models.images import Lane
from sightline.queues.steps import lane_queue
from sightline.services.rejection_breaker import Group, close, resume
from sightline.storage.operations import Operations
from sightline.storage.pauses import Cause, Stop
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.acts import Acting
from sightline.web.console import Console, console_of
from sightline.web.errors import NoSuchPage
from sightline.web.rendering import page
from sightline.web.status_view import StatusView, view_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

StopId = Annotated[str, Query(max_length=4_096)]

LANES = {lane_queue("ingest", lane): lane for lane in Lane}


@router.get("/status")
@for_roles(Role.OPERATOR)
def show_status(request: Request) -> Response:
    """Show what is wrong, and every section with the time when it was read."""
    console = console_of(request)
    return page(request, "status.html", view=_view(console), other_pages=console.options.other_pages)


@router.get("/operators")
@for_roles(Role.OPERATOR)
def lead_to_status() -> Response:
    """Lead to the first page for operators."""
    return RedirectResponse("/status", HTTPStatus.SEE_OTHER)


@router.get("/status.json")
@for_roles(Role.OPERATOR)
def read_status(request: Request) -> StatusView:
    """Return what changes of the page, for its script."""
    return _view(console_of(request))


def _view(console: Console) -> StatusView:
    return view_of(console.status.read(), console.now)


@router.get("/status/resume")
@for_roles(Role.OPERATOR)
def ask_to_resume(request: Request, stop: StopId) -> Response:
    """Show what is stopped and why, before it is let go on."""
    return page(request, "resume.html", stop=_stop(stop, console_of(request).services.operations), stop_id=stop)


@router.post("/status/resume")
@for_roles(Role.OPERATOR)
def let_go_on(request: Request, stop: Annotated[str, Form(max_length=4_096)]) -> Response:
    """Let a lane or a camera go on. Its images that wait are sent by the reconciler within minutes."""
    console = console_of(request)
    operations = console.services.operations
    standing = _stop(stop, operations)
    acting = Acting("resume", standing.camera or standing.queue, visitor_of(request), console)
    acting.begin({"queue": standing.queue, "cause": str(standing.cause), "camera": standing.camera})
    lane = LANES[standing.queue]
    if standing.camera is None:
        was_stopped = resume(lane, operations)
    else:
        was_stopped = close(Group(lane, standing.camera), operations)
    acting.end({"was_stopped": was_stopped})
    console.status.forget("stopped", "refusing")
    return RedirectResponse("/status", HTTPStatus.SEE_OTHER)


def _stop(stop_id: str, operations: Operations) -> Stop:
    """Return a stop that somebody may end; raise NoSuchPage if it has ended."""
    for each in operations.pauses.stops():
        if each.stop_id == stop_id and each.cause in {Cause.BRAKE, Cause.CAMERA} and each.queue in LANES:
            return each
    raise NoSuchPage("This stop", rule="what is let go on must be stopped", remedy="It goes on already; see /status")
