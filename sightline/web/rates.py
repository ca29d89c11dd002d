"""An operator's own quota for an operation, set from the console: for the page and for the API."""

from sightline.web.acts import Acting
from sightline.web.console import Console
from sightline.web.errors import InvalidRequest
from sightline.web.visitors import Visitor

LONGEST_REASON = 200
MOST_PER_SECOND = 10_000.0
"""More than AWS gives anybody: a slip of the keyboard must not switch the limiter off."""


def change_rate(operation: str, per_second: float | None, because: str, visitor: Visitor, console: Console) -> None:
    """Set an operation's quota, or with None go back to the configured one.

    Raise InvalidRequest if there is no such operation, or no reason.
    """
    limiter, reason = console.services.limiter, because.strip()
    before = limiter.rates().get(operation)
    if before is None:
        raise InvalidRequest(operation, rule="there must be an operation of this name", remedy="See /rates")
    if per_second is not None and not reason:
        raise InvalidRequest("The reason", rule="what is set needs a reason", remedy="Go back and give one")
    acting = Acting("reset rate" if per_second is None else "set rate", operation, visitor, console)
    acting.begin({"per_second": per_second, "because": reason, "quota": before.quota})
    limiter.override(operation, per_second, f"{reason} ({visitor.user})" if reason else f"reset by {visitor.user}")
    acting.end({"quota": limiter.rates()[operation].quota})
    console.status.forget("rates")
