"""The endpoint over HTTP: botocore's JSON 1.1, a health check, and the control of quotas and faults."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from dev.rekognition.control import change, state
from dev.rekognition.endpoint import Endpoint, Reply
from dev.rekognition.faults import CUT, HANG

_MEDIA_TYPE = "application/x-amz-json-1.1"


class CutResponse(Response):
    """An answer whose connection ends in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the interface
        """Announce the whole answer and send half of it; the server then closes the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


class SilentResponse(Response):
    """No answer: the caller has to hang up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the interface
        """Wait until the caller has gone."""
        while (await receive())["type"] != "http.disconnect":
            pass


_ENDINGS = {"": Response, CUT: CutResponse, HANG: SilentResponse}


def build_app(endpoint: Endpoint) -> Starlette:
    """Return the application. It listens once every process of the pool is ready."""

    async def answer(request: Request) -> Response:
        return _response(await endpoint.call(request.headers, await request.body()))

    async def healthz(_: Request) -> Response:
        detector = endpoint.sight.detector
        because = {"because": detector.because} if detector.because else {}
        return JSONResponse({"ready": True, "detector": detector.name, **because})

    async def control(request: Request) -> Response:
        if request.method == "POST":
            try:
                change(endpoint, json.loads(await request.body()))
            except ValueError as error:
                return JSONResponse({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        return JSONResponse(state(endpoint))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await endpoint.sight.warm_up()
        yield
        endpoint.sight.close()
        await asyncio.to_thread(endpoint.log.close)

    routes = [
        Route("/", answer, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/control", control, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _response(reply: Reply) -> Response:
    headers = {"x-amzn-RequestId": reply.request_id}
    if reply.error:
        headers["x-amzn-ErrorType"] = reply.error
    return _ENDINGS[reply.ending](json.dumps(reply.body), reply.status, headers, _MEDIA_TYPE)
