"""Search the images of some cameras for known people, one face at a time.

An image is noted as due when its faces are settled, before its row is: so none is missed. A scheduled task takes what
is due. Each face that DetectFaces found is cut out and searched for by itself. Each search is claimed, paid once and
kept among the comparisons, by content, face, collection and who is enrolled; it holds nobody's name. What it finds are
candidates, kept apart, for as long as the policy allows, until a reviewer says what they are.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog
from PIL import Image

from sightline.errors import (
    BudgetSpent,
    ConfigurationError,
    ImageMissing,
    InvalidParameter,
    RejectedError,
    RetryableError,
    SightlineError,
    SlotRefused,
    TruncatedImage,
)
from sightline.graph.protocol import GraphStore, PersonShown
from sightline.models.answers import Box
from sightline.models.comparisons import Compared, ComparedFace
from sightline.models.images import ImageRow, Lane
from sightline.models.people import DueSearch, EnrolmentState, FoundFace, Match, Person, Searched, Word
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.models.spending import Reason
from sightline.rekognition.face_crops import FaceCrop, cut_out
from sightline.rekognition.known_faces import PEOPLE, FaceCollection, search_id
from sightline.rekognition.preflight import DAMAGE
from sightline.rekognition.upright import upright
from sightline.services.detection import may_be_billed
from sightline.services.till import Till
from sightline.storage.buckets.protocol import Buckets, ObjectUri
from sightline.storage.comparisons import Comparison, Pair, Standing
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations

log = structlog.get_logger()

NAME = "search_people"
FACES = "faces"

MOST_TRIES = 5
"""How often the search of an image may begin and not end: a picture that kills its worker is given up then."""

TAKEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Roster:
    """Who may be found: everyone who is enrolled and whose consent holds."""

    people: dict[str, Person]
    name: str


@dataclass(frozen=True, slots=True)
class Searching:
    """Searches. known_people: None searches nothing."""

    known_people: KnownPeople | None
    operations: Operations
    faces: FaceCollection
    images: ImageStore
    ledger: Ledger
    buckets: Buckets
    graph: GraphStore
    till: Till
    clock: Callable[[], datetime]

    def note(self, row: ImageRow) -> None:
        """Note an image whose answers are all there, if it has a face and its camera may be searched."""
        if self.known_people is None or row.capture is None or not self._has_face(row):
            return
        policy = self.known_people.policy
        if row.capture.camera in policy.cameras:
            due = DueSearch(row.image_id, row.lane, self.clock())
            self.operations.people.note_due(due, self.clock() + timedelta(days=policy.retention_days))

    def _has_face(self, row: ImageRow) -> bool:
        part = row.parts.get(FACES)
        return part is not None and bool(part.finding)

    def run(self, goes_on: Callable[[], bool]) -> Counter[str]:
        """Search what is due, live images first, while the turn goes on; count images by how they ended.

        Raise ConfigurationError if a right is missing, or the collection.
        """
        done: Counter[str] = Counter()
        if self.known_people is None:
            return done
        roster = self.roster()
        for due in self.operations.people.due(TAKEN_AT_ONCE):
            if not goes_on():
                break
            try:
                done[self.search(due, roster, self.known_people)] += 1
            except ConfigurationError:  # every image would meet it: `sightline status` shows it
                self.operations.people.leave_due(due)
                raise
            except RetryableError as error:
                log.warning("A search for known people is tried again later", image_id=due.image_id, error=str(error))
                self.operations.people.leave_due(due)
                is_short = isinstance(error, (BudgetSpent, SlotRefused))
                done["waiting" if is_short else "failed"] += 1
                if is_short:
                    break  # the next would wait for the same
        return done

    def roster(self) -> Roster:
        """Return who may be found now."""
        holding = self.known_now()
        enrolled = [
            each
            for each in self.operations.people.enrolments()
            if each.person_id in holding and (each.state, each.collection) == (EnrolmentState.INDEXED, self.faces.name)
        ]
        named = "\n".join(sorted(each.external_id for each in enrolled))
        found = {each.person_id: holding[each.person_id] for each in enrolled}
        return Roster(found, hashlib.sha256(named.encode()).hexdigest())

    def known_now(self) -> dict[str, Person]:
        """Return who may be known now, by id: whose consent holds, who does not leave, and for whom time is left."""
        today = self.clock().date()
        return {each.person_id: each for each in self.operations.people.all() if self._holds(each, today)}

    def _holds(self, person: Person, today: date) -> bool:
        policy = self.known_people.policy if self.known_people else None
        return not person.is_leaving and today <= last_day(person, policy)

    def search(self, due: DueSearch, roster: Roster, how: KnownPeople) -> str:
        """Search one image; return how it ended. Run twice it pays once."""
        people = self.operations.people
        if not roster.people:
            people.done(due)  # strangers are not searched for nobody
            return "nobody enrolled"
        begun = people.begin(due)
        if begun is None or begun.tries > MOST_TRIES:
            people.done(due)
            log.error("The search for known people in an image did not end, and is given up", image_id=due.image_id)
            return "given up"
        try:
            ended = self._search(begun, roster, how)
        except RejectedError as error:
            log.warning("An image cannot be searched for known people", image_id=due.image_id, error=str(error))
            ended = "refused"
        people.done(due)
        return ended

    def _search(self, due: DueSearch, roster: Roster, how: KnownPeople) -> str:
        row = self.images.get(due.image_id)
        boxes = self._boxes(row) if row else []
        if row is None or row.content is None or row.capture is None or not boxes:
            return "no face"
        if row.capture.camera not in how.policy.cameras:
            return "other camera"
        try:
            _, data = self.buckets.get(ObjectUri.parse(due.image_id))
        except ImageMissing:
            return "changed"
        if hashlib.sha256(data).hexdigest() != row.content.sha256:
            return "changed"  # the new bytes are noted when their own answers are there
        picture, was_known = _opened(due.image_id, data), False
        for box in boxes:
            name = search_id(row.content.sha256, box, how.least_percent, self.faces.name, roster.name)
            crop = cut_out(picture, box, [each for each in boxes if each != box])
            pair = Pair(name, row.content.sha256, self.faces.name, self._until(how.policy))
            was_known |= not self._search_face(pair, crop, box, row, due.lane, roster, how)
        if was_known:
            self._keep_what_others_found(row, row.content.sha256, roster)
        for match in self.operations.people.matches(image_id=row.image_id):
            self.show(match)  # after all is settled: a call is not repeated because Neo4j is away
        return "searched"

    def _boxes(self, row: ImageRow) -> list[Box]:
        part = row.parts.get(FACES)
        entry = self.ledger.get(part.analysis_id) if part else None
        return [each.box for each in entry.answer.detections if each.box] if entry and entry.answer else []

    def _search_face(
        self, pair: Pair, crop: FaceCrop, box: Box, row: ImageRow, lane: Lane, roster: Roster, how: KnownPeople
    ) -> bool:
        """Ask about one face; False if that was answered before. Candidates are kept before the search is settled."""
        comparisons = self.operations.comparisons
        claimed = comparisons.claim(pair)
        if claimed.standing is Standing.ANSWERED:
            return False
        if claimed.took_over:
            self.till.lost(PEOPLE, lane)
        searched = self._ask(claimed, crop, lane, how)
        if searched is None:
            comparisons.settle(claimed, Compared(None), 0)
            return True
        for person_id, found in best(searched.found).items():
            if person_id in roster.people and crop.is_of(searched.box):
                self._keep(row, roster.people[person_id], found.similarity, box, how.policy)
        seen = ComparedFace(searched.box, searched.confidence)
        comparisons.settle(claimed, Compared(seen), self.till.price(PEOPLE))
        self.till.billed(PEOPLE, lane, Reason.NEW if claimed.attempts == 1 else Reason.RETRIED)
        return True

    def _ask(self, claimed: Comparison, crop: FaceCrop, lane: Lane, how: KnownPeople) -> Searched | None:
        """Call once under the claim; None if Rekognition sees no face in the cut-out."""
        try:
            return self.till.ask(PEOPLE, lane, lambda: self.faces.search(crop.data, how.least_percent))
        except InvalidParameter:
            return None
        except SightlineError as error:
            self.operations.comparisons.release(claimed, is_unknown=may_be_billed(error))
            raise

    def _keep(self, row: ImageRow, person: Person, similarity: float, box: Box, policy: PeoplePolicy) -> None:
        """Keep a candidate, unless another face of the image is more like the person."""
        before = self.operations.people.matches(image_id=row.image_id, person_id=person.person_id)
        if row.content is None or (before and before[0].similarity >= similarity):
            return
        now, content = self.clock(), row.content.sha256
        match = Match(row.image_id, person.person_id, person.name, content, similarity, box, now, self._until(policy))
        self.operations.people.keep(match)

    def _until(self, policy: PeoplePolicy) -> datetime:
        return self.clock() + timedelta(days=policy.retention_days)

    def _keep_what_others_found(self, row: ImageRow, content: str, roster: Roster) -> None:
        """Keep for this image what was found in another with the same bytes, which were paid for once."""
        people = self.operations.people
        for each in people.matches(content=content):
            is_known = people.matches(image_id=row.image_id, person_id=each.person_id)
            if each.person_id in roster.people and not is_known:
                people.keep(replace(each, image_id=row.image_id, word=None, by=""))

    def show(self, match: Match) -> None:
        """Show a candidate in the graph, or hide it if a reviewer denied it."""
        if match.word is Word.DENIED:
            self.graph.people.hide(match.image_id, match.name)
        else:
            self.graph.people.show(as_shown(match))


def _opened(image_id: str, data: bytes) -> Image.Image:
    """Return a picture upright. Raise TruncatedImage: not all damage is looked for before an image is paid for."""
    try:
        return upright(data)
    except DAMAGE as error:
        raise TruncatedImage(image_id, rule=f"{TruncatedImage.rule} ({error})") from error


def as_shown(match: Match) -> PersonShown:
    """Return how the graph shows a candidate."""
    return PersonShown(match.image_id, match.name, match.similarity, match.word is Word.CONFIRMED)


def best(found: Sequence[FoundFace]) -> dict[str, FoundFace]:
    """Return the most similar face of each person."""
    kept: dict[str, FoundFace] = {}
    for each in sorted(found, key=lambda each: each.similarity):
        kept[each.face.person_id] = each
    return kept


def last_day(person: Person, policy: PeoplePolicy | None) -> date:
    """Return until when a person may be known: the consent's last day, or the policy's, whichever is sooner."""
    until = person.consent.until
    return min(until, (person.consent_kept_at + timedelta(days=policy.retention_days)).date()) if policy else until
