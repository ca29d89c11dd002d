"""Candidates for known people, as a reviewer is asked about them: whose face is it, and not how alike it is.

What the search found reaches nobody before the answer but the place of the face and the name. A reviewer is asked about
no image that the review asks them about, for the face alone would tell of somebody there; and about nobody who must not
be known any more, whether the nightly task has come or not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from sightline.errors import RetryableError
from sightline.models.images import Capture, ImageRow, State
from sightline.models.people import Match, Word
from sightline.models.people_policy import PeoplePolicy
from sightline.services.people.reviewing import keep_word
from sightline.web.console import Console
from sightline.web.errors import NoSuchCandidate, Overwritten
from sightline.web.looking import note_viewed
from sightline.web.masks import masked
from sightline.web.visitors import Visitor

log = structlog.get_logger()

ID_PATTERN = r"^[0-9a-f]{64}-[0-9a-f]{32}$"

READ_AT_ONCE = 20
MOST_LOOKED_AT = 400
"""Candidates that one request looks at for those that its visitor may be asked about; its cursor goes on from there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A candidate that a visitor may be asked about, and when and by which camera its image was taken."""

    match: Match
    capture: Capture


@dataclass(frozen=True, slots=True)
class Waiting:
    """Candidates that wait. cursor: where to go on; None at the end."""

    candidates: Sequence[Asked]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A candidate with the answer. replaced: another reviewer's word that it takes the place of, if they differ.

    is_in_graph: whether the graph shows it already; if not, the nightly task sees to it
    """

    match: Match
    replaced: Word | None
    is_in_graph: bool


def waiting_for(visitor: Visitor, console: Console, after: str | None, limit: int) -> Waiting:
    """Return the next candidates that wait for this visitor, by an id that tells nothing.

    Raise NoPeoplePolicy if known people are off.
    """
    people, found = console.services.operations.people, list[Asked]()
    for _ in range(MOST_LOOKED_AT // READ_AT_ONCE):
        read = people.waiting(after, READ_AT_ONCE)
        found += may_be_asked(read, visitor, console)
        if len(found) >= limit:
            return Waiting(found[:limit], found[limit - 1].match.candidate_id)
        if len(read) < READ_AT_ONCE:
            return Waiting(found, None)
        after = read[-1].candidate_id
    return Waiting(found, after)


def may_be_asked(matches: Sequence[Match], visitor: Visitor, console: Console) -> list[Asked]:
    """Return those of the candidates that this visitor may be asked about. Raise NoPeoplePolicy."""
    services = console.services
    policy = services.enrolling.require_on().policy
    known = services.searching.known_now() if matches else {}
    kept = [each for each in matches if each.person_id in known and _is_kept(each, policy, console)]
    rows = services.images.get_many({each.image_id for each in kept}) if kept else {}
    there = list(_with_their_pictures(kept, rows, policy))
    hidden = masked({each.match.image_id: each.match.content for each in there}, visitor, console) if there else ()
    return [each for each in there if each.match.image_id not in hidden]


def _is_kept(match: Match, policy: PeoplePolicy, console: Console) -> bool:
    """Return whether the policy of now still allows it: a shorter retention holds for what was found before, too."""
    return match.at + timedelta(days=policy.retention_days) > console.now


def _with_their_pictures(matches: Sequence[Match], rows: dict[str, ImageRow], policy: PeoplePolicy) -> Iterator[Asked]:
    """Yield those whose image still has the bytes that were searched, and is of one of the policy's cameras."""
    for match in matches:
        row = rows.get(match.image_id)
        if row is None or row.capture is None or row.content is None or row.state is State.GONE:
            continue
        if row.content.sha256 == match.content and row.capture.camera in policy.cameras:
            yield Asked(match, row.capture)


def asked_about(candidate_id: str, visitor: Visitor, console: Console) -> Asked:
    """Return one candidate; raise NoPeoplePolicy, or NoSuchCandidate if nobody asks this visitor about it."""
    match = console.services.operations.people.candidate(candidate_id)
    found = may_be_asked([match] if match else [], visitor, console)
    if not found:
        raise NoSuchCandidate("This candidate")
    return found[0]


def note_asked(asked: Sequence[Asked], visitor: Visitor, console: Console) -> None:
    """Note whose pictures a visitor is shown: there is a face in each, so a later answer of the review is not blind."""
    note_viewed([each.match.image_id for each in asked], visitor, console)


def answer_candidate(
    candidate_id: str, word: Word, content: str | None, visitor: Visitor, console: Console
) -> Answered:
    """Keep what a visitor says, as `sightline people confirm` and `deny` do: the last word stands.

    content: the bytes that they saw; None: those of now. Raise NoPeoplePolicy, NoSuchCandidate, Overwritten.
    """
    before = asked_about(candidate_id, visitor, console).match
    if content not in {None, before.content}:
        raise Overwritten("The picture", remedy="Look at it again, then answer")
    said = keep_word(before, word, visitor.user, console.services.searching)
    if said is None:
        raise NoSuchCandidate("This candidate")
    is_anothers = before.word not in {None, word} and before.by != visitor.user
    return Answered(said, before.word if is_anothers else None, _is_shown(said, console))


def _is_shown(said: Match, console: Console) -> bool:
    """Have the graph show it. Without Neo4j the answer is kept all the same: nothing else of the review needs it."""
    try:
        console.services.searching.show(said)
    except RetryableError as error:
        log.warning("The graph shows a reviewer's word from tonight on", error=type(error).__name__)
        return False
    return True
