"""Pages of other sites that may read the API: those that the owner has named, and with a token alone.

Cookies are never taken along (`Access-Control-Allow-Credentials` is not sent), so another site's page reads nothing
through a browser that happens to be signed in.
"""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PLACES = ("/api/v1/", "/picture/")


class OtherOrigins:
    """Answers browsers that ask whether another site's page may read."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._with_origins = CORSMiddleware(
            app, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["authorization", "content-type"]
        )
        self._is_any = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_open = self._is_any and scope["type"] == "http" and scope["path"].startswith(PLACES)
        await (self._with_origins if is_open else self._app)(scope, receive, send)
