"""What operators change, in the audit log: an entry before it is done, and one with what came of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import uuid4

from sightline.models.answers import Json
from sightline.services.users import COMMAND_LINE, note_act
from sightline.storage.users.protocol import Act
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


ACT = "act"
"""Among the details of both entries of an act: what tells it from others that do the same at the same time."""

DIGITS = 12


class Acting:
    """One act of one visitor. what: one of ENDINGS; on: what it is done to."""

    def __init__(self, what: str, on: str, visitor: Visitor, console: Console) -> None:
        self._what, self._on, self._visitor, self._console = what, on, visitor, console
        self._own = {ACT: uuid4().hex[:DIGITS]}

    def begin(self, details: Mapping[str, Json] | None = None) -> None:
        """Note what is about to be done. If that fails, nothing is done."""
        self._note(self._what, details)

    def end(self, details: Mapping[str, Json] | None = None) -> None:
        """Note what came of it."""
        self._note(ENDINGS[self._what], details)

    def _note(self, what: str, details: Mapping[str, Json] | None) -> None:
        services = self._console.services
        noted = {**(details or {}), **self._own}
        note_act(self._visitor.user, what, self._on, noted, users=services.users, clock=services.clock)


def without_end(acts: Iterable[Act]) -> frozenset[str]:
    """Return which of these entries, the newest first, were begun without an end: refused, broken off, or going on.

    Both entries of an act have its user, what it was done to, and its own name. Those of older versions have no name:
    there an end belongs to the newest beginning before it.
    """
    ends: Counter[tuple[str, str, str, Json]] = Counter()
    found = set()
    for act in acts:
        if not _is_beginning(act):
            ends[act.user, act.what, act.on, act.details.get(ACT)] += 1
            continue
        end = (act.user, ENDINGS[act.what], act.on, act.details.get(ACT))
        if ends[end]:
            ends[end] -= 1
        else:
            found.add(act.act_id)
    return frozenset(found)


def _is_beginning(act: Act) -> bool:
    """Return whether this was noted before it was done. Commands, and who sets their own password, note it after."""
    is_own_password = act.what == "set password" and act.on == act.user
    return act.what in ENDINGS and act.user != COMMAND_LINE and not is_own_password
