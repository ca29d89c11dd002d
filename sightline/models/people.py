"""People who agreed to be known: their consent, their pictures, and the images that may show them."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sightline.models.answers import Box
from sightline.models.images import Lane
from sightline.models.stored import StoredEnum

PICTURE_DIGITS = 32
"""Of a picture's SHA-256 in an ExternalImageId, which takes letters, digits and `_.-:`."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to. until: the last day; sha256: of the file that says so, hex."""

    person: str
    given_on: date
    until: date
    purpose: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Person:
    """A known person. person_id: drawn, so that nothing outside the table names the person.

    consent_kept_at: when the consent that holds was kept; is_leaving: being forgotten, so nothing is kept any more
    """

    name: str
    person_id: str
    consent: Consent
    consent_kept_at: datetime
    is_leaving: bool = False


class EnrolmentState(StoredEnum):
    """Where an enrolment stands. `released`: a call was made for it, and nobody knows what became of it."""

    CLAIMED = "claimed"
    RELEASED = "released"
    INDEXED = "indexed"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One picture of one person. content: its SHA-256, hex; picture: what it was called, never a copy of it.

    free_at: when a claim may be taken over; attempts: how many claims there were, this one included
    """

    content: str
    person_id: str
    name: str
    picture: str
    collection: str
    state: EnrolmentState
    claim_id: str = ""
    free_at: datetime | None = None
    attempts: int = 0
    face_id: str = ""

    @property
    def external_id(self) -> str:
        """Return what its face is called in the collection."""
        return external_id(self.person_id, self.content)


def external_id(person_id: str, content: str) -> str:
    """Return an ExternalImageId: whose face it is, and of which picture."""
    return f"{person_id}:{content[:PICTURE_DIGITS]}"


@dataclass(frozen=True, slots=True)
class IndexedFace:
    """One face of a collection. external_id: empty if it was not indexed by us."""

    face_id: str
    external_id: str

    @property
    def person_id(self) -> str:
        """Return whose face it is."""
        return self.external_id.partition(":")[0]


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A known face that is like the one that was searched for. similarity: percent."""

    face: IndexedFace
    similarity: float


@dataclass(frozen=True, slots=True)
class Searched:
    """The answer to one search. box: of the face that was searched for, in fractions of what was sent."""

    box: Box
    confidence: float
    found: tuple[FoundFace, ...]


class Word(StoredEnum):
    """What a reviewer says of a candidate."""

    CONFIRMED = "confirmed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate: an image that may show a known person. word: a reviewer's; without one it stays a candidate.

    content: SHA-256 of the image's bytes; box: of the face, in fractions of the upright image; similarity: percent
    """

    image_id: str
    person_id: str
    name: str
    content: str
    similarity: float
    box: Box
    at: datetime
    expires_at: datetime
    word: Word | None = None
    by: str = ""
    said_at: datetime | None = None

    @property
    def candidate_id(self) -> str:
        """Name the candidate without naming the image or the person; those of one image begin alike."""
        return f"{hash_of(self.image_id)}-{self.person_id}"


def hash_of(image_id: str) -> str:
    """Return what stands for an image in a candidate's id: 64 hexadecimal digits."""
    return hashlib.sha256(image_id.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DueSearch:
    """An image whose faces are to be searched for. tries: how often that began and did not end."""

    image_id: str
    lane: Lane
    asked_at: datetime
    tries: int = 0
