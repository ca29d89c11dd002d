"""Groups of pictures that are the same, or nearly: pure functions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sightline.rekognition.fingerprints import BITS, Fingerprint

NEAR_BITS = 6
"""Pictures whose fingerprints differ in at most so many of their 128 bits are nearly the same."""

NEAR_CORRELATION = 0.99
"""... and whose brightness correlates so much. Copies of drawn pictures reach 0.9997, others at most 0.982."""

_BANDS = 8
_BAND_BITS = BITS // _BANDS
"""Two fingerprints that differ in fewer bits than there are bands have a band in common, so only those are compared."""


@dataclass(frozen=True, slots=True)
class Print:
    """sha256: of the bytes, hex; look: what the picture looks like."""

    sha256: str
    look: Fingerprint


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that look alike. first_of: name → the first name with the same bytes; names in order."""

    first_of: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, in order."""
        return tuple(self.first_of)

    @property
    def is_exact(self) -> bool:
        """Return whether all have the same bytes."""
        return len(set(self.first_of.values())) == 1

    def same_bytes_as(self, name: str) -> str | None:
        """Return the first of the pictures with this one's bytes; None if it is that itself."""
        return None if self.first_of[name] == name else self.first_of[name]

    def likeness(self, name: str) -> str:
        """Return in words what one of them is among the others."""
        if first := self.same_bytes_as(name):
            return f"the same bytes as {first}"
        return "the first of its group" if name == self.names[0] else "nearly the same"


def duplicates(prints: Mapping[str, Print]) -> list[Group]:
    """Return the groups of two or more pictures, each picture in one group at most; names in sorted order."""
    leaders = {name: name for name in sorted(prints)}
    for one, other in _pairs(prints):
        first, last = sorted((_leader(one, leaders), _leader(other, leaders)))
        leaders[last] = first
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in leaders:
        groups[_leader(name, leaders)].append(name)
    firsts = {prints[name].sha256: name for name in sorted(prints, reverse=True)}
    return [Group({name: firsts[prints[name].sha256] for name in names}) for names in groups.values() if len(names) > 1]


def _leader(name: str, leaders: dict[str, str]) -> str:
    while leaders[name] != name:
        leaders[name] = name = leaders[leaders[name]]
    return name


def _pairs(prints: Mapping[str, Print]) -> Iterator[tuple[str, str]]:
    """Yield pairs that suffice to join every group: of equal bytes each with the first, of the others those nearby."""
    first_of: dict[str, str] = {}
    for name in sorted(prints):
        first = first_of.setdefault(prints[name].sha256, name)
        if first != name:
            yield first, name
    buckets: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for name in first_of.values():
        if not prints[name].look.is_flat:
            for band in range(_BANDS):
                buckets[band, prints[name].look.bits >> band * _BAND_BITS & (1 << _BAND_BITS) - 1].append(name)
    for names in buckets.values():
        yield from (pair for pair in combinations(names, 2) if _are_near(*(prints[name].look for name in pair)))


def _are_near(one: Fingerprint, other: Fingerprint) -> bool:
    is_near = (one.bits ^ other.bits).bit_count() <= NEAR_BITS
    return is_near and one.correlation(other) >= NEAR_CORRELATION
