"""Agreement: how alike reviewers answer, and how often the detector says the same."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sightline.stats.second_looks import SHARE
from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.agreement import compare
from sightline.web.console import console_of
from sightline.web.rendering import page

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SHOWN = 50
"""How many images about which reviewers differ are listed."""


@router.get("/agreement")
@for_roles(*Role)
def show_agreement(request: Request) -> Response:
    """Show what was compared; the images about which reviewers differ to owners alone."""
    visitor = visitor_of(request)
    compared = compare(visitor, console_of(request))
    return page(
        request,
        "agreement.html",
        compared=compared,
        answers=[*Answer],
        listed=compared.differing[:SHOWN] if visitor.is_any(Role.OWNER) else [],
        share=100 * SHARE,
    )
