"""Names of cameras that look right and match nothing, as `sightline check` warns of them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sightline.errors import UnreadableKey
from sightline.names import look_alikes, meant, nearest, visible
from sightline.storage.buckets.protocol import Buckets, ObjectUri, Prefix

FOLDERS_LOOKED_AT = 100
"""So many folders of a place are looked at, with a request each."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A name that is probably not what was meant."""

    name: str
    value: str
    warning: str


def folders_of(place: Prefix, buckets: Buckets) -> Iterator[str]:
    """Yield the first key of each folder below a place, and each key outside a folder."""
    after = None
    while page := buckets.list_page(place.bucket, place.key_prefix, after, limit=1):
        key = page[0].uri.key
        first, slash, _ = key.removeprefix(place.key_prefix).partition("/")
        # "0" is the character after "/": all other keys of the folder are jumped over
        after = f"{place.key_prefix}{first}0" if slash else key
        yield key


def cameras_of(place: Prefix, buckets: Buckets, camera_of: Callable[[ObjectUri], str]) -> set[str]:
    """Return the cameras of a place's first folders; keys that name none are left out."""
    cameras = set()
    for key in islice(folders_of(place, buckets), FOLDERS_LOOKED_AT):
        try:
            cameras.add(camera_of(ObjectUri(place.bucket, key)))
        except UnreadableKey:
            continue
    return cameras


def nearest_folder(place: Prefix, buckets: Buckets) -> str | None:
    """Return the folder beside an empty place that it is most like; None if none is like it."""
    parent, slash, _ = place.key_prefix.rstrip("/").rpartition("/")
    beside = Prefix(place.bucket, parent + slash)
    keys = islice(folders_of(beside, buckets), FOLDERS_LOOKED_AT)
    depth = beside.key_prefix.count("/") + 1
    found = nearest(place.key_prefix, ("/".join(key.split("/")[:depth]) for key in keys if key.count("/") >= depth))
    return f"s3://{place.bucket}/{visible(found)}/" if found else None


def why_empty(place: Prefix, buckets: Buckets) -> str | None:
    """Return what may be meant by a prefix that holds nothing; None for a whole bucket, which may be new."""
    if not place.key_prefix:
        return None
    near = nearest_folder(place, buckets)
    return "no key begins so" + (f"; the nearest folder is {near}" if near else "") + ". Correct the prefix"


def odd_names(
    known: Collection[str], in_buckets: Mapping[str, Collection[str]], zones: Iterable[str]
) -> Iterator[Oddity]:
    """Yield what is odd. known: all cameras; in_buckets: bucket → cameras; zones: cameras that have a time zone set."""
    yield from _zones_of_nobody(known, zones)
    for group in look_alikes(known):
        names = ", ".join(visible(each) for each in group)
        yield Oddity(
            f"cameras {names}",
            f"{len(group)} names",
            "they look the same and are different cameras, with figures apart. Let a camera upload under one name",
        )
    yield from _in_several_buckets(in_buckets)


def _zones_of_nobody(known: Collection[str], zones: Iterable[str]) -> Iterator[Oddity]:
    if not known:  # nothing has been uploaded yet
        return
    for name in zones:
        alike = [each for each in known if meant(name, [each])]
        if name in known or len(alike) == 1:
            continue
        near = nearest(name, known)
        hint = f"; the nearest is {visible(near)}" if near else ""
        yield Oddity(
            f"time zone of {visible(name)}",
            "no camera",
            f"no camera has this name{hint}. Correct SIGHTLINE_CAMERA_TIME_ZONES",
        )


def _in_several_buckets(in_buckets: Mapping[str, Collection[str]]) -> Iterator[Oddity]:
    for camera in sorted({each for cameras in in_buckets.values() for each in cameras}):
        buckets = sorted(bucket for bucket, cameras in in_buckets.items() if camera in cameras)
        if len(buckets) > 1:
            yield Oddity(
                f"camera {visible(camera)}",
                ", ".join(f"s3://{each}" for each in buckets),
                "it counts as one camera. If these are several, set SIGHTLINE_KEY_PATTERN with a group `bucket`, "
                "such as ^(?P<camera>(?P<bucket>[^/]+)/[^/]+)/",
            )
