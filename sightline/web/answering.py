"""The outermost middleware: gives each request its number, each answer its headers, and each failure an answer."""

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
)

FEATURES_OF_BROWSERS = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)

ON_EVERY_ANSWER: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: Chromium would then send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in FEATURES_OF_BROWSERS),
    "cache-control": "private, no-store",
}
"""Unless the answer has said something else itself, as that of a picture does of its cache."""

HTTPS_ALONE = "max-age=31536000"


class Answering:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, on_failure: Callable[[Request, Exception], Response], *, is_https: bool) -> None:
        self._app, self._on_failure = app, on_failure
        self._headers = dict(ON_EVERY_ANSWER)
        if is_https:
            self._headers["strict-transport-security"] = HTTPS_ALONE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, begun, status = uuid4().hex[:12], time.perf_counter(), 0
        scope.setdefault("state", {}).update(request_id=request_id, visitor=None)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._complete(message, request_id, time.perf_counter() - begun)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.exception("A request failed", request=request_id, path=scope["path"])
            if status:
                raise
            await self._on_failure(Request(scope), error)(scope, receive, send_with_headers)
        finally:
            _log(scope, status, time.perf_counter() - begun)

    def _complete(self, message: Message, request_id: str, seconds: float) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        headers["x-request-id"] = request_id
        headers["server-timing"] = f"app;dur={1000 * seconds:.1f}"


def _log(scope: Scope, status: int, seconds: float) -> None:
    """Write one line, without the query: it may name an image, or be that of the sign-in."""
    visitor, route = scope["state"].get("visitor"), scope.get("route")
    log.info(
        "Answered",
        request=scope["state"]["request_id"],
        user=visitor.user if visitor else None,
        method=scope["method"],
        route=getattr(route, "path", None),
        status=int(status),
        milliseconds=round(1000 * seconds, 1),
    )
