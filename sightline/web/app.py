"""The application: routes, what stands around them, and how it ends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response

from sightline.errors import SightlineError
from sightline.web.access import GuardedRoute
from sightline.web.answering import Answering
from sightline.web.api import accuracy as accuracy_calls
from sightline.web.api import agreement as agreement_calls
from sightline.web.api import cameras, comparisons, costs, dead_letters, description, images, status, verdicts
from sightline.web.api import candidates as candidate_calls
from sightline.web.api import rates as rate_calls
from sightline.web.api.other_origins import OtherOrigins
from sightline.web.body_limit import BodyLimit
from sightline.web.console import READS_AT_ONCE, Console
from sightline.web.pages import (
    accuracy,
    agreement,
    calendar,
    candidates,
    confidence,
    cost,
    day,
    dead,
    files,
    heat,
    image,
    log,
    me,
    months,
    new,
    people,
    rates,
    review,
    search,
    second,
    signing_in,
)
from sightline.web.pages import status as status_pages
from sightline.web.rendering import API, error_answer

PAGES: Sequence[APIRouter] = (
    files.router,
    signing_in.router,
    day.router,
    calendar.router,
    new.router,
    search.router,
    heat.router,
    months.router,
    confidence.router,
    image.router,
    second.router,
    candidates.router,  # before the review's own: their addresses would be taken for a batch's
    review.router,
    accuracy.router,
    agreement.router,
    status_pages.router,
    dead.router,
    cost.router,
    rates.router,
    people.router,
    log.router,
    me.router,
    description.router,
)
CALLS: Sequence[APIRouter] = (
    cameras.router,
    images.router,
    verdicts.router,
    accuracy_calls.router,
    agreement_calls.router,
    status.router,
    dead_letters.router,
    costs.router,
    rate_calls.router,
    comparisons.router,
    candidate_calls.router,
)


def make_app(console: Console) -> FastAPI:
    """Return the application. It raises TypeError if a route does not declare who may ask for it."""
    app = FastAPI(
        title="sightline",
        version="1",
        openapi_url=None,  # served by `description`, behind the sign-in
        docs_url=None,  # FastAPI's own loads a script from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(Answering, on_failure=error_answer, is_https=console.options.is_https),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(console.options.hosts), www_redirect=False),
            Middleware(OtherOrigins, origins=console.options.origins),
            Middleware(BodyLimit),
        ],
        lifespan=_lifespan,
    )
    app.state.console = console
    for router in PAGES:
        app.include_router(router)
    for router in CALLS:
        app.include_router(router, prefix=API)
    app.state.roles = {
        (method, API + route.path): sorted(route.access.roles or ())
        for router in CALLS
        for route in guarded(router)
        for method in route.methods or ()
    }
    for kind in (SightlineError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer_error)
    return app


def guarded(router: APIRouter) -> list[GuardedRoute]:
    """Return a router's routes."""
    return [route for route in router.routes if isinstance(route, GuardedRoute)]


async def _answer_error(request: Request, error: Exception) -> Response:
    return error_answer(request, error)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Bound the threads: each page runs in one, and reads in some more."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = READS_AT_ONCE
    yield
    app.state.console.close()
