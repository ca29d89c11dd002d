"""Known people in the graph: (:Image)-[:MAY_SHOW {similarity, is_confirmed}]->(:KnownPerson {name}).

They follow from the candidates in the table of operations, not from the image rows, and are written and removed apart
from images. `KNOW` alone makes a node: a late `SHOW` about somebody who was forgotten finds none, and does nothing.
An image's lock is taken first, as by a merge, so that no relationship comes to a node that is gone meanwhile.
"""

from dataclasses import asdict

from neo4j import Transaction
from typing_extensions import override

from sightline.graph.protocol import PeopleShown, PersonShown
from sightline.graph.sessions import Sessions

NAMES_ARE_UNIQUE = (
    "CREATE CONSTRAINT known_person_name IF NOT EXISTS FOR (person:KnownPerson) REQUIRE person.name IS UNIQUE"
)

KNOW = "MERGE (:KnownPerson {name: $name})"

SHOW = """
MATCH (image:Image {image_id: $image_id})
SET image.object_key = image.object_key
WITH image
WHERE image.gone_at IS NULL
MATCH (person:KnownPerson {name: $name})
MERGE (image)-[edge:MAY_SHOW]->(person)
SET edge.similarity = $similarity, edge.is_confirmed = $is_confirmed
"""

HIDE = "MATCH (:Image {image_id: $image_id})-[edge:MAY_SHOW]->(:KnownPerson {name: $name}) DELETE edge"

SHOWN = """
MATCH (image:Image)-[edge:MAY_SHOW]->(person:KnownPerson)
RETURN image.image_id AS image_id, person.name AS name, edge.similarity AS similarity,
  edge.is_confirmed AS is_confirmed
"""

NAMES = "MATCH (person:KnownPerson) RETURN person.name AS name ORDER BY name"

FORGET = """
MATCH (person:KnownPerson {name: $name})
OPTIONAL MATCH (person)<-[edge:MAY_SHOW]-(:Image)
WITH person, count(edge) AS edges
DETACH DELETE person
RETURN edges
"""


class PeopleGraph(PeopleShown):
    """The people of one database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    def know(self, name: str) -> None:
        """See that a person has a node."""
        self._sessions.run(lambda t: t.run(KNOW, name=name).consume())

    @override
    def show(self, shown: PersonShown) -> None:
        """Link an image with a person, if both are there."""
        self._sessions.run(lambda t: t.run(SHOW, asdict(shown)).consume())

    @override
    def hide(self, image_id: str, name: str) -> None:
        """Remove the link of an image with a person."""
        self._sessions.run(lambda t: t.run(HIDE, image_id=image_id, name=name).consume())

    @override
    def shown(self) -> list[PersonShown]:
        """Return every link, in order."""

        def read(transaction: Transaction) -> list[PersonShown]:
            return [PersonShown(**record) for record in transaction.run(SHOWN)]

        return sorted(self._sessions.run(read))

    @override
    def names(self) -> list[str]:
        """Return who has a node."""
        return self._sessions.run(lambda t: [record["name"] for record in t.run(NAMES)])

    @override
    def forget(self, name: str) -> int:
        """Remove a person's node with its links; return how many links there were."""

        def remove(transaction: Transaction) -> int:
            record = transaction.run(FORGET, name=name).single()
            return int(record["edges"]) if record else 0

        return self._sessions.run(remove)
