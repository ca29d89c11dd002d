"""The key that was meant by one that names no object: as pasted from S3's events, or with characters nobody sees."""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from urllib.parse import unquote, unquote_plus

from sightline.errors import ImageMissing, InvalidUri, SightlineError
from sightline.names import visible
from sightline.services.camera_names import nearest_folder
from sightline.storage.buckets.protocol import Buckets, ObjectUri, Prefix
from sightline.storage.images.protocol import ImageStore

NAMED = 3
"""How many of the nearest keys are named."""

_READINGS: tuple[Callable[[str], str], ...] = (str, unquote_plus, unquote)
"""S3's events name keys URL-encoded: `a+b%2Bc` is `a b+c`."""


def _composed(key: str) -> str:
    return unicodedata.normalize("NFC", key)


def _decomposed(key: str) -> str:
    return unicodedata.normalize("NFD", key)


def _without_hidden(key: str) -> str:
    kinds = ((each, unicodedata.category(each)) for each in key)
    seen = "".join(" " if kind == "Zs" else each for each, kind in kinds if kind not in {"Cf", "Cc"})
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


def not_added(uri: ObjectUri, images: ImageStore, buckets: Buckets) -> ImageMissing:
    """Return the error for an image without a row, with what its URI most likely means in the remedy."""
    remedy = "Add it with `sightline add`"
    with suppress(SightlineError):  # a hint is not worth another error
        if known := _known_image(uri, images):
            remedy = f"Show {visible(known)} instead, which is known"
        elif near := _nearest(uri, buckets):
            remedy += f"; {near}"
    return ImageMissing(str(uri), rule="the image must have been added", remedy=remedy)


def _known_image(uri: ObjectUri, images: ImageStore) -> str | None:
    alike = []
    for key in similar_keys(uri.key):
        with suppress(InvalidUri):
            alike.append(str(ObjectUri.parse(f"s3://{uri.bucket}/{key}")))
    known = images.get_many(alike)
    return next((each for each in alike if each in known), None)


def _nearest(uri: ObjectUri, buckets: Buckets) -> str | None:
    """Say which objects or which folder are nearest to a key; None if its object is there, or nothing is like it."""
    keys = _beside(uri, buckets)
    if uri.key in keys:
        return None
    by_name = {_name(key): key for key in keys}
    if near := [by_name[name] for name in get_close_matches(_name(uri.key), by_name, n=NAMED)]:
        return f"the nearest keys are {', '.join(visible(f's3://{uri.bucket}/{key}') for key in near)}"
    folders = uri.key.split("/")[:-1]
    places = ("/".join(folders[:depth]) + "/" for depth in range(len(folders), 0, -1))
    found = (folder for place in places if (folder := nearest_folder(Prefix(uri.bucket, place), buckets)))
    near_folder = None if keys else next(found, None)
    return f"the nearest folder is {near_folder}" if near_folder else None


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _beside(uri: ObjectUri, buckets: Buckets) -> list[str]:
    """Return keys of the same folder, those that begin with as much of the name as possible."""
    folder, slash, name = uri.key.rpartition("/")
    for quarters in (3, 2, 1, 0):
        begins = folder + slash + name[: len(name) * quarters // 4]
        if page := buckets.list_page(uri.bucket, begins, None):
            return [head.uri.key for head in page]
    return []
