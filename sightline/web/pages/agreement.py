"""Agreement: how alike reviewers answer, and how often the detector says the same."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from sightline.stats.second_looks import SHARE
from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles, visitor_of
from sightline.web.agreement import compare
from sightline.web.console import console_of
from sightline.web.rendering import page
from sightline.web.together import look_together, may_look

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

SHOWN = 50
"""How many images about which reviewers differ are listed."""


@router.get("/agreement")
@for_roles(*Role)
def show_agreement(request: Request) -> Response:
    """Show what was compared; images about which reviewers differ, or which they doubt, to owners and to themselves."""
    visitor = visitor_of(request)
    compared = compare(visitor, console_of(request))
    doubted = [each for each in compared.doubted if visitor.is_any(Role.OWNER) or each.doubt.user == visitor.user]
    return page(
        request,
        "agreement.html",
        compared=compared,
        answers=[*Answer],
        listed=[each for each in compared.differing if may_look(each, visitor)][:SHOWN],
        doubted=doubted[:SHOWN],
        doubted_left_out=len(doubted[SHOWN:]),
        share=100 * SHARE,
    )


@router.get("/agreement/together")
@for_roles(Role.OWNER, Role.REVIEWER)
def show_together(
    request: Request,
    id: Annotated[str, Query(max_length=4_096)],
    label: Annotated[str, Query(max_length=256)],
    content: Annotated[str, Query(max_length=64)],
) -> Response:
    """Show what reviewers who differ have said of one picture, side by side: for owners and for those reviewers."""
    console = console_of(request)
    together = look_together(id, label, content, visitor_of(request), console)
    return page(request, "together.html", together=together, picture=console.signer.picture(1280, content, id))
