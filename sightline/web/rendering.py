"""Pages from templates, and errors as pages or as problem+json."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sightline import names
from sightline.services.people.reviewing import ANSWERS
from sightline.stats.verdicts import Answer
from sightline.storage.users.protocol import Role
from sightline.web.errors import Problem, SignInNeeded, problem_of
from sightline.web.questions import thing_of
from sightline.web.remedies import beside_buttons
from sightline.web.static_files import address_of
from sightline.web.times import clock_time, full_time, long_day, offset_of, short_day, utc_time

API = "/api/v1"
PROBLEM_JSON = "application/problem+json"
PICTURES = ("/picture/", "/original/", "/look/")
REVIEW = "/review/"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page. Every template may use `visitor` (None: nobody), `path` and `request_id`."""
    usual = {
        "visitor": request.state.visitor,
        "path": request.url.path,
        "request_id": request.state.request_id,
        "keys_on": _keys_on(request),
    }
    return HTMLResponse(environment().get_template(template).render(usual | values), status)


def _keys_on(request: Request) -> bool:
    visitor = request.state.visitor
    return visitor is not None and visitor.preferences.get("keys") is not False


@cache
def environment() -> Environment:
    """Return what renders the templates: every value is escaped, and one that is missing is an error."""
    made = Environment(
        loader=PackageLoader("sightline.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "shown": names.visible,
        "beside_buttons": beside_buttons,
        "clock_time": clock_time,
        "full_time": full_time,
        "long_day": long_day,
        "offset_of": offset_of,
        "short_day": short_day,
        "thing": thing_of,
        "utc_time": utc_time,
        "percent": lambda value: f"{value:.0f}\N{NO-BREAK SPACE}%",
        "json_shown": lambda value: names.printable(json.dumps(value, ensure_ascii=False, sort_keys=True)),
        "sentence": lambda words: f"{words[:1].upper()}{words[1:]}",
        "number": lambda value: f"{value:,}",
    }
    made.globals |= {"static": address_of, "link": link, "Role": Role}
    return made


def link(path: str, **query: Any) -> str:
    """Return an address with its query; what is None is left out."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def error_answer(request: Request, error: Exception) -> Response:
    """Answer an error: to a program as problem+json, to a person as a page; who must sign in is led there."""
    path = request.url.path
    problem = problem_of(error, path)
    headers = {"retry-after": str(problem.retry_after)} if problem.retry_after is not None else {}
    if path.startswith((API, "/api/")):
        if isinstance(error, SignInNeeded):
            headers["www-authenticate"] = "Bearer"
        body = problem.as_json(request.state.request_id)
        return JSONResponse(body, problem.status, headers, PROBLEM_JSON)
    if path.startswith(PICTURES):
        return _picture_of(problem, headers)
    if isinstance(error, SignInNeeded):
        return RedirectResponse(link("/login", next=_place(request)), 303)
    unsaved = _unsaved(request)
    if unsaved is not None and problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        again = f"{path}?{request.url.query}"
        answer = page(request, "review_again.html", problem.status, problem=problem, answer=unsaved, again=again)
    else:
        answer = page(request, "error.html", problem.status, problem=problem)
    answer.headers.update(headers)
    return answer


def _place(request: Request) -> str | None:
    """Return where to go on after signing in: a page can be opened again, a form was lost; a review has its picture."""
    if request.method == "POST" and request.url.path.startswith(REVIEW):
        return request.url.path
    if request.method != "GET" or request.url.path == "/":
        return None
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _unsaved(request: Request) -> str | None:
    """Return the answer to the review that a request carries: it is kept on the page until a store takes it."""
    is_answer = request.method == "POST" and request.url.path.startswith(REVIEW)
    given = request.query_params.get("answer") if is_answer else None
    return next((str(each) for each in (*Answer, *ANSWERS) if each == given), None)


def _picture_of(problem: Problem, headers: dict[str, str]) -> Response:
    """Return the reason as a picture: it stands where the picture would, and its text is never a name from outside."""
    drawn = environment().get_template("problem.svg").render(problem=problem)
    return Response(drawn, problem.status, headers, "image/svg+xml")
