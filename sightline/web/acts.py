"""What operators change, in the audit log: an entry before it is done, and one with what came of it."""

from collections.abc import Mapping

from sightline.models.answers import Json
from sightline.services.users import note_act
from sightline.web.console import Console
from sightline.web.visitors import Visitor

ENDINGS = {
    "redrive": "redriven",
    "close": "closed",
    "resume": "resumed",
    "set rate": "rate set",
    "reset rate": "rate reset",
    "add user": "user added",
    "set roles": "roles set",
    "set password": "password set",
    "end sessions": "sessions ended",
    "remove user": "user removed",
    "compare faces": "comparison asked for",
}
"""What is begun → what its result is noted as."""


class Acting:
    """One act of one visitor. what: one of ENDINGS; on: what it is done to."""

    def __init__(self, what: str, on: str, visitor: Visitor, console: Console) -> None:
        self._what, self._on, self._visitor, self._console = what, on, visitor, console

    def begin(self, details: Mapping[str, Json] | None = None) -> None:
        """Note what is about to be done. If that fails, nothing is done."""
        self._note(self._what, details)

    def end(self, details: Mapping[str, Json] | None = None) -> None:
        """Note what came of it."""
        self._note(ENDINGS[self._what], details)

    def _note(self, what: str, details: Mapping[str, Json] | None) -> None:
        services = self._console.services
        note_act(self._visitor.user, what, self._on, details, users=services.users, clock=services.clock)
