"""Who may ask for what: each route declares it, and one that does not stops the console from starting."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sightline.storage.users.protocol import Role
from sightline.web.console import Console, console_of
from sightline.web.errors import ForeignRequest, NotAllowed, SignInNeeded
from sightline.web.same_origin import SAFE_METHODS, is_from_here
from sightline.web.visitors import Visitor, visitor_of_session, visitor_of_token

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask: everybody (`roles` is None), or users with one of these roles. by_session: no program's token."""

    roles: frozenset[Role] | None
    by_session: bool = False


def for_everybody(endpoint: Endpoint) -> Endpoint:
    """Declare that nobody needs to sign in for this."""
    endpoint.access = Access(None)  # type: ignore[attr-defined] # read by GuardedRoute
    return endpoint


def for_roles(*roles: Role, by_session: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Declare which roles may ask for this; by_session: only a person who has signed in, no token."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.access = Access(frozenset(roles), by_session)  # type: ignore[attr-defined]
        return endpoint

    return declare


class GuardedRoute(APIRoute):
    """A route that finds out who asks before it reads anything else of the request."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        access = getattr(endpoint, "access", None)
        if not isinstance(access, Access):
            raise TypeError(f"{path} must declare who may ask for it: see sightline/web/access.py")
        self.access = access
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            console = console_of(request)
            known = _known(request, console)  # what is in memory needs no thread
            request.state.visitor = visitor = known or await run_in_threadpool(_identify, request, console)
            _require_origin(request, visitor)
            _require_access(self.access, visitor, request)
            return await handle(request)

        return guarded


def visitor_of(request: Request) -> Visitor:
    """Return who asks; only for routes that are not for everybody."""
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise SignInNeeded(request.url.path)
    return visitor


def _known(request: Request, console: Console) -> Visitor | None:
    """Return who asks if that was read a moment ago."""
    if _token_of(request) is not None:
        return None
    credential = request.cookies.get(console.options.cookie)
    return console.visitors.get(credential) if credential else None


def _identify(request: Request, console: Console) -> Visitor | None:
    """Return who asks. A request with a token ignores cookies: another site's page cannot send it."""
    users, token = console.services.users, _token_of(request)
    if token is not None:
        visitor = visitor_of_token(token, users)
        if visitor is None:
            raise SignInNeeded("The token", rule="the token must be one that was not withdrawn and has not expired")
        return visitor
    credential = request.cookies.get(console.options.cookie)
    if credential is None:
        return None
    return console.visitors.of(credential, lambda: visitor_of_session(credential, users), keeps=bool)


def _token_of(request: Request) -> str | None:
    authorization = request.headers.get("authorization", "")
    return authorization[len(BEARER) :].strip() if authorization.lower().startswith(BEARER) else None


def _require_origin(request: Request, visitor: Visitor | None) -> None:
    is_program = visitor is not None and visitor.token_id is not None
    if request.method not in SAFE_METHODS and not is_program and not is_from_here(request.headers):
        raise ForeignRequest(request.url.path)


def _require_access(access: Access, visitor: Visitor | None, request: Request) -> None:
    if access.roles is None:
        return
    if visitor is None:
        raise SignInNeeded(request.url.path)
    if access.by_session and visitor.session_id is None:
        raise NotAllowed(request.url.path, rule="only a person who has signed in may do this", remedy="Sign in")
    if not visitor.is_any(*access.roles):
        names = " or ".join(sorted(access.roles))
        raise NotAllowed(request.url.path, rule=f"it is for the role {names}, which {visitor.user} does not have")
