"""Known people: who agreed, which of their pictures are in the collection, and which images may show them.

Nothing is written of a person who is being forgotten: each write about a person is one transaction with a touch of the
person's item, which must be there and not leave. So once `leave` is done, what is found is all that there will be.
Persons and enrolments have no TTL: an item that vanished by itself would leave its face in the collection.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Protocol, cast

from typing_extensions import override

from sightline.errors import LeaseHeld
from sightline.models.answers import Box
from sightline.models.images import Lane
from sightline.models.people import Consent, DueSearch, Enrolment, EnrolmentState, Match, Person, Word, hash_of
from sightline.names import plain_name
from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import (
    Condition,
    all_of,
    any_of,
    begins_with,
    differs,
    equals,
    exists,
    greater,
    missing,
)
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.dynamodb.transactions import Changed, put_together
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

PERSON, ENROLMENT, MATCH, DUE = "known_person", "enrolment", "people_match", "people_due"


class People(Protocol):
    """What every store of known people does. Matches that have expired are not there, whoever reads."""

    def add(self, person: Person) -> Person:
        """Keep a person, unless one of this name is there; return who is. Names that look alike are one name."""

    def get(self, name: str) -> Person | None:
        """Read a person by name, consistently."""

    def all(self) -> list[Person]:
        """Return everyone, those who leave too, by name."""

    def renew(self, person: Person, consent: Consent) -> bool:
        """Keep a newer consent; return whether it holds now: not if the person leaves."""

    def leave(self, person: Person) -> None:
        """From now on nothing more is kept of the person."""

    def remove(self, person: Person) -> None:
        """Remove who leaves, when nothing else is left."""

    def claim(self, person: Person, content: str, picture: str, collection: str) -> Enrolment | None:
        """Claim the right to index one picture; one that is indexed, or another person's, is returned as it is.

        None if the person leaves. Raise LeaseHeld until another's claim is free.
        """

    def settle(self, claimed: Enrolment, face_id: str) -> bool:
        """Keep that it is indexed; False if the picture was forgotten meanwhile."""

    def release(self, claimed: Enrolment, *, is_unknown: bool) -> None:
        """Give a claim back. One that never sent anything leaves nothing behind."""

    def enrolments(self, person_id: str | None = None) -> list[Enrolment]:
        """Return a person's enrolments, or everyone's."""

    def remove_enrolment(self, content: str) -> None:
        """Remove an enrolment."""

    def note_due(self, due: DueSearch, expires_at: datetime) -> None:
        """Keep that the faces of an image are to be searched for; once is enough."""

    def due(self, most: int) -> list[DueSearch]:
        """Return images that are due: live ones first, else in no order."""

    def begin(self, due: DueSearch) -> DueSearch | None:
        """Count a try; None if the image is no longer due."""

    def leave_due(self, due: DueSearch) -> None:
        """Note that a try ended and the image is still due: what counts is how often none ended."""

    def done(self, due: DueSearch) -> None:
        """Remove a due image."""

    def keep(self, match: Match) -> bool:
        """Keep a candidate, and a reviewer's word that is there; False if the person is not there, or leaves."""

    def matches(
        self, *, person_id: str | None = None, image_id: str | None = None, content: str | None = None
    ) -> list[Match]:
        """Return the candidates of a person, of an image, or of a content, by image and name; or all."""

    def candidate(self, candidate_id: str) -> Match | None:
        """Read one candidate, consistently."""

    def waiting(self, after: str | None, limit: int) -> list[Match]:
        """Return candidates that no reviewer has said anything of, by id. after: the id to go on from."""

    def said_by(self, reviewer: str) -> list[Match]:
        """Return the candidates of which this reviewer said the last word, by id."""

    def say(self, match: Match, word: Word, by: str) -> bool:
        """Keep a reviewer's word; False if the candidate is gone."""

    def drop_matches(self, person_id: str) -> int:
        """Remove a person's candidates, expired ones too; return how many there were."""


def name_key(name: str) -> str:
    """Return what names that look alike have in common."""
    return plain_name(name).casefold()


class DynamoPeople(People):
    """Known people in the table of operations."""

    def __init__(
        self, client: "DynamoDBClient", table: DynamoTable, table_name: str, clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._table = table
        self._name = table_name
        self._clock = clock

    # --- persons

    @override
    def add(self, person: Person) -> Person:
        change = Change().set_all(name=person.name, person_id=person.person_id, **_of_consent(person.consent))
        change.set("kept_at", instant(person.consent_kept_at))
        outcome = self._table.update(_key(PERSON, name_key(person.name)), change, _absent())
        return _person(cast("Item", outcome.item))  # the one that is there, or the new one

    @override
    def get(self, name: str) -> Person | None:
        item = self._table.get(_key(PERSON, name_key(name)))
        return _person(item) if item else None

    @override
    def all(self) -> list[Person]:
        return [_person(item) for item in self._table.query(equals("kind", PERSON))]

    @override
    def renew(self, person: Person, consent: Consent) -> bool:
        change = Change().set_all(**_of_consent(consent), kept_at=instant(self._clock()))
        return self._table.change(_key(PERSON, name_key(person.name)), change, _stays(person.person_id))

    @override
    def leave(self, person: Person) -> None:
        key = _key(PERSON, name_key(person.name))
        self._table.change(key, Change().set("is_leaving", True), equals("person_id", person.person_id))

    @override
    def remove(self, person: Person) -> None:
        leaves = all_of(equals("person_id", person.person_id), exists("is_leaving"))
        self._table.delete(_key(PERSON, name_key(person.name)), leaves)

    def _touch(self, name: str, person_id: str) -> Changed:
        return Changed(self._name, _key(PERSON, name_key(name)), Change().add("touches", 1), _stays(person_id))

    # --- enrolments

    @override
    def claim(self, person: Person, content: str, picture: str, collection: str) -> Enrolment | None:
        key, claim_id, only_if = _key(ENROLMENT, content), uuid.uuid4().hex, _is_free(person, collection)
        while True:  # each pass means that another has just changed the item; its lease soon ends the loop
            change = Change().set_all(person_id=person.person_id, name=person.name, picture=picture)
            change.set_all(collection=collection, status=EnrolmentState.CLAIMED, claim_id=claim_id, face_id=None)
            change.set("lease_until", instant(self._clock() + CLAIM_LEASE)).add("attempts", 1)
            touch = self._touch(person.name, person.person_id)
            put_together(self._client, [touch, Changed(self._name, key, change, only_if)])
            item = self._table.get(key)
            if not self._stays(person):
                return None
            standing = _enrolment(item) if item else None
            if standing and _is_answer(standing, person, claim_id, collection):
                return standing
            is_held = standing is not None and standing.state is EnrolmentState.CLAIMED
            only_if = self._ended(standing) if standing and is_held else _is_free(person, collection)

    def _stays(self, person: Person) -> bool:
        kept = self.get(person.name)
        return kept is not None and kept.person_id == person.person_id and not kept.is_leaving

    def _ended(self, standing: Enrolment) -> Condition:
        """Return the condition of taking a claim over; raise LeaseHeld while it is held."""
        if standing.free_at is None or self._clock() < standing.free_at:
            raise LeaseHeld(standing.picture, free_at=standing.free_at)
        return all_of(equals("status", EnrolmentState.CLAIMED), equals("claim_id", standing.claim_id))

    @override
    def settle(self, claimed: Enrolment, face_id: str) -> bool:
        change = Change().set_all(status=EnrolmentState.INDEXED, face_id=face_id).remove("claim_id", "lease_until")
        return put_together(
            self._client,
            [
                self._touch(claimed.name, claimed.person_id),
                Changed(self._name, _key(ENROLMENT, claimed.content), change, _claimed_as(claimed)),
            ],
        )

    @override
    def release(self, claimed: Enrolment, *, is_unknown: bool) -> None:
        key = _key(ENROLMENT, claimed.content)
        if claimed.attempts == 1 and not is_unknown:
            self._table.delete(key, _claimed_as(claimed))
            return
        change = Change().set("status", EnrolmentState.RELEASED).remove("claim_id", "lease_until")
        self._table.change(key, change, _claimed_as(claimed))

    @override
    def enrolments(self, person_id: str | None = None) -> list[Enrolment]:
        of = equals("person_id", person_id) if person_id else None
        return [_enrolment(item) for item in self._table.query(equals("kind", ENROLMENT), only_if=of)]

    @override
    def remove_enrolment(self, content: str) -> None:
        self._table.delete(_key(ENROLMENT, content), exists("kind"))

    # --- images that are due

    @override
    def note_due(self, due: DueSearch, expires_at: datetime) -> None:
        change = Change().set_all(image_id=due.image_id, lane=due.lane, asked_at=instant(due.asked_at), tries=0)
        self._table.change(_due_key(due), change.set("expires_at", _seconds(expires_at)), _absent())

    @override
    def due(self, most: int) -> list[DueSearch]:
        found: list[DueSearch] = []
        holds = greater("expires_at", _seconds(self._clock()))
        for lane in (Lane.LIVE, Lane.BACKFILL):
            of_lane = all_of(equals("kind", DUE), begins_with("id", f"{lane}#"))
            found += map(_due, self._table.query(of_lane, only_if=holds, limit=most))
        return found[:most]

    @override
    def begin(self, due: DueSearch) -> DueSearch | None:
        outcome = self._table.update(_due_key(due), Change().add("tries", 1), exists("kind"))
        return _due(outcome.item) if outcome.is_written and outcome.item else None

    @override
    def leave_due(self, due: DueSearch) -> None:
        self._table.change(_due_key(due), Change().set("tries", 0), exists("kind"))

    @override
    def done(self, due: DueSearch) -> None:
        self._table.delete(_due_key(due), exists("kind"))

    # --- candidates

    @override
    def keep(self, match: Match) -> bool:
        change = Change().set_all(image_id=match.image_id, person_id=match.person_id, name=match.name)
        change.set_all(content=match.content, similarity=match.similarity, box=asdict(match.box))
        change.set_all(at=instant(match.at), expires_at=_seconds(match.expires_at))
        key = _key(MATCH, _stored_id(match.candidate_id))
        return put_together(self._client, [self._touch(match.name, match.person_id), Changed(self._name, key, change)])

    @override
    def matches(
        self, *, person_id: str | None = None, image_id: str | None = None, content: str | None = None
    ) -> list[Match]:
        wanted = [equals(name, value) for name, value in (("person_id", person_id), ("content", content)) if value]
        holds = all_of(self._holds(), *wanted)
        of_image = [begins_with("id", f"{hash_of(image_id)}#")] if image_id else []
        found = self._table.query(all_of(equals("kind", MATCH), *of_image), only_if=holds)
        return in_order(map(_match, found))

    @override
    def candidate(self, candidate_id: str) -> Match | None:
        item = self._table.get(_key(MATCH, _stored_id(candidate_id)))
        match = _match(item) if item else None
        return match if match and match.expires_at > self._clock() else None

    @override
    def waiting(self, after: str | None, limit: int) -> list[Match]:
        start = _key(MATCH, _stored_id(after)) if after else None
        holds = all_of(self._holds(), missing("word"))
        return [*map(_match, self._table.query(equals("kind", MATCH), only_if=holds, start=start, limit=limit))]

    @override
    def said_by(self, reviewer: str) -> list[Match]:
        holds = all_of(self._holds(), equals("said_by", reviewer))
        return [*map(_match, self._table.query(equals("kind", MATCH), only_if=holds))]

    def _holds(self) -> Condition:
        return greater("expires_at", _seconds(self._clock()))

    @override
    def say(self, match: Match, word: Word, by: str) -> bool:
        change = Change().set_all(word=word, said_by=by, said_at=instant(self._clock()))
        return self._table.change(_key(MATCH, _stored_id(match.candidate_id)), change, exists("kind"))

    @override
    def drop_matches(self, person_id: str) -> int:
        theirs = equals("person_id", person_id)
        keys = [item["id"] for item in self._table.query(equals("kind", MATCH), only_if=theirs, attributes=("id",))]
        return sum(self._table.delete(_key(MATCH, key), exists("kind")) for key in keys)


def in_order(matches: Iterable[Match]) -> list[Match]:
    """Return matches by image and name."""
    return sorted(matches, key=lambda each: (each.image_id, each.name))


def _key(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "id": name}


def _absent() -> Condition:
    return missing("kind")


def _stays(person_id: str) -> Condition:
    return all_of(equals("person_id", person_id), missing("is_leaving"))


def _is_free(person: Person, collection: str) -> Condition:
    """Nobody's yet; or this person's, and given back or in another collection."""
    moved = all_of(equals("status", EnrolmentState.INDEXED), differs("collection", collection))
    theirs = all_of(equals("person_id", person.person_id), any_of(equals("status", EnrolmentState.RELEASED), moved))
    return any_of(_absent(), theirs)


def _is_answer(standing: Enrolment, person: Person, claim_id: str, collection: str) -> bool:
    """Return whether this is what a claim came to: ours, another person's picture, or one that is indexed already."""
    is_indexed = standing.state is EnrolmentState.INDEXED and standing.collection == collection
    return standing.claim_id == claim_id or standing.person_id != person.person_id or is_indexed


def _claimed_as(claimed: Enrolment) -> Condition:
    return all_of(equals("status", EnrolmentState.CLAIMED), equals("claim_id", claimed.claim_id))


def _due_key(due: DueSearch) -> dict[str, str]:
    return _key(DUE, f"{due.lane}#{hash_of(due.image_id)}")


def _stored_id(candidate_id: str) -> str:
    return candidate_id.replace("-", "#")  # which an address could not hold


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _at_seconds(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _of_consent(consent: Consent) -> dict[str, str]:
    return {
        "consent_person": consent.person,
        "given_on": consent.given_on.isoformat(),
        "until": consent.until.isoformat(),
        "purpose": consent.purpose,
        "consent_sha256": consent.sha256,
    }


def _person(item: Item) -> Person:
    given_on, until = (date.fromisoformat(item[name]) for name in ("given_on", "until"))
    consent = Consent(item["consent_person"], given_on, until, item["purpose"], item["consent_sha256"])
    kept_at = datetime.fromisoformat(item["kept_at"])
    return Person(item["name"], item["person_id"], consent, kept_at, bool(item.get("is_leaving")))


def _enrolment(item: Item) -> Enrolment:
    until = item.get("lease_until")
    return Enrolment(
        content=item["id"],
        person_id=item["person_id"],
        name=item["name"],
        picture=item["picture"],
        collection=item["collection"],
        state=EnrolmentState.read(item["status"]),
        claim_id=item.get("claim_id", ""),
        free_at=datetime.fromisoformat(until) + TAKEOVER_AFTER if until else None,
        attempts=item.get("attempts", 0),
        face_id=item.get("face_id", ""),
    )


def _due(item: Item) -> DueSearch:
    return DueSearch(item["image_id"], Lane.read(item["lane"]), datetime.fromisoformat(item["asked_at"]), item["tries"])


def _match(item: Item) -> Match:
    word = item.get("word")
    return Match(
        image_id=item["image_id"],
        person_id=item["person_id"],
        name=item["name"],
        content=item["content"],
        similarity=float(item["similarity"]),
        box=Box(**item["box"]),
        at=datetime.fromisoformat(item["at"]),
        expires_at=_at_seconds(item["expires_at"]),
        word=Word.read(word) if word else None,
        by=item.get("said_by", ""),
        said_at=datetime.fromisoformat(item["said_at"]) if "said_at" in item else None,
    )
