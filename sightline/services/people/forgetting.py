"""Forget a person: nothing more is kept, everything is removed, and each place is looked at again.

leave → faces → candidates → what comparing kept of the pictures → graph → enrolments → look again → the person's row.
The row goes last, so that forgetting that was killed is found and ended: by the same command, or by the nightly task.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sightline.errors import ConfigurationError, Unavailable
from sightline.graph.protocol import GraphStore
from sightline.models.people import Enrolment, EnrolmentState, Person
from sightline.names import nearest
from sightline.rekognition.known_faces import FaceCollection
from sightline.storage.operations import Operations

BACKUPS = (
    "point-in-time recovery of the table of operations holds what was removed for up to 35 days",
    "backups of Neo4j hold the person's node for as long as you keep them",
    "backups of the bucket and older versions of objects hold the pictures that you gave, if they are there",
)
"""What no command of sightline reaches."""

HOLD_NOTHING = (
    "rows of images, analyses and their long answers in S3, checkpoints, messages and logs hold no name, no person's id"
    " and no face's id"
)


class UnknownPerson(ConfigurationError):
    """Nobody is known by this name."""

    rule = "somebody must be known by this name"
    remedy = "`sightline people list` names who is"


class StillThere(Unavailable):
    """Something of a person who is forgotten is there again, or a call is on its way."""

    rule = "nothing may be left of who is forgotten"
    remedy = "Run it again: it goes on where it stopped"


@dataclass(frozen=True, slots=True)
class Place:
    """One place that was searched. found: how much was there, and was removed; nothing is left."""

    where: str
    found: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten. pictures: what the enrolled pictures were called: no copy was kept."""

    name: str
    places: tuple[Place, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Forgets people. It needs no policy."""

    operations: Operations
    faces: FaceCollection
    graph: GraphStore
    clock: Callable[[], datetime]

    def person_named(self, name: str) -> Person:
        """Return a person; raise UnknownPerson with the nearest name."""
        people = self.operations.people
        person = people.get(name)
        if person is None:
            near = nearest(name, [each.name for each in people.all()])
            raise UnknownPerson(name, rule=f"{UnknownPerson.rule}{f'; did you mean {near}?' if near else ''}")
        return person

    def forget(self, name: str) -> Forgotten:
        """Forget a person; run again it goes on. Raise UnknownPerson, or StillThere if it cannot be proved yet."""
        return self.forget_person(self.person_named(name))

    def forget_person(self, person: Person) -> Forgotten:
        """Remove all that is kept, look again, and remove the person last."""
        people = self.operations.people
        people.leave(person)
        enrolments = people.enrolments(person.person_id)
        self._require_no_call(enrolments)
        collections = sorted({self.faces.name, *(each.collection for each in enrolments)})
        faces = {name: self._remove_faces(person, name) for name in collections}
        matches = people.drop_matches(person.person_id)
        comparisons = sum(self.operations.comparisons.forget(each.content) for each in enrolments)
        links = self.graph.people.forget(person.name)
        for each in enrolments:
            people.remove_enrolment(each.content)
        self._require_nothing(person, enrolments, collections)
        people.remove(person)
        return Forgotten(
            person.name,
            (
                *(Place(f"faces in the collection {name}", found) for name, found in faces.items()),
                Place("enrolled pictures in the table of operations", len(enrolments)),
                Place("candidates in the table of operations", matches),
                Place("comparisons and searches of these pictures, in the table of operations", comparisons),
                Place("links in the graph", links),
                Place("the person and the consent in the table of operations", 1),
            ),
            tuple(each.picture for each in enrolments),
        )

    def _require_no_call(self, enrolments: list[Enrolment]) -> None:
        """Raise StillThere while a call may be on its way that would bring a face back."""
        for each in enrolments:
            is_claimed = each.state is EnrolmentState.CLAIMED
            if is_claimed and each.free_at and self.clock() < each.free_at:
                until = f"{each.free_at:%H:%M:%S} UTC"
                raise StillThere(each.picture, rule=f"this picture is being enrolled, which may last until {until}")

    def _remove_faces(self, person: Person, collection: str) -> int:
        theirs = self._faces_of(person, collection)
        if theirs:
            self.faces.delete(theirs, collection)
        return len(theirs)

    def _faces_of(self, person: Person, collection: str) -> list[str]:
        return [each.face_id for each in self.faces.faces(collection) if each.person_id == person.person_id]

    def _require_nothing(self, person: Person, enrolments: list[Enrolment], collections: list[str]) -> None:
        people, comparisons = self.operations.people, self.operations.comparisons
        left = {
            "faces": sum(len(self._faces_of(person, name)) for name in collections),
            "candidates": len(people.matches(person_id=person.person_id)),
            "enrolments": len(people.enrolments(person.person_id)),
            "comparisons": sum(len(comparisons.of_picture(each.content)) for each in enrolments),
            "nodes": self.graph.people.names().count(person.name),
        }
        if there := [f"{number} {what}" for what, number in left.items() if number]:
            raise StillThere(person.name, rule=f"{StillThere.rule}, and there are {', '.join(there)}")
