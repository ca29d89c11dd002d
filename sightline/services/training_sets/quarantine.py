"""Move pictures out of a set, so that a move can be undone and may be cut off anywhere: nothing is deleted.

First a part of the manifest is written, which names each move. Then for each: copy, with metadata; compare the copy
with what was judged; remove the original only if it still is that. Every step looks at what is there, so a move that
was cut off is carried on by the next run, and undone by `undo`, which removes a part of the manifest last.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from uuid import uuid4

from sightline.errors import (
    AccessDenied,
    ConfigurationError,
    ImageMissing,
    InvalidUri,
    NotSupported,
    SightlineError,
)
from sightline.services.other_files import OWN_FOLDER
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri, Prefix, walk

PART = 5_000
"""So many moves are in one part of the manifest: it can be read as a whole."""

MANIFEST = "manifest/"
OBJECTS = "objects/"

_NO_ETAG = "0" * 32


class BadQuarantine(SightlineError):
    """A prefix that cannot be a quarantine."""

    rule = "a quarantine must lie outside the set and outside every prefix that is swept, and hold one set alone"
    remedy = "Name another prefix with --quarantine"


class ReadOnly(ConfigurationError):
    """The bucket does not let us move objects."""

    rule = "to quarantine pictures we must be allowed to write to the quarantine and to remove from the set"
    remedy = "Give the rights of deploy/iam/quarantine.json; nothing has been changed"


@dataclass(frozen=True, slots=True)
class Move:
    """One picture that is to leave the set. sha256, etag and version: of what was judged."""

    source: str
    target: str
    sha256: str
    etag: str
    version: str | None
    because: str


class Moved(StrEnum):
    """What became of a move."""

    MOVED = "moved"
    CHANGED = "left: it is not what was judged any more"
    GONE = "left: it is gone"
    TAKEN = "left: something else lies at its place"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a set's pictures are moved to. place: ends with a slash."""

    of: Prefix
    place: Prefix

    @classmethod
    def parse(cls, of: Prefix, uri: str, swept: Iterable[Prefix]) -> "Place":
        """Read `s3://bucket/prefix`. Raise InvalidUri, or BadQuarantine if the set or a sweep would read it."""
        found = Prefix.parse(uri)
        if not found.key_prefix:
            raise InvalidUri(uri, rule="a quarantine must have a prefix", remedy="Name s3://bucket/prefix/")
        place = Prefix(found.bucket, found.key_prefix.rstrip("/") + "/")
        if place.key_prefix.startswith(OWN_FOLDER):
            raise BadQuarantine(str(place), rule=f"{OWN_FOLDER} is for what sightline keeps itself")
        if met := [str(each) for each in (of, *swept) if _meet(each, place)]:
            raise BadQuarantine(str(place), rule=f"{BadQuarantine.rule}; it meets {', '.join(met)}")
        return cls(of, place)

    def target(self, source: ObjectUri) -> ObjectUri:
        """Return where a picture is moved to. Raise InvalidUri if that key would be too long."""
        return ObjectUri.parse(f"{self.place}{OBJECTS}{source.key}")


def _meet(one: Prefix, other: Prefix) -> bool:
    shorter, longer = sorted((one.key_prefix, other.key_prefix), key=len)
    return one.bucket == other.bucket and longer.startswith(shorter)


class Quarantine:
    """The moves of one set to one place."""

    def __init__(self, place: Place, buckets: Buckets) -> None:
        self._place = place
        self._buckets = buckets

    def require_rights(self) -> None:
        """Raise ReadOnly before anything is changed, NotSupported if a condition on removing is ignored."""
        name = f"check-{uuid4().hex}"
        probe = self._uri(name)
        try:
            for missing in (probe, ObjectUri(self._place.of.bucket, self._place.of.key_prefix + name)):
                self._buckets.remove(missing, if_match=_NO_ETAG)  # refused as an object would be that is there
            etag = self._buckets.put(probe, b"written by a check of sightline; may be removed", if_none_match=True)
            is_ignored = self._buckets.remove(probe, if_match=_NO_ETAG)
            self._buckets.remove(probe, if_match=etag or "")
        except AccessDenied as error:
            raise ReadOnly(str(error.subject), rule=f"{ReadOnly.rule} ({error.rule})") from error
        if is_ignored:
            rule = "the endpoint must honour IfMatch on removing, and this one ignores it"
            raise NotSupported(str(probe), rule=rule, remedy="Use S3, or a stand-in that answers 412")

    def kept(self) -> Iterator[tuple[ObjectUri, list[Move]]]:
        """Yield each part of the manifest that is there. Raise BadQuarantine if it is another set's."""
        for head in walk(self._buckets, self._place.place.bucket, self._place.place.key_prefix + MANIFEST):
            of, moves = _read_part(head.uri, self._buckets.get(head.uri)[1])
            if of != str(self._place.of):
                raise BadQuarantine(str(head.uri), rule=f"{BadQuarantine.rule}; this is the one of {of}")
            yield head.uri, moves

    def cut_off(self) -> list[Move]:
        """Return the moves of earlier runs that did not end: their originals are still there, as they were judged."""
        return [each for _, kept in self.kept() for each in kept if self._is_cut_off(each)]

    def plan(self, moves: Iterable[Move]) -> list[Move]:
        """Keep moves in the manifest before they begin; return them after those that were cut off."""
        waiting = self.cut_off()
        known = {each.source for each in waiting}
        fresh = [each for each in moves if each.source not in known]
        for start in range(0, len(fresh), PART):
            content = {"set": str(self._place.of), "moves": [asdict(each) for each in fresh[start : start + PART]]}
            uri = self._uri(f"{MANIFEST}{uuid4().hex}.json")
            self._buckets.put(uri, json.dumps(content, indent=1).encode(), if_none_match=True)
        return [*waiting, *fresh]

    def move(self, moves: Sequence[Move]) -> Iterator[tuple[Move, Moved]]:
        """Carry out moves that are in the manifest."""
        for each in moves:
            yield each, self._move(each)

    def undo(self) -> Iterator[tuple[Move, Moved]]:
        """Bring everything back that is in the manifest, and remove each part of it whose copies are gone."""
        for part, moves in [*self.kept()]:
            ended = []
            for each in moves:
                ended.append(self._undo(each))
                yield each, ended[-1]
            if Moved.TAKEN not in ended:
                self._buckets.delete(part)

    def _is_cut_off(self, move: Move) -> bool:
        head = self._head(ObjectUri.parse(move.source))
        return head is not None and _is_judged(head, move)

    def _move(self, move: Move) -> Moved:
        source, target = ObjectUri.parse(move.source), ObjectUri.parse(move.target)
        head = self._head(source)
        if head is None:
            return Moved.MOVED if self._holds(target, move) else Moved.GONE
        if not _is_judged(head, move):
            return Moved.CHANGED
        self._buckets.copy(source, target, if_match=move.etag)
        if not self._is_copy(target, head, move):
            return Moved.TAKEN
        return Moved.MOVED if self._buckets.remove(source, if_match=move.etag) else Moved.CHANGED

    def _undo(self, move: Move) -> Moved:
        source, target = ObjectUri.parse(move.source), ObjectUri.parse(move.target)
        copy = self._head(target)
        if copy is None:
            return Moved.BACK if self._holds(source, move) else Moved.GONE
        self._buckets.copy(target, source, if_match=copy.etag)
        if not self._is_copy(source, copy, move):
            return Moved.TAKEN
        return Moved.BACK if self._buckets.remove(target, if_match=copy.etag) else Moved.TAKEN

    def _is_copy(self, copy: ObjectUri, original: ObjectHead, move: Move) -> bool:
        """Return whether an object has the bytes that were judged, and the original's metadata and headers."""
        try:
            head, data = self._buckets.get(copy)
        except ImageMissing:
            return False
        is_same = (head.metadata, head.headers) == (original.metadata, original.headers)
        return is_same and hashlib.sha256(data).hexdigest() == move.sha256

    def _holds(self, uri: ObjectUri, move: Move) -> bool:
        try:
            return hashlib.sha256(self._buckets.get(uri)[1]).hexdigest() == move.sha256
        except ImageMissing:
            return False

    def _head(self, uri: ObjectUri) -> ObjectHead | None:
        try:
            return self._buckets.head(uri)
        except ImageMissing:
            return None

    def _uri(self, name: str) -> ObjectUri:
        return ObjectUri(self._place.place.bucket, self._place.place.key_prefix + name)


def _read_part(uri: ObjectUri, data: bytes) -> tuple[str, list[Move]]:
    """Return the set and the moves of a part of a manifest; raise BadQuarantine if it is none."""
    try:
        content = json.loads(data)
        return str(content["set"]), [Move(**each) for each in content["moves"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadQuarantine(str(uri), rule=f"a manifest must be one that sightline wrote ({error!r})") from error


def _is_judged(head: ObjectHead, move: Move) -> bool:
    return head.etag == move.etag and head.version == move.version
