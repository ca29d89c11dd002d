"""What users set about themselves: their password, single keys, and tokens for their programs."""

from collections.abc import Collection
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sightline.services.users import note_act, set_password
from sightline.storage.users.protocol import Role, User, UserChange
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.console import Console, console_of
from sightline.web.errors import InvalidRequest, SignInNeeded, TooManyTries, WrongCredentials
from sightline.web.rendering import page
from sightline.web.visitors import Visitor, make_token, start_session

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

LONGEST_TITLE = 80
MOST_TOKENS = 20
MOST_DAYS = 3_660


@router.get("/me")
@for_roles(*Role, by_session=True)
def show_me(request: Request) -> Response:
    """Show what the user may do, and the tokens of the user's programs."""
    return _page(request)


@router.post("/me/keys")
@for_roles(*Role, by_session=True)
def set_keys(request: Request, keys: Annotated[bool, Form()] = False) -> Response:  # noqa: FBT002 - a form's box
    """Switch single keys on or off."""
    console, visitor = console_of(request), visitor_of(request)
    preferences = dict(visitor.preferences) | {"keys": keys}
    console.services.users.change(visitor.user, UserChange(preferences=preferences))
    _forget(visitor, console)
    return RedirectResponse("/me", HTTPStatus.SEE_OTHER)


@router.post("/me/password")
@for_roles(*Role, by_session=True)
def change_password(request: Request, old: Annotated[str, Form()], new: Annotated[str, Form()]) -> Response:
    """Set another password. All sessions of the user end; this one starts again."""
    console, visitor = console_of(request), visitor_of(request)
    wait = console.sign_in_limits.wait(visitor.user, "")
    if wait:
        raise TooManyTries("The password", retry_after=int(wait.total_seconds()) + 1)
    if not console.passwords.match(_user(visitor, console).password_hash, old):
        raise WrongCredentials("The old password", rule="it must be the one that you have signed in with")
    users, clock = console.services.users, console.services.clock
    user = set_password(visitor.user, new, users=users, passwords=console.passwords)
    _forget(visitor, console)
    note_act(visitor.user, "set password", visitor.user, users=users, clock=clock)
    credential = start_session(user, console.options.session_lasts, users, clock)
    answer = RedirectResponse("/me", HTTPStatus.SEE_OTHER)
    console.options.set_cookie(answer, credential)
    return answer


@router.post("/me/tokens")
@for_roles(*Role, by_session=True)
def add_token(
    request: Request,
    title: Annotated[str, Form(max_length=LONGEST_TITLE)],
    roles: Annotated[list[Role], Form()] = [],  # noqa: B006 - FastAPI copies it
    days: Annotated[int, Form(ge=1, le=MOST_DAYS)] = 365,
) -> Response:
    """Make a token for a program, and show it once."""
    console, visitor = console_of(request), visitor_of(request)
    users, clock = console.services.users, console.services.clock
    title = title.strip()
    _require_title_and_roles(title, frozenset(roles), visitor)
    if len(users.tokens(visitor.user)) >= MOST_TOKENS:
        raise InvalidRequest("The token", rule=f"a user has at most {MOST_TOKENS}", remedy="Withdraw one first")
    lasts = timedelta(days=days)
    token = make_token(_user(visitor, console), title, frozenset(roles), lasts, users, console.now)
    note_act(visitor.user, "make token", title, {"roles": sorted(roles), "days": days}, users=users, clock=clock)
    return _page(request, token)


def _require_title_and_roles(title: str, roles: Collection[Role], visitor: Visitor) -> None:
    if not title:
        raise InvalidRequest("The token", rule="a token must have a title", remedy="Say what it is for")
    if not roles:
        raise InvalidRequest("The token", rule="a token must have a role", remedy="Tick at least one role")
    if not visitor.roles.issuperset(roles):
        raise InvalidRequest(
            "The token", rule="a token has only roles that its user has", remedy="Tick only roles that you have"
        )


@router.post("/me/tokens/withdraw")
@for_roles(*Role, by_session=True)
def withdraw_token(request: Request, token_id: Annotated[str, Form(max_length=64)]) -> Response:
    """Withdraw a token: a program that uses it is refused from now on."""
    console, visitor = console_of(request), visitor_of(request)
    users = console.services.users
    if users.drop_token(visitor.user, token_id):
        note_act(visitor.user, "withdraw token", token_id[:12], users=users, clock=console.services.clock)
    return RedirectResponse("/me", HTTPStatus.SEE_OTHER)


def _page(request: Request, new_token: str = "") -> Response:
    console, visitor = console_of(request), visitor_of(request)
    tokens = console.services.users.tokens(visitor.user)
    return page(request, "me.html", tokens=tokens, new_token=new_token)


def _user(visitor: Visitor, console: Console) -> User:
    user = console.services.users.user(visitor.user)
    if user is None:
        raise SignInNeeded(visitor.user)
    return user


def _forget(visitor: Visitor, console: Console) -> None:
    """Read the user's sessions again from the store."""
    console.forget_visitors(lambda kept: kept.user == visitor.user)
