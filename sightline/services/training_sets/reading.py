"""Reading the pictures of a set: what lies under a prefix, and the bytes of each as they are now."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sightline.errors import (
    AccessDenied,
    ConfigurationError,
    EmptyImage,
    MissingBucket,
    NotAnImage,
    RejectedError,
    SightlineError,
    TruncatedImage,
)
from sightline.models.images import Content
from sightline.rekognition.fingerprints import fingerprint
from sightline.rekognition.preflight import inspect_picture
from sightline.services.other_files import OWN_FOLDER, skipped_suffix
from sightline.services.training_sets.duplicates import Print
from sightline.services.training_sets.evidence import Outcome, Verdict
from sightline.storage.buckets.protocol import Buckets, ObjectHead, ObjectUri, Prefix, require_readable, walk

READ_AT_ONCE = 8

_BROKEN = (EmptyImage, NotAnImage, TruncatedImage)
"""The file is no whole picture. What Rekognition cannot take for another reason may be a good one."""


class EmptySet(SightlineError):
    """There is nothing to verify."""

    rule = "the prefix must hold pictures"
    remedy = "List the bucket, and name the prefix as its keys begin"


@dataclass(frozen=True, slots=True)
class Read:
    """A picture of the set. content: None if its bytes were not read; print: None if they are no whole picture.

    verdict: what can be said without asking Rekognition; None: it must be asked
    """

    uri: ObjectUri
    content: Content | None = None
    print: Print | None = None
    verdict: Verdict | None = None

    def __str__(self) -> str:
        return str(self.uri)


def members_of(place: Prefix, suffixes: tuple[str, ...], buckets: Buckets) -> tuple[list[ObjectHead], int]:
    """List the objects that may be pictures, page by page, and how many are something else by their suffix.

    Raise EmptySet if there are none.
    """
    objects = [each for each in walk(buckets, place.bucket, place.key_prefix) if not _is_folder_or_ours(each.uri.key)]
    found = [each for each in objects if not skipped_suffix(each.uri.key, suffixes)]
    if not found:
        raise EmptySet(str(place))
    return found, len(objects) - len(found)


def _is_folder_or_ours(key: str) -> bool:
    return key.endswith("/") or key.startswith(OWN_FOLDER)


def read_all(heads: list[ObjectHead], buckets: Buckets) -> Iterator[Read]:
    """Read each object, several at a time, and yield them in order. One that cannot be read stops no other."""
    with ThreadPoolExecutor(READ_AT_ONCE, thread_name_prefix="read-set") as pool:
        yield from pool.map(lambda head: read(head, buckets), heads)


def read(listed: ObjectHead, buckets: Buckets) -> Read:
    """Read an object. Raise MissingBucket, or AccessDenied if the credentials themselves are refused."""
    uri = listed.uri
    try:
        require_readable(listed)
        head, data = buckets.get(uri)
    except SightlineError as error:
        return Read(uri, verdict=not_judged(error))
    return _inspected(head, data)


def read_named(uri: ObjectUri, buckets: Buckets) -> Read:
    """Read an example; raise why it cannot be one."""
    head, data = buckets.get(uri)
    inspect_picture(str(uri), data)
    return _inspected(head, data)


def not_judged(error: SightlineError) -> Verdict:
    """Return the verdict on what could not be read or asked about now; raise what no other picture would escape."""
    if isinstance(error, MissingBucket):
        raise error
    is_of_object = isinstance(error, AccessDenied) and not error.is_of_credentials
    if isinstance(error, ConfigurationError) and not is_of_object:
        raise error
    return Verdict(Outcome.UNJUDGED, f"{type(error).__name__}: {error.rule}")


def _inspected(head: ObjectHead, data: bytes) -> Read:
    sha256 = hashlib.sha256(data).hexdigest()
    width = height = 0
    verdict, found = None, None
    try:
        picture = inspect_picture(str(head.uri), data)
        width, height = picture.width_pixels, picture.height_pixels
        found = Print(sha256, fingerprint(data))
    except _BROKEN as error:
        verdict = Verdict(Outcome.UNREADABLE, f"{type(error).__name__}: {error.rule}")
    except RejectedError as error:
        verdict = not_judged(error)
    content = Content(sha256, head.etag, head.size_bytes, width, height, head.version, head.last_modified)
    return Read(head.uri, content, found, verdict)
