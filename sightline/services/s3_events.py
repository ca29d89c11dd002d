"""Read what a queue of S3's events holds: pure functions from a message's body to the objects that it tells of.

Five shapes arrive: S3's own notification, the same wrapped by SNS (or sent raw by it), EventBridge's event, the test
that S3 sends when a notification is configured, and Rekognition's word that a job on a video has ended. S3's
notification encodes a key as a form does (`a+b%2Bc.jpg` is `a b+c.jpg`), EventBridge does not: to decode that one too
would break every key with `+` or `%` in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

from sightline.errors import BadMessage, InvalidUri, UnreadableEvent
from sightline.models.video_jobs import Completion
from sightline.storage.buckets.protocol import ObjectUri

VERSION = "2"
"""Of S3's notifications. By S3's word a new second number adds fields; a new first one may change what they mean."""

TEST = "s3:TestEvent"

_CREATED, _REMOVED = "ObjectCreated:", ("ObjectRemoved:", "LifecycleExpiration:")
_BRIDGE_CREATED, _BRIDGE_REMOVED = "Object Created", "Object Deleted"
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")

_ENDED = ("SUCCEEDED", "FAILED")

SHOWN_CHARACTERS = 80
"""Of a key that cannot be read, in an error."""


class Change(StrEnum):
    """What became of an object."""

    CREATED = "created"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One object, and what became of it. etag: without quotes; it and the size are None where the event has none."""

    uri: ObjectUri
    change: Change
    at: datetime
    etag: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class EventMessage:
    """What a message holds.

    others: the names of events that are about neither creation nor removal; refused: why
    completions: of jobs on stored videos, which Rekognition tells a topic of
    """

    events: tuple[ObjectEvent, ...] = ()
    others: tuple[str, ...] = ()
    refused: tuple[BadMessage, ...] = ()
    completions: tuple[Completion, ...] = ()


def read_message(body: str, subject: str) -> EventMessage:
    """Read a message of any shape. One record that is refused does not spoil the others. subject: names the message."""
    try:
        return _of_any_shape(_json(body, subject), subject)
    except UnreadableEvent as error:
        return EventMessage(refused=(error,))


def _of_any_shape(told: Mapping[str, Any], subject: str) -> EventMessage:
    kind = told.get("Type")
    if kind == "Notification" and isinstance(told.get("Message"), str):
        return _unwrapped(_json(told["Message"], subject), subject)
    if kind in _CONFIRMATIONS:
        raise UnreadableEvent(
            subject,
            rule=f"an SNS topic asks for a decision about its subscription ({kind}), which sightline does not make",
            remedy="Confirm the subscription yourself if it is wanted; see docs/events.md",
        )
    return _unwrapped(told, subject)


def _unwrapped(told: Mapping[str, Any], subject: str) -> EventMessage:
    if isinstance(told.get("Records"), list):
        return _of_records(told["Records"], subject)
    if "detail-type" in told:
        return _of_bridge(told, subject)
    if told.get("Event") == TEST:
        return EventMessage(others=(TEST,))
    if "JobId" in told and "API" in told:
        return EventMessage(completions=(_completion(told, subject),))
    raise UnreadableEvent(subject)


def _completion(told: Mapping[str, Any], subject: str) -> Completion:
    """Read Rekognition's word that a job has ended. One without a tag is no job of ours."""
    status = _text(told, "Status", subject)
    if status not in _ENDED:
        raise UnreadableEvent(subject, rule=f"a job ends as {' or '.join(_ENDED)}, not as {status[:30]}")
    tag = _text(told, "JobTag", subject) if "JobTag" in told else ""
    return Completion(tag, _text(told, "JobId", subject), status)


def _of_records(records: list[Any], subject: str) -> EventMessage:
    events: list[ObjectEvent] = []
    others: list[str] = []
    refused: list[BadMessage] = []
    for record in records:
        try:
            read = _of_record(record, subject)
        except BadMessage as error:
            refused.append(error)
            continue
        if isinstance(read, str):
            others.append(read)
        else:
            events.append(read)
    return EventMessage(tuple(events), tuple(others), tuple(refused))


def _of_record(record: Any, subject: str) -> ObjectEvent | str:
    """Return the event of a record, or the name of one about something else."""
    if not isinstance(record, dict) or record.get("eventSource") != "aws:s3":
        raise UnreadableEvent(subject, rule='a record must have "eventSource": "aws:s3"')
    version = _text(record, "eventVersion", subject)
    if version.partition(".")[0] != VERSION:
        raise UnreadableEvent(subject, rule=f"an event's version must be {VERSION}.x, not {version[:SHOWN_CHARACTERS]}")
    name = _text(record, "eventName", subject).removeprefix("s3:")
    change = _change_of_name(name)
    if change is None:
        return name
    s3 = _inner(record, "s3", subject)
    thing = _inner(s3, "object", subject)
    key = _decoded(_text(thing, "key", subject), subject)
    uri = _uri(_text(_inner(s3, "bucket", subject), "name", subject), key)
    at = _time(_text(record, "eventTime", subject), subject)
    return ObjectEvent(uri, change, at, _etag(thing.get("eTag")), _size(thing.get("size")))


def _of_bridge(told: Mapping[str, Any], subject: str) -> EventMessage:
    if told.get("source") != "aws.s3":
        raise UnreadableEvent(subject, rule='an event of EventBridge must have "source": "aws.s3"')
    name = _text(told, "detail-type", subject)
    change = {_BRIDGE_CREATED: Change.CREATED, _BRIDGE_REMOVED: Change.REMOVED}.get(name)
    if change is None:
        return EventMessage(others=(name,))
    detail = _inner(told, "detail", subject)
    thing = _inner(detail, "object", subject)
    try:
        uri = _uri(_text(_inner(detail, "bucket", subject), "name", subject), _text(thing, "key", subject))
    except InvalidUri as error:
        return EventMessage(refused=(error,))
    at = _time(_text(told, "time", subject), subject)
    return EventMessage((ObjectEvent(uri, change, at, _etag(thing.get("etag")), _size(thing.get("size"))),))


def _change_of_name(name: str) -> Change | None:
    if name.startswith(_CREATED):
        return Change.CREATED
    return Change.REMOVED if name.startswith(_REMOVED) else None


def _uri(bucket: str, key: str) -> ObjectUri:
    """Return the object's URI; raise InvalidUri if no object can have it."""
    if "/" in bucket:
        raise InvalidUri(f"{bucket} {key}", rule="a bucket's name has no slash")
    return ObjectUri.parse(f"s3://{bucket}/{key}")


def _decoded(key: str, subject: str) -> str:
    """Undo S3's encoding, once. What is not UTF-8 is refused: a replacement character would name another object."""
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        shown = key[:SHOWN_CHARACTERS]
        raise UnreadableEvent(subject, rule=f"a key must be UTF-8, URL-encoded, which {shown} is not") from error


def _json(text: str, subject: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise UnreadableEvent(subject, rule=f"{UnreadableEvent.rule}, and this one is not JSON") from error
    if not isinstance(told, dict):
        raise UnreadableEvent(subject)
    return told


def _inner(told: Mapping[str, Any], name: str, subject: str) -> Mapping[str, Any]:
    value = told.get(name)
    if not isinstance(value, dict):
        raise UnreadableEvent(subject, rule=f"an event must have an object {name}")
    return value


def _text(told: Mapping[str, Any], name: str, subject: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableEvent(subject, rule=f"an event must have a text {name}")
    return value


def _time(text: str, subject: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UnreadableEvent(subject, rule=f"an event's time must be like 2026-11-27T07:58:11Z, not {text[:30]}")
    return at


def _etag(value: Any) -> str | None:
    return value.strip('"') or None if isinstance(value, str) else None


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
