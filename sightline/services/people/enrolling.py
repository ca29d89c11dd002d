"""Enrol a person: the consent first, then each picture with exactly one face, claimed and indexed once.

consent → look at all pictures → one face in each → the person's row → for each picture: claim → IndexFaces → settle.
IndexFaces has no token, so a claim of ours goes before it. If a call of an earlier claim may have been made, the
collection is listed first: the face may be there. What an enrolment indexes while its person is forgotten, it removes.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sightline.errors import ConfigurationError, NoPeoplePolicy, RejectedError, SightlineError
from sightline.graph.protocol import GraphStore
from sightline.models.images import Lane
from sightline.models.people import Consent, Enrolment, EnrolmentState, Person
from sightline.models.people_policy import KnownPeople
from sightline.names import printable, visible
from sightline.rekognition.known_faces import ENROL, FaceCollection
from sightline.services.comparing import Comparing, Picture, bytes_to_send
from sightline.services.detection import may_be_billed
from sightline.services.people.consent import read_consent, require_consent
from sightline.services.till import Till
from sightline.storage.images.protocol import ImageStore
from sightline.storage.operations import Operations

LONGEST_NAME = 200

MOST_COUNTED = 100
"""Rekognition tells of no more faces."""


class UnusableName(ConfigurationError):
    """A name that cannot be a person's."""

    rule = f"a person's name has 1 to {LONGEST_NAME} characters, none of them a line break or another control character"
    remedy = "Choose another name"


class NameTaken(ConfigurationError):
    """Somebody is known by this name, by another consent."""

    rule = "one name is one person, and somebody is known by it through another consent"
    remedy = "If it is another person, choose a name that tells them apart; if this is a newer consent, add --renew"


class PersonLeaves(ConfigurationError):
    """The person is being forgotten."""

    rule = "who is being forgotten cannot be enrolled"
    remedy = "Run `sightline people forget` for this name until it ends, then enrol again"


class NotOneFace(RejectedError):
    """A picture to enrol that does not show exactly one face."""

    rule = "a picture to enrol must show exactly one face"
    remedy = "Give a picture of this person alone"


class OtherPersonsPicture(ConfigurationError):
    """A picture that somebody else is enrolled with."""

    rule = "one picture is one person, and somebody else is enrolled with it"
    remedy = "Give another picture, or forget the other person"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of one picture. is_new: it was not enrolled before."""

    picture: str
    content: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Enrols. known_people: None refuses everything."""

    known_people: KnownPeople | None
    comparing: Comparing
    operations: Operations
    faces: FaceCollection
    images: ImageStore
    graph: GraphStore
    till: Till
    clock: Callable[[], datetime]

    def require_on(self) -> KnownPeople:
        """Return how people are known; raise NoPeoplePolicy if that is off."""
        if self.known_people is None:
            remedy = "Set SIGHTLINE_PEOPLE_POLICY and SIGHTLINE_KNOWN_PEOPLE=true; see docs/known-people.md"
            raise NoPeoplePolicy("known people", remedy=remedy)
        return self.known_people

    def enrol(self, name: str, pictures: Sequence[str], consent: Path, *, renews: bool = False) -> list[Enrolled]:
        """Enrol a person with pictures, files or objects in S3. Run again it pays for nothing twice.

        Raise what is wrong with name, consent or a picture before anything is kept or indexed.
        """
        policy = self.require_on().policy
        _require_name(name)
        given = read_consent(consent)
        require_consent(given, name, policy, self.clock().date(), str(consent))
        self._require_person(name, given, renews=renews)
        looked_at = {each.content: each for each in map(self._look, pictures)}
        for each in looked_at.values():
            self._require_one_face(each)
            self._require_nobody_elses(each, name)
        person = self._known(name, given, renews=renews)
        self.faces.create()
        return [self._index(person, each) for each in looked_at.values()]

    def _look(self, name: str) -> Picture:
        """Look at a picture. An image that sightline has must be of the policy's cameras; other objects are given."""
        is_image = "://" in name and self.images.get(name) is not None
        return self.comparing.look(name, is_of_a_camera=is_image)

    def _require_person(self, name: str, given: Consent, *, renews: bool) -> None:
        person = self.operations.people.get(name)
        if person is None:
            return
        if person.is_leaving:
            raise PersonLeaves(name)
        if person.consent.sha256 != given.sha256 and not renews:
            raise NameTaken(name, rule=f"{NameTaken.rule}, given on {person.consent.given_on}")

    def _require_one_face(self, picture: Picture) -> None:
        compared = self.comparing.compare(picture, picture).compared
        number = len(compared.faces) if compared and not compared.no_face_in else 0
        if number != 1:
            shown = "no face" if number == 0 else f"{number} faces" if number < MOST_COUNTED else "100 faces or more"
            raise NotOneFace(printable(picture.name), rule=f"{NotOneFace.rule}, and this one shows {shown}")

    def _require_nobody_elses(self, picture: Picture, name: str) -> None:
        person = self.operations.people.get(name)
        person_id = person.person_id if person else ""
        for each in self.operations.people.enrolments():
            if each.content == picture.content and each.person_id != person_id:
                raise OtherPersonsPicture(printable(picture.name))

    def _known(self, name: str, given: Consent, *, renews: bool) -> Person:
        """Keep the person, and see that the graph has a node; without one nothing is ever shown."""
        people = self.operations.people
        person = people.add(Person(name, uuid.uuid4().hex, given, self.clock()))
        self._require_person(name, given, renews=renews)
        if person.consent.sha256 != given.sha256 and not people.renew(person, given):
            raise PersonLeaves(name)
        self.graph.people.know(person.name)
        if self._has_left(person):
            self.graph.people.forget(person.name)
            raise PersonLeaves(name)
        return person

    def _has_left(self, person: Person) -> bool:
        kept = self.operations.people.get(person.name)
        return kept is None or kept.person_id != person.person_id or kept.is_leaving

    def _index(self, person: Person, picture: Picture) -> Enrolled:
        people = self.operations.people
        self._leave_other_collections(person, picture)
        claimed = people.claim(person, picture.content, picture.name, self.faces.name)
        if claimed is None:
            raise PersonLeaves(person.name)
        if claimed.person_id != person.person_id:
            raise OtherPersonsPicture(printable(picture.name))
        if claimed.state is EnrolmentState.INDEXED:
            return Enrolled(picture.name, picture.content, is_new=False)
        face_id = self._found(claimed) or self._ask(claimed, picture)
        if not people.settle(claimed, face_id):
            self.faces.delete([face_id])
            raise PersonLeaves(person.name)
        return Enrolled(picture.name, picture.content, is_new=True)

    def _leave_other_collections(self, person: Person, picture: Picture) -> None:
        """Remove the picture's face from a collection of an earlier generation: a face is in one place."""
        for each in self.operations.people.enrolments(person.person_id):
            if each.content == picture.content and each.face_id and each.collection != self.faces.name:
                self.faces.delete([each.face_id], each.collection)

    def _found(self, claimed: Enrolment) -> str | None:
        """Return the face that a call of an earlier claim has indexed; of several one stays."""
        if claimed.attempts == 1:
            return None
        found = [each.face_id for each in self.faces.faces() if each.external_id == claimed.external_id]
        if found[1:]:
            self.faces.delete(found[1:])
        return found[0] if found else None

    def _ask(self, claimed: Enrolment, picture: Picture) -> str:
        """Index under the claim: one call."""
        people = self.operations.people
        try:
            data = bytes_to_send(picture)
            face = self.till.ask(ENROL, Lane.LIVE, lambda: self.faces.index(data, claimed.external_id))
        except SightlineError as error:
            people.release(claimed, is_unknown=may_be_billed(error))
            raise
        self.till.billed(ENROL, Lane.LIVE)
        if face is None:
            people.release(claimed, is_unknown=False)
            raise NotOneFace(printable(picture.name), rule=f"{NotOneFace.rule}, and IndexFaces sees none")
        return face.face_id


def _require_name(name: str) -> None:
    is_clean = all(each.isprintable() or each in "\u200d\ufe0f" for each in name)
    if not name.strip() or len(name) > LONGEST_NAME or not is_clean:
        raise UnusableName(visible(name) or "an empty name")
