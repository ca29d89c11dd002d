"""The API's description: for programs as OpenAPI, for people as a page that loads nothing from elsewhere."""

import re
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sightline.storage.users.protocol import Role
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.rendering import environment, page

ERRORS = {
    "description": "Errors: what, why, and what to do",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}

CODE = re.compile("`([^`]+)`")

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/api")
@for_roles(*Role)
def show_description(request: Request) -> Response:
    """Show every call, its parameters, and the shapes of what it answers."""
    described = describe(request)
    environment().filters |= {"kind": kind_of, "answer_kind": answer_kind, "coded": coded}
    return page(request, "api.html", paths=described["paths"], schemas=described["components"]["schemas"])


@router.get("/api/v1/openapi.json")
@for_roles(*Role)
def get_description(request: Request) -> Response:
    """Return the description in OpenAPI."""
    return JSONResponse(describe(request))


def describe(request: Request) -> dict[str, Any]:
    """Return the OpenAPI of the API, with the roles of each call and the tokens that it takes."""
    app = request.app
    described = get_openapi(title="sightline", version="1", routes=app.routes)
    described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            operation["x-roles"] = app.state.roles[method.upper(), path]
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = ERRORS
    for name in ("HTTPValidationError", "ValidationError"):
        described["components"]["schemas"].pop(name, None)
    return described


def coded(words: str) -> Markup:
    """Return words as a page shows them: what stands between backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704 - it is escaped


def kind_of(schema: dict[str, Any]) -> str:
    """Return a schema in words: `text`, `list of ImageEntry`, `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(kind_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {kind_of(schema['items'])}"
    inner = schema.get("additionalProperties")
    return f"object of {kind_of(inner)}" if isinstance(inner, dict) else _SIMPLE.get(schema.get("format", kind), kind)


_SIMPLE = {"string": "text", "date-time": "time", "integer": "whole number"}


def answer_kind(operation: dict[str, Any]) -> str:
    """Return what a call answers if all is well."""
    answers = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return kind_of(next(answers)["content"]["application/json"]["schema"])
