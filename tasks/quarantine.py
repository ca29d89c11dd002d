"""Poison: a step during which worker processes die must not take all of them along.

A normal message is not watched and costs nothing. A message that Redis delivers a second time, or that the reconciler
sends again, may have killed a process: its start is recorded, and the record is removed when the step ends, whether or
not it succeeds. A remaining record is a start that never ended. After two of them the step runs alone, in quarantine
(the one-thread queue `careful`); after three the message becomes a dead letter.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import structlog

from sightline.errors import Poisonous, SightlineError
from sightline.queues.publishing import IS_SENT_AGAIN
from sightline.storage.operations import Operations
from sightline.timing import LONGEST_TASK

log = structlog.get_logger()

QUARANTINE = "careful"

_SECOND = "+"
"""Marks the id of an attempt whose message had already started once, unrecorded."""

ALONE_AFTER = 2
NEVER_AFTER = 3


class Course(Enum):
    """What is done with a message that may be poison."""

    GO = "it may begin"
    WAIT = "its step began a moment ago and may still run"
    ALONE = "it goes to quarantine"
    NEVER = "it is a dead letter"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A message that was there before.

    step_id: task and arguments without the lane; was_taken: a worker took it before and never finished
    """

    step_id: str
    image_id: str
    message_id: str
    was_taken: bool
    is_alone: bool


def suspect_of(task: str, args: Sequence[str], request: Any) -> Suspect | None:
    """Return what to watch of a task's request; None for a message that is new. args: by position, the lane last."""
    delivery: Mapping[str, Any] = request.delivery_info or {}
    was_taken = bool(delivery.get("redelivered"))
    is_alone = delivery.get("routing_key") == QUARANTINE
    if not (was_taken or is_alone or (request.headers or {}).get(IS_SENT_AGAIN)):
        return None
    step_id = "#".join((task, *args[:-1]))
    return Suspect(step_id, args[0], str(request.id), was_taken, is_alone)


def course_of(suspect: Suspect, begun: Mapping[str, datetime], now: datetime) -> Course:
    """Decide by the starts that never ended."""
    if any(now - at < LONGEST_TASK for at in begun.values()):
        return Course.WAIT
    deaths = len(begun) + sum(each.endswith(_SECOND) for each in begun) + _began_unnoted(suspect, begun)
    if deaths >= NEVER_AFTER:
        return Course.NEVER
    return Course.ALONE if deaths >= ALONE_AFTER and not suspect.is_alone else Course.GO


def _began_unnoted(suspect: Suspect, begun: Mapping[str, datetime]) -> bool:
    """Return whether a worker took this message when it was new, and nobody watched."""
    return suspect.was_taken and not any(each.startswith(suspect.message_id) for each in begun)


def attempt_id(suspect: Suspect, begun: Mapping[str, datetime]) -> str:
    """Return an id for this start. It is marked if an earlier, unrecorded start must be counted as well."""
    return f"{suspect.message_id}/{uuid.uuid4().hex[:8]}{_SECOND if _began_unnoted(suspect, begun) else ''}"


@contextmanager
def watched(suspect: Suspect, begun: Mapping[str, datetime], operations: Operations) -> Iterator[None]:
    """Record the start, and remove all records of the step when it ends, whether or not it succeeds."""
    operations.attempts.begin(suspect.step_id, attempt_id(suspect, begun))
    try:
        yield
    finally:
        _end(suspect, operations)


def refuse(suspect: Suspect, operations: Operations) -> Poisonous:
    """Remove the records, so that a redrive starts from nothing; return the error to raise."""
    _end(suspect, operations)
    return Poisonous(suspect.image_id, rule=f"{Poisonous.rule} ({suspect.step_id.partition('#')[0]})")


def _end(suspect: Suspect, operations: Operations) -> None:
    try:
        operations.attempts.end(suspect.step_id)
    except SightlineError as error:
        log.warning("The end of a step that is watched could not be noted", error=str(error))
