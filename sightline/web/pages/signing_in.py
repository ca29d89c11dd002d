"""Signing in and out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.services.users import LONGEST_PASSWORD_BYTES, note_act
from sightline.storage.users.protocol import Role, User
from sightline.web.access import GuardedRoute, for_everybody, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.errors import TooManyTries, WrongCredentials, problem_of
from sightline.web.rendering import page
from sightline.web.visitors import start_session

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

LONGEST_NAME = 200
LONGEST_NEXT = 4_096


@router.get("/login")
@for_everybody
def show_login(request: Request, next: str = "/") -> Response:
    """Show the form; who has signed in goes on."""
    place = within(next)
    if request.state.visitor is not None:
        return RedirectResponse(place, HTTPStatus.SEE_OTHER)
    return page(request, "login.html", name="", next=place, problem=None)


@router.post("/login")
@for_everybody
def sign_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Start a session, and go on to where the visitor wanted to be."""
    console, place = console_of(request), within(next)
    name = name.strip()
    address = request.client.host if request.client else ""
    wait = console.sign_in_limits.wait(name, address)
    if wait:
        seconds = int(wait.total_seconds()) + 1
        too_many = TooManyTries("Signing in", remedy=f"Wait {seconds} seconds", retry_after=seconds)
        return _again(request, name, place, too_many)
    user = _checked(name, password, console)
    if user is None:
        return _again(request, name, place, WrongCredentials("Signing in"))
    console.sign_in_limits.forget(name)
    services = console.services
    credential = start_session(user, console.options.session_lasts, services.users, services.clock)
    note_act(name, "sign in", address, users=services.users, clock=services.clock)
    answer = RedirectResponse(place, HTTPStatus.SEE_OTHER)
    console.options.set_cookie(answer, credential)
    return answer


def _checked(name: str, password: str, console: Console) -> User | None:
    """Return the user if this is the password. A name that nobody has takes as long."""
    is_possible = 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME and "\0" not in name
    user = console.services.users.user(name) if is_possible and _is_text(name) else None
    is_short = len(password.encode("utf-8", "replace")) <= LONGEST_PASSWORD_BYTES
    matches = console.passwords.match(user.password_hash if user else None, password if is_short else "")
    return user if matches and is_short else None


def _is_text(name: str) -> bool:
    """Return whether UTF-8 can say it; half a surrogate pair is no user's name."""
    return name.encode("utf-8", "replace").decode() == name


@router.post("/logout")
@for_roles(*Role, by_session=True)
def sign_out(request: Request) -> Response:
    """End this session, and have the browser forget the pictures that it kept."""
    console, visitor = console_of(request), visitor_of(request)
    services = console.services
    if visitor.session_id is not None:
        services.users.end_session(visitor.user, visitor.session_id)
    console.forget_visitors(lambda kept: kept.session_id == visitor.session_id)
    note_act(visitor.user, "sign out", users=services.users, clock=services.clock)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER, {"clear-site-data": '"cache"'})
    console.options.drop_cookie(answer)
    return answer


def _again(request: Request, name: str, place: str, error: TooManyTries | WrongCredentials) -> Response:
    problem = problem_of(error)
    answer = page(request, "login.html", problem.status, name=name[:LONGEST_NAME], next=place, problem=problem)
    if problem.retry_after is not None:
        answer.headers["retry-after"] = str(problem.retry_after)
    return answer


def within(place: str) -> str:
    """Return a place of this console to go on to, the first page for any other: `//evil.example` is another host."""
    is_ours = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable()
    return place if is_ours and len(place) <= LONGEST_NEXT else "/"
