"""The key that was meant by one that names no object: as pasted from S3's events, or with characters nobody sees."""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote, unquote_plus

from sightline.errors import ImageMissing, InvalidUri, SightlineError
from sightline.names import visible
from sightline.storage.buckets.protocol import Buckets, ObjectUri

_READINGS: tuple[Callable[[str], str], ...] = (str, unquote_plus, unquote)
"""S3's events name keys URL-encoded: `a+b%2Bc` is `a b+c`."""


def _composed(key: str) -> str:
    return unicodedata.normalize("NFC", key)


def _decomposed(key: str) -> str:
    return unicodedata.normalize("NFD", key)


def _without_hidden(key: str) -> str:
    seen = "".join(each for each in key if unicodedata.category(each) not in {"Cf", "Cc"})
    return seen.strip().strip("/")


_FORMS: tuple[Callable[[str], str], ...] = (str, _composed, _decomposed, _without_hidden)


def similar_keys(key: str) -> Iterator[str]:
    """Yield the other keys that may be meant, the likeliest first; none for a key of plain characters."""
    different = dict.fromkeys(form(read(key)) for read in _READINGS for form in _FORMS)
    return (each for each in different if each and each != key)


def similar_object(uri: ObjectUri, buckets: Buckets) -> ObjectUri | None:
    """Return the object that a URI without one most likely means; None if there is none, or S3 does not say."""
    for key in similar_keys(uri.key):
        with suppress(ImageMissing, InvalidUri):
            return buckets.head(ObjectUri.parse(f"s3://{uri.bucket}/{key}")).uri
    return None


def explained(error: ImageMissing, uri: ObjectUri, buckets: Buckets) -> ImageMissing:
    """Return the error with the similar object in its remedy, if there is one."""
    found = None
    with suppress(SightlineError):  # a hint is not worth another error
        found = similar_object(uri, buckets)
    if found is None:
        return error
    remedy = f"Add {visible(str(found))} instead, which exists; producers must decode the keys of S3's events"
    return ImageMissing(error.subject, rule=error.rule, remedy=remedy)
