"""Users of the console: roles, another password, signing out everywhere, and removal."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import console_of
from sightline.web.errors import InvalidRequest
from sightline.web.people import (
    LOOKED_AT,
    add_person,
    draw_password,
    end_sessions,
    person_named,
    read_people,
    remove_person,
    set_roles,
)
from sightline.web.rendering import link, page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

Name = Annotated[str, Form(max_length=200)]
Roles = Annotated[list[Role], Form()]


@router.get("/people")
@for_roles(Role.OPERATOR, by_session=True)
def show_people(request: Request) -> Response:
    """Show who may sign in, and when they last did."""
    return page(request, "people.html", people=read_people(console_of(request)), roles=[*Role], looked_at=LOOKED_AT)


@router.post("/people")
@for_roles(Role.OPERATOR, by_session=True)
def add(request: Request, name: Name, roles: Roles = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Add a user, and show the password that was drawn, once."""
    name = name.strip()
    password = add_person(name, roles, visitor_of(request), console_of(request))
    return _person(request, name, password)


@router.get("/people/user")
@for_roles(Role.OPERATOR, by_session=True)
def show_person(request: Request, name: Annotated[str, Query(max_length=200)]) -> Response:
    """Show one user, and what may be changed."""
    return _person(request, name)


@router.post("/people/roles")
@for_roles(Role.OPERATOR, by_session=True)
def change_roles(request: Request, name: Name, roles: Roles = []) -> Response:  # noqa: B006 - FastAPI copies it
    """Give a user other roles."""
    set_roles(name, frozenset(roles), visitor_of(request), console_of(request))
    return RedirectResponse(link("/people/user", name=name), HTTPStatus.SEE_OTHER)


@router.post("/people/password")
@for_roles(Role.OPERATOR, by_session=True)
def change_password(request: Request, name: Name) -> Response:
    """Draw another password, and show it once. The user's sessions end."""
    return _person(request, name, draw_password(name, visitor_of(request), console_of(request)))


@router.post("/people/sign-out")
@for_roles(Role.OPERATOR, by_session=True)
def sign_out_everywhere(request: Request, name: Name) -> Response:
    """End a user's sessions, and withdraw their tokens."""
    end_sessions(name, visitor_of(request), console_of(request))
    return RedirectResponse(link("/people/user", name=name), HTTPStatus.SEE_OTHER)


@router.post("/people/remove")
@for_roles(Role.OPERATOR, by_session=True)
def remove(request: Request, name: Name, again: Name) -> Response:
    """Remove a user whose name was typed once more."""
    if again.strip() != name:
        raise InvalidRequest(again, rule="the name must be typed once more", remedy="Go back and type it")
    remove_person(name, visitor_of(request), console_of(request))
    return RedirectResponse("/people", HTTPStatus.SEE_OTHER)


def _person(request: Request, name: str, password: str = "") -> Response:
    console = console_of(request)
    user = person_named(name, console)
    tokens = console.services.users.tokens(name)
    return page(request, "person.html", user=user, roles=[*Role], tokens=tokens, password=password)
