"""Batches of the review in the console: which images one reviewer is asked about in one go, and their answers.

Nobody else is asked about a batch's images while it is open, and no answer is taken once it is closed: then the
detector's answers are shown, and to correct only where one differs from them would pull the estimate towards them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import TypeAlias

from ulid import ULID

from sightline.errors import InvalidVerdict, SightlineError
from sightline.models.images import ImageRow
from sightline.services.collaborators import Services
from sightline.services.days_before import reviewed_before
from sightline.services.review import (
    NothingToReview,
    blind_key,
    newest_day,
    read_cells,
    remember,
    scope_of,
)
from sightline.services.review_plan import ReviewPlan, all_unanswered, read_plan
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.advice import Measure
from sightline.stats.counts import ReviewedCell
from sightline.stats.queue import Request, next_images
from sightline.stats.strata import StrataRule, Stratum
from sightline.stats.verdicts import Answer, Source
from sightline.stats.windows import LONGEST_WINDOW_DAYS
from sightline.storage.users.batches import HOLDS_LAST, Batch, ChosenFrom, Given, Picture
from sightline.storage.users.doubts import Doubt
from sightline.storage.users.protocol import MarkKind

BATCH = 40
"""How many images are in a batch: some minutes' work."""

HELD = f"in a batch that is open, or that was broken off less than {HOLDS_LAST // timedelta(hours=1)} hours ago"
"""Where images are that nobody else is asked about: who was killed may have held some for no batch."""

STARTS_AT_ONCE = 4
"""How many reviewers may start in the same moment: each takes all that the others wanted, and they choose again."""


class BatchClosed(SightlineError):
    """An answer to a batch whose detector's answers have been shown."""

    rule = "the batch is closed: you have seen what the detector found, so an answer would not be blind"
    remedy = "Go on with the next batch"


class AllReviewed(NothingToReview):
    """What was wanted has been done: no image waits for an answer."""

    rule = "every image of these days is reviewed"
    remedy = "Choose another day or camera"


class HeldByOthers(NothingToReview):
    """The images that wait for an answer are held by batches that are open, or were broken off."""

    rule = f"what is left of these days is {HELD}"
    remedy = "Wait until that is closed, or choose another day or camera"


class AnswerStands(SightlineError):
    """Another answer than the one that the page knew of has been given meanwhile, as in another tab."""

    rule = "you have answered this picture meanwhile, on another page or by a second key"
    remedy = "Look at it again, and answer again if that answer was a slip"


class Unjudgeable(SightlineError):
    """The picture cannot be judged any more."""

    rule = "the picture was overwritten or removed, or you have answered the review about it before"
    remedy = "Nothing needs to be done: the next picture follows"


class NotRevealed(SightlineError):
    """A doubt about an answer that can still be changed, or is none."""

    rule = "only an answer of a closed batch is doubted: one of an open batch is changed instead"
    remedy = "Look at the picture again, and answer again"


class NotPlanned(SightlineError):
    """A review of the longest window that beat has not planned."""

    rule = "so long a window is reviewed by its plan, and there is none yet"
    remedy = "Choose fewer days, or wait until the days are planned"


class OfAllCameras(NotPlanned):
    """A review of the longest window of one camera, or up to a day that was named."""

    rule = "so long a window is reviewed by its plan, which is of all cameras and ends with the last day that is over"
    remedy = "Name neither camera nor day, or choose fewer days"


class PlanUsedUp(NotPlanned):
    """The plan's questions are answered or held, and it held not all that was left to ask."""

    rule = f"what is planned of these days is answered, or is {HELD}"
    remedy = "Choose fewer days, or wait until they are planned again"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reviewer wants to review. camera, day: None for all cameras, and for the newest day."""

    label: str
    camera: str | None = None
    day: str | None = None
    window_days: int = 1

    @property
    def chosen_from(self) -> ChosenFrom:
        """Return what its batch remembers of it."""
        return ChosenFrom(self.camera, self.day, self.window_days)


Before: TypeAlias = Mapping[tuple[str, Stratum], int]
"""How many images of a camera and stratum were decided on the days before."""

Choose: TypeAlias = Callable[[int], Sequence[Request]]
"""Returns so many of the next images, in the order in which they are asked about."""


def with_day(wanted: Wanted, services: Services) -> Wanted:
    """Name the newest day, so that whoever goes on tomorrow goes on with it. The longest window has its plan's day.

    No day is named if there is no image at all.
    """
    if wanted.day is not None or wanted.window_days == LONGEST_WINDOW_DAYS:
        return wanted
    with suppress(NothingToReview):  # an open batch goes on all the same
        return replace(wanted, day=newest_day(wanted.camera, services.operations))
    return wanted


def open_batch(user: str, label: str, services: Services) -> Batch | None:
    """Return the batch that goes on in place of another of its label, whatever that would be of."""
    return next((each for each in services.users.batches.open_of(user) if each.label == label), None)


def begin_batch(user: str, wanted: Wanted, services: Services) -> Batch:
    """Ask a reviewer about the next images, in an order that tells nothing; an open batch of the label goes on instead.

    Raise NotWatched; NotPlanned; AllReviewed, HeldByOthers, PlanUsedUp, or NothingToReview if there is no image at all.
    """
    rule = services.accuracy.rule_of(wanted.label)
    standing = open_batch(user, wanted.label, services)
    if standing is not None:
        return standing
    wanted = with_day(wanted, services)
    choose, knows_all = _chooser(wanted, services)
    batch = start_batch(user, rule, choose, wanted.chosen_from, services)
    if batch is not None:
        return batch
    if not knows_all:
        raise PlanUsedUp(f"{wanted.window_days} days")
    left = HeldByOthers if choose(1) else AllReviewed  # what it chooses from has been read
    raise left(wanted.camera or "all cameras")


def start_batch(
    user: str, rule: StrataRule, choose: Choose, chosen_from: ChosenFrom, services: Services
) -> Batch | None:
    """Hold what is chosen and ask about it; None if nothing is left.

    If the user has begun another batch of the label since `open_batch` was asked, that one goes on instead.
    """
    batches = services.users.batches
    batch_id = str(ULID.from_datetime(services.clock()))
    requests = _held_for(batch_id, rule.label, choose, services)
    if not requests:
        return None
    held = [each.candidate.image_id for each in requests]
    with _released_if_it_fails(rule.label, held, batch_id, services):
        remember(requests, services)
        pictures = _pictures(user, requests, services)
        now, percent = services.clock(), rule.threshold_percent
        begun = batches.begin(Batch(batch_id, user, rule.label, percent, pictures, now, chosen_from=chosen_from))
    asked = {each.image_id for each in begun.pictures} if begun.batch_id == batch_id else set()
    if others := [each for each in held if each not in asked]:
        batches.release(rule.label, others, batch_id)
    return begun


@contextmanager
def _released_if_it_fails(label: str, image_ids: Sequence[str], batch_id: str, services: Services) -> Iterator[None]:
    """Hold images no longer if what follows fails: no batch is of them, and others would wait for none."""
    try:
        yield
    except BaseException:
        with suppress(SightlineError):  # if the store is away, the holds end by themselves
            services.users.batches.release(label, image_ids, batch_id)
        raise


def _held_for(batch_id: str, label: str, choose: Choose, services: Services) -> list[Request]:
    """Choose images that nobody else is asked about, and hold them.

    What others hold comes first in the queue's order and is left to them, so that the sample stays one.
    """
    batches = services.users.batches
    for _ in range(STARTS_AT_ONCE):
        held = batches.held(label)
        chosen = [r for r in choose(BATCH + len(held)) if r.candidate.image_id not in held][:BATCH]
        wanted = [each.candidate.image_id for each in chosen]
        with _released_if_it_fails(label, wanted, batch_id, services):  # of these, what is this batch's
            own = batches.hold(label, wanted, batch_id, HOLDS_LAST)
        if own or not chosen:
            return [each for each in chosen if each.candidate.image_id in own]
    return []


def _chooser(wanted: Wanted, services: Services) -> tuple[Choose, bool]:
    """Return what chooses the next images, and whether nothing is left to ask where it chooses nothing.

    It chooses by the plan if there is one that holds enough, else by reading the days. The longest window is reviewed
    by its plan alone, for to read it takes a quarter of a minute.
    """
    if wanted.window_days == LONGEST_WINDOW_DAYS:
        plan = _plan(wanted, services)
        return _by_plan(plan, services), _holds_all(plan, services)
    if wanted.day is None:
        raise NothingToReview(wanted.camera or "all cameras")
    return _of_shorter(wanted, wanted.day, services), True


def _holds_all(plan: ReviewPlan, services: Services) -> bool:
    """Return whether a plan held all that was left of the days up to the last that is over."""
    return plan.is_whole and plan.rollup.end_day >= services.accuracy.last_ended_day(services.clock())


def _of_shorter(wanted: Wanted, end_day: str, services: Services) -> Choose:
    """Choose by the plan as long as it holds so many, then by reading: that a plan is used up is never the end."""
    by_reading = _by_reading(wanted, end_day, services)
    plan = None if wanted.camera else read_plan(services.accuracy.rule_of(wanted.label), wanted.window_days, services)
    if plan is None or plan.rollup.end_day != end_day:
        return by_reading
    by_plan = _by_plan(plan, services)

    def choose(count: int) -> Sequence[Request]:
        found = by_plan(count)
        return found if len(found) == count else by_reading(count)

    return choose


def _by_plan(plan: ReviewPlan, services: Services) -> Choose:
    """Choose by a plan; each of its questions is checked once, however often it is chosen from."""
    found, left = list[Request](), all_unanswered(plan, BATCH, services.images, services.verdicts)

    def choose(count: int) -> Sequence[Request]:
        found.extend(islice(left, max(count - len(found), 0)))
        return found[:count]

    return choose


def _by_reading(wanted: Wanted, end_day: str, services: Services) -> Choose:
    """Choose by reading every image of the days; they are read once, however often it is chosen."""

    @cache
    def read() -> tuple[list[ReviewedCell], Before]:
        cells = read_cells(
            scope_of(wanted.label, wanted.camera, end_day, wanted.window_days, services.operations), services
        )
        return cells, reviewed_before(cells, services)

    def choose(count: int) -> Sequence[Request]:
        cells, before = read()
        return next_images(cells, count, Measure.RECALL, before)

    return choose


def _plan(wanted: Wanted, services: Services) -> ReviewPlan:
    plan = read_plan(services.accuracy.rule_of(wanted.label), wanted.window_days, services)
    if plan is None:
        raise NotPlanned(f"{wanted.window_days} days")
    if wanted.camera is not None or wanted.day is not None:
        raise OfAllCameras(f"{wanted.window_days} days")
    return plan


def _pictures(user: str, requests: Sequence[Request], services: Services) -> tuple[Picture, ...]:
    image_ids = [each.candidate.image_id for each in requests]
    rows = services.images.get_many(set(image_ids))
    viewed = services.users.marks(user, MarkKind.VIEWED, image_ids)
    salt = f"{services.accuracy.salt}\n{user}"
    shuffled = sorted(requests, key=lambda each: blind_key(salt, each.candidate.image_id))
    return tuple(
        _picture(each, row, is_viewed=row.image_id in viewed)
        for each in shuffled
        if (row := rows.get(each.candidate.image_id)) is not None
    )


def _picture(request: Request, row: ImageRow, *, is_viewed: bool) -> Picture:
    candidate, capture = request.candidate, row.capture
    if capture is None:
        raise InvalidVerdict(row.image_id, rule="an image of the review has a capture time", remedy="Add it again")
    return Picture(
        candidate.image_id,
        candidate.content,
        capture.camera,
        capture.taken_at,
        candidate.stratum,
        candidate.confidence_percent,
        is_viewed,
    )


def answer_picture(batch: Batch, number: int, answer: Answer, former: Answer | None, services: Services) -> Batch:
    """Keep an answer as a verdict on the picture's bytes; return the batch as it is then.

    The verdict is written first: if the store fails in between, that is an error, and the same
    answer again changes nothing.
    Raise BatchClosed, AnswerStands if the reviewer's answer is neither `former` nor this one, or Unjudgeable.
    """
    if batch.closed_at is not None:
        raise BatchClosed(batch.batch_id)
    picture, known = batch.picture(number), batch.answers.get(number)
    if picture is None or number in batch.lost:
        raise Unjudgeable(f"picture {number}")
    if known is not None and known.answer not in {former, answer}:
        raise AnswerStands(f"picture {number}")
    now, batches = services.clock(), services.users.batches
    said = Said(picture.image_id, batch.label, batch.user, answer, now, picture.content, Source.SAMPLED)
    try:
        _require_first(said, batch, services)
        kept = verdict_of(said, judge_of(services))
    except (InvalidVerdict, Unjudgeable) as error:
        batches.lose(batch, number)
        raise Unjudgeable(f"picture {number}") from error
    services.verdicts.write(kept)
    given = Given(answer, now)
    batches.answer(batch, number, given)
    return batches.get(batch.user, batch.batch_id) or batch


def _require_first(said: Said, batch: Batch, services: Services) -> None:
    """Raise Unjudgeable if the reviewer answered about these bytes before this batch was made: that is final."""
    known = services.verdicts.of_label(said.image_id, said.label)
    for kept in known.verdicts:
        verdict = kept.verdict
        is_own = verdict.reviewer == said.reviewer and verdict.content == said.content and verdict.source.was_asked
        if is_own and verdict.at < batch.made_at:
            raise Unjudgeable(said.image_id)


def doubt_answer(batch: Batch, number: int, services: Services) -> None:
    """Keep that a reviewer doubts an answer, now that the detector's is known: another reviewer is asked.

    Raise NotRevealed if the batch is open or has no such answer.
    """
    picture = batch.picture(number)
    if batch.closed_at is None or picture is None or number not in batch.answers:
        raise NotRevealed(f"picture {number}")
    users = services.users
    users.doubts.keep(Doubt(picture.image_id, batch.label, picture.content, batch.user, services.clock()))
    users.batches.doubt(batch, number)


def close_batch(batch: Batch, services: Services) -> Batch:
    """Close a batch: its answers are final, and what it left unanswered may be asked of others."""
    batches = services.users.batches
    batches.close(batch, services.clock())
    batches.release(batch.label, [each.image_id for each in batch.pictures], batch.batch_id)
    return batches.get(batch.user, batch.batch_id) or batch
