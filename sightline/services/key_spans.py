"""Spans of keys: a place in a bucket, divided by its folders, so that its cameras and days can be listed side by side.

The images of one camera's day are one partition of the index by day. A listing in the order of the keys brings them one
after the other; from many spans at once they come mixed with those of other cameras and days.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest

from sightline.services.camera_names import folders_of
from sightline.storage.buckets.protocol import Buckets, ObjectHead, Prefix

SPANS = 16
"""So many parts of a place are listed at once."""

FOLDERS_LOOKED_AT = 500
"""So many folders of one level are asked for, with a request each, to divide a place."""

LEVELS = 4
"""So deep is looked for enough folders."""

ALONE = 1000
BESIDE_OTHERS = 250
"""Objects of a span that are listed at once."""


@dataclass(frozen=True, slots=True)
class Span:
    """The keys after `after`, up to and including `end`; None: from the first one, to the last one."""

    after: str | None = None
    end: str | None = None

    def holds(self, key: str) -> bool:
        """Return whether a key does not lie behind the end. S3 orders keys by their bytes, which is Python's order."""
        return self.end is None or key <= self.end


def divide(place: Prefix, buckets: Buckets, after: str | None) -> list[Span]:
    """Divide what a place holds after a key into spans of about as many folders each."""
    folders = _folders(place, buckets)
    parts = min(SPANS, len(folders))
    ends = [folders[number * len(folders) // parts] for number in range(1, parts)]
    spans = [Span(begin, end) for begin, end in zip([None, *ends], [*ends, None], strict=True)]
    if after is None:
        return spans
    left = [each for each in spans if each.end is None or each.end > after]
    return [replace(left[0], after=max(after, left[0].after or "")), *left[1:]]


def _folders(place: Prefix, buckets: Buckets) -> list[str]:
    """Return folders of the first level that has enough of them, or of the last one that has any, in order."""
    folders = [place.key_prefix]
    for _ in range(LEVELS):
        most = max(1, FOLDERS_LOOKED_AT // len(folders))
        inner = [each for folder in folders for each in _folders_in(Prefix(place.bucket, folder), buckets, most)]
        folders = inner or folders
        if not inner or len(folders) >= SPANS:
            break
    return folders


def _folders_in(place: Prefix, buckets: Buckets, most: int) -> Iterator[str]:
    for key in islice(folders_of(place, buckets), most):
        first, slash, _ = key.removeprefix(place.key_prefix).partition("/")
        if slash:
            yield f"{place.key_prefix}{first}/"


def list_round(place: Prefix, spans: Sequence[Span], buckets: Buckets) -> tuple[list[ObjectHead], list[Span]]:
    """List a page of each span; return the objects, mixed, and what is left of the spans."""
    limit = ALONE if len(spans) == 1 else BESIDE_OTHERS
    pages, left = list[list[ObjectHead]](), list[Span]()
    for span in spans:
        listed = buckets.list_page(place.bucket, place.key_prefix, span.after, limit=limit)
        page = [head for head in listed if span.holds(head.uri.key)]
        pages.append(page)
        if page:  # a span ends with an empty page, so that the place of its last object is kept as well
            left.append(replace(span, after=page[-1].uri.key))
    return list(mixed(pages)), left


def mixed(pages: Iterable[Iterable[ObjectHead]]) -> Iterator[ObjectHead]:
    """Yield one of each page in turn."""
    return (head for head in chain.from_iterable(zip_longest(*pages)) if head)
