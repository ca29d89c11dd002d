"""What pages load beside themselves: style, script, pictures; and what a supervisor asks for."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.protocol import Role
from sightline.timing import ORIGINAL_LINK_LASTS
from sightline.web.access import GuardedRoute, for_everybody, for_roles
from sightline.web.console import Console, console_of
from sightline.web.errors import BadAddress, NoSuchPage, NotAllowed, SignInNeeded
from sightline.web.signed_addresses import PictureName
from sightline.web.static_files import static_files
from sightline.web.thumbnails import WIDTHS

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

FOR_EVER = "max-age=31536000, immutable"

ImageId = Annotated[str, Query(max_length=4_096)]
Signature = Annotated[str, Query(max_length=64)]
WHO_SEES_PICTURES = (Role.OWNER, Role.OPERATOR, Role.REVIEWER)


@router.get("/healthz")
@for_everybody
def health() -> Response:
    """Say that the process answers. It asks no store: one that is away must not have the console restarted."""
    return PlainTextResponse("ok\n")


@router.get("/static/{name}")
@for_everybody
def show_static(name: str, v: str = "") -> Response:
    """Return the style sheet, the script or the icon."""
    file = static_files().get(name)
    if file is None:
        raise NoSuchPage("This file")
    kept = f"public, {FOR_EVER}" if v == file.version else "no-cache"
    return Response(file.body, headers={"cache-control": kept, "etag": f'"{file.version}"'}, media_type=file.media_type)


@router.get("/picture/{width}/{sha256}.jpg")
@for_everybody
def show_picture(
    request: Request, width: int, sha256: str, id: ImageId, t: Signature, until: int | None = None
) -> Response:
    """Return a small picture; under an address without an end, to users who have signed in."""
    console = console_of(request)
    name = PictureName(width, sha256, id, until)
    if width not in WIDTHS or not console.signer.is_valid(name, t):
        raise BadAddress("This picture")
    if until is None:
        _require_session(request)
    etag = f'"{sha256}-{width}"'
    headers = {"cache-control": f"private, {FOR_EVER}", "etag": etag}
    if until is not None:  # its page is another site's
        left = max(0, until - int(console.now.timestamp()))
        headers |= {"cache-control": f"private, max-age={left}", "cross-origin-resource-policy": "cross-origin"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(console.thumbnails.get(id, sha256, width), headers=headers, media_type="image/jpeg")


def _require_session(request: Request) -> None:
    visitor = request.state.visitor
    if visitor is None:
        raise SignInNeeded("This picture")
    if not visitor.is_any(*WHO_SEES_PICTURES):
        raise NotAllowed("This picture", rule=f"no role of {visitor.user} may see pictures")


@router.get("/original/{sha256}")
@for_roles(Role.OWNER)
def show_original(request: Request, sha256: str, id: ImageId, t: Signature) -> Response:
    """Lead to the object itself, for a minute."""
    console = console_of(request)
    if not console.signer.is_valid(PictureName(0, sha256, id), t):
        raise BadAddress("This picture")
    return RedirectResponse(_link(id, console), HTTPStatus.SEE_OTHER)


def _link(image_id: str, console: Console) -> str:
    return console.services.buckets.link(ObjectUri.parse(image_id), ORIGINAL_LINK_LASTS)
