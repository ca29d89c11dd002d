"""How errors are answered: each says what, why and what to do; as a page for people, as problem+json for programs."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from sightline.errors import (
    BadMessage,
    ConfigurationError,
    NoPeoplePolicy,
    OtherCamera,
    RejectedError,
    RetryableError,
    SightlineError,
    VerdictStands,
)
from sightline.names import printable
from sightline.services.rollups.plan import NotWatched
from sightline.services.users import InvalidUser
from sightline.web.inputs import wrong_inputs
from sightline.web.remedies import remedy_of


class WebError(SightlineError):
    """An error of a request. status: what it is answered with."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(
        self, subject: str, *, rule: str | None = None, remedy: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(subject, rule=rule, remedy=remedy)
        self.retry_after = retry_after


class SignInNeeded(WebError):
    """Nobody has signed in, or the session has ended."""

    status = HTTPStatus.UNAUTHORIZED
    rule = "you must be signed in"
    remedy = "Sign in; a program sends a token as `Authorization: Bearer …`"


class WrongCredentials(WebError):
    """Name and password do not go together."""

    status = HTTPStatus.UNAUTHORIZED
    rule = "name and password must go together"
    remedy = "Try again, or ask an operator for another password"


class NotAllowed(WebError):
    """The visitor lacks the role."""

    status = HTTPStatus.FORBIDDEN
    remedy = "Ask an operator for the role"


class ForeignRequest(WebError):
    """Another site's page sent a request that changes something."""

    status = HTTPStatus.FORBIDDEN
    rule = "a request that changes something must come from a page of this console"
    remedy = "Open the console and do it there; a program sends a token as `Authorization: Bearer …`"


class NoSuchPage(WebError):
    """Nothing has this address."""

    status = HTTPStatus.NOT_FOUND
    rule = "there is nothing at this address"
    remedy = "Go back, or begin at the first page"


class BadAddress(WebError):
    """An address of a picture that we did not sign, or that has expired."""

    status = HTTPStatus.NOT_FOUND
    rule = "a picture's address must be one that the console made, and must not have expired"
    remedy = "Open the page again"


class Overwritten(WebError):
    """The object holds other bytes than the address names."""

    status = HTTPStatus.CONFLICT
    rule = "the picture was overwritten since"
    remedy = "It is analysed again; open the page again in a minute"


class TooManyTries(WebError):
    """Too many tries to sign in."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    rule = "only so many tries a minute are allowed"
    remedy = "Wait a minute"


class InvalidRequest(WebError):
    """A parameter that cannot be read."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    rule = "every parameter must be of its kind"
    remedy = "Correct it; /api describes each"


class InReview(WebError):
    """What the detector found is hidden until this visitor has answered."""

    status = HTTPStatus.FORBIDDEN
    rule = "the review asks about this image: what was found is hidden until you have answered and closed the batch"
    remedy = "Answer in the review first"


class NoSuchCandidate(WebError):
    """A candidate that nobody asks this visitor about."""

    status = HTTPStatus.NOT_FOUND
    rule = (
        "it must wait for you: it has expired, the person was forgotten, the image has changed, or the review asks you"
        " about it"
    )
    remedy = "Nothing was kept, and nothing needs to be done: go on with the next"


class StillOpen(WebError):
    """A comparison with an answer that can still be changed."""

    status = HTTPStatus.CONFLICT
    rule = "this reviewer's batch is open, so the answer can still be changed"
    remedy = "Look together once the batch is closed"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is answered: what it is about, why it is one, and what to do."""

    status: int
    what: str
    why: str
    remedy: str
    retry_after: int | None = None

    def as_json(self, request_id: str) -> dict[str, Any]:
        """Return it in the form of RFC 9457, with `remedy` beside its own members."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": f"{self.what}: {self.why}",
            "remedy": self.remedy,
            "instance": request_id,
        }


STORES_AWAY_SECONDS = 10

_BY_KIND: tuple[tuple[type[SightlineError], HTTPStatus], ...] = (
    (RetryableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (VerdictStands, HTTPStatus.CONFLICT),
    (BadMessage, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidUser, HTTPStatus.UNPROCESSABLE_ENTITY),
    (RejectedError, HTTPStatus.NOT_FOUND),
    (NotWatched, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NoPeoplePolicy, HTTPStatus.CONFLICT),
    (OtherCamera, HTTPStatus.CONFLICT),
    (ConfigurationError, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def problem_of(error: Exception, path: str = "") -> Problem:
    """Return how an error is answered. What we did not raise on purpose tells nothing of itself: the log has it.

    path: of the request, whose page may show an input under another name
    """
    if isinstance(error, SightlineError):
        return _of_ours(error)
    if isinstance(error, RequestValidationError):
        wrong = wrong_inputs(error.errors(), path)
        return Problem(InvalidRequest.status, printable(wrong.what), printable(wrong.why), wrong.remedy)
    if isinstance(error, HTTPException):
        return _of_http(error.status_code)
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "This page",
        "it failed, and that is our fault",
        "Tell an operator the number below; the log has it",
    )


def _of_ours(error: SightlineError) -> Problem:
    if isinstance(error, WebError):
        return Problem(error.status, printable(error.subject), error.rule, error.remedy, error.retry_after)
    fallback = HTTPStatus.UNPROCESSABLE_ENTITY  # such as NoFigures: the request asks for what is not there
    status = next((status for kind, status in _BY_KIND if isinstance(error, kind)), fallback)
    wait = STORES_AWAY_SECONDS if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return Problem(status, printable(error.subject), error.rule, remedy_of(error), wait)


def _of_http(status: int) -> Problem:
    match status:
        case HTTPStatus.NOT_FOUND:
            return Problem(status, "This address", NoSuchPage.rule, NoSuchPage.remedy)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return Problem(status, "This address", "it does not take this method", "See /api for what it takes")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem(status, "The request", "it may have at most 64 KB", "Send less at once")
    return Problem(status, "The request", HTTPStatus(status).phrase.lower(), "Correct it")
