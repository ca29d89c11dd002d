"""The in-memory fake of the known people."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import RLock

from typing_extensions import override

from sightline.errors import LeaseHeld
from sightline.models.answers import Box
from sightline.models.images import Lane
from sightline.models.people import Consent, DueSearch, Enrolment, EnrolmentState, Match, Person, Word
from sightline.storage.people import People, in_order, name_key
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER


class InMemoryPeople(People):
    """Known people for tests, with the rules of the real store. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._persons: dict[str, Person] = {}
        self._enrolments: dict[str, Enrolment] = {}
        self._due: dict[tuple[Lane, str], tuple[DueSearch, datetime]] = {}
        self._matches: dict[tuple[str, str], Match] = {}
        self._lock = RLock()

    @override
    def add(self, person: Person) -> Person:
        with self._lock:
            return self._persons.setdefault(name_key(person.name), person)

    @override
    def get(self, name: str) -> Person | None:
        return self._persons.get(name_key(name))

    @override
    def all(self) -> list[Person]:
        return [self._persons[key] for key in sorted(self._persons)]

    @override
    def renew(self, person: Person, consent: Consent) -> bool:
        with self._lock:
            stays = self._stays(person.name, person.person_id)
            if stays:
                kept = replace(person, consent=consent, consent_kept_at=self._clock())
                self._persons[name_key(person.name)] = kept
            return stays

    @override
    def leave(self, person: Person) -> None:
        with self._lock:
            kept = self.get(person.name)
            if kept and kept.person_id == person.person_id:
                self._persons[name_key(person.name)] = replace(kept, is_leaving=True)

    @override
    def remove(self, person: Person) -> None:
        with self._lock:
            kept = self.get(person.name)
            if kept and kept.person_id == person.person_id and kept.is_leaving:
                del self._persons[name_key(person.name)]

    def _stays(self, name: str, person_id: str) -> bool:
        kept = self.get(name)
        return kept is not None and kept.person_id == person_id and not kept.is_leaving

    @override
    def claim(self, person: Person, content: str, picture: str, collection: str) -> Enrolment | None:
        with self._lock:
            standing = self._enrolments.get(content)
            if not self._stays(person.name, person.person_id):
                return None
            if standing and (standing.person_id != person.person_id or _is_indexed_in(standing, collection)):
                return standing
            if standing and standing.free_at and self._clock() < standing.free_at:
                raise LeaseHeld(standing.picture, free_at=standing.free_at)
            claimed = Enrolment(
                content=content,
                person_id=person.person_id,
                name=person.name,
                picture=picture,
                collection=collection,
                state=EnrolmentState.CLAIMED,
                claim_id=uuid.uuid4().hex,
                free_at=self._clock() + CLAIM_LEASE + TAKEOVER_AFTER,
                attempts=(standing.attempts if standing else 0) + 1,
            )
            self._enrolments[content] = claimed
            return claimed

    @override
    def settle(self, claimed: Enrolment, face_id: str) -> bool:
        with self._lock:
            is_ours = self._is_claimed_as(claimed) and self._stays(claimed.name, claimed.person_id)
            if is_ours:
                state = EnrolmentState.INDEXED
                settled = replace(claimed, state=state, face_id=face_id, claim_id="", free_at=None)
                self._enrolments[claimed.content] = settled
            return is_ours

    @override
    def release(self, claimed: Enrolment, *, is_unknown: bool) -> None:
        with self._lock:
            if not self._is_claimed_as(claimed):
                return
            if claimed.attempts == 1 and not is_unknown:
                del self._enrolments[claimed.content]
                return
            released = replace(claimed, state=EnrolmentState.RELEASED, claim_id="", free_at=None)
            self._enrolments[claimed.content] = released

    def _is_claimed_as(self, claimed: Enrolment) -> bool:
        standing = self._enrolments.get(claimed.content)
        is_claimed = standing is not None and standing.state is EnrolmentState.CLAIMED
        return is_claimed and standing is not None and standing.claim_id == claimed.claim_id

    @override
    def enrolments(self, person_id: str | None = None) -> list[Enrolment]:
        found = [self._enrolments[key] for key in sorted(self._enrolments)]
        return [each for each in found if person_id in {None, each.person_id}]

    @override
    def remove_enrolment(self, content: str) -> None:
        self._enrolments.pop(content, None)

    @override
    def note_due(self, due: DueSearch, expires_at: datetime) -> None:
        self._due.setdefault((due.lane, due.image_id), (replace(due, tries=0), expires_at))

    @override
    def due(self, most: int) -> list[DueSearch]:
        found = [each for each, until in self._due.values() if until > self._clock()]
        return sorted(found, key=lambda each: each.lane is not Lane.LIVE)[:most]

    @override
    def begin(self, due: DueSearch) -> DueSearch | None:
        with self._lock:
            key = (due.lane, due.image_id)
            if key not in self._due:
                return None
            kept, until = self._due[key]
            self._due[key] = replace(kept, tries=kept.tries + 1), until
            return self._due[key][0]

    @override
    def leave_due(self, due: DueSearch) -> None:
        with self._lock:
            key = (due.lane, due.image_id)
            if key in self._due:
                kept, until = self._due[key]
                self._due[key] = replace(kept, tries=0), until

    @override
    def done(self, due: DueSearch) -> None:
        self._due.pop((due.lane, due.image_id), None)

    @override
    def keep(self, match: Match) -> bool:
        with self._lock:
            stays = self._stays(match.name, match.person_id)
            if stays:
                before = self._matches.get((match.image_id, match.person_id))
                word, by, said_at = (before.word, before.by, before.said_at) if before else (None, "", None)
                kept = replace(match, similarity=round(match.similarity, 4), box=_rounded(match.box))
                until = match.expires_at.replace(microsecond=0)
                kept = replace(kept, expires_at=until, word=word, by=by, said_at=said_at)
                self._matches[match.image_id, match.person_id] = kept
            return stays

    @override
    def matches(
        self, *, person_id: str | None = None, image_id: str | None = None, content: str | None = None
    ) -> list[Match]:
        return in_order(
            each
            for each in self._there()
            if person_id in {None, each.person_id}
            and image_id in {None, each.image_id}
            and content in {None, each.content}
        )

    def _there(self) -> list[Match]:
        found = [each for each in self._matches.values() if each.expires_at > self._clock()]
        return sorted(found, key=lambda each: each.candidate_id)

    @override
    def candidate(self, candidate_id: str) -> Match | None:
        return next((each for each in self._there() if each.candidate_id == candidate_id), None)

    @override
    def waiting(self, after: str | None, limit: int) -> list[Match]:
        found = [each for each in self._there() if each.word is None and each.candidate_id > (after or "")]
        return found[:limit]

    @override
    def said_by(self, reviewer: str) -> list[Match]:
        return [each for each in self._there() if each.by == reviewer]

    @override
    def say(self, match: Match, word: Word, by: str) -> bool:
        with self._lock:
            key = (match.image_id, match.person_id)
            if key not in self._matches:
                return False
            self._matches[key] = replace(self._matches[key], word=word, by=by, said_at=self._clock())
            return True

    @override
    def drop_matches(self, person_id: str) -> int:
        with self._lock:
            theirs = [key for key in self._matches if key[1] == person_id]
            for key in theirs:
                del self._matches[key]
            return len(theirs)


def _is_indexed_in(standing: Enrolment, collection: str) -> bool:
    return standing.state is EnrolmentState.INDEXED and standing.collection == collection


def _rounded(box: Box) -> Box:
    return Box(*(round(each, 4) for each in (box.left, box.top, box.width, box.height)))
