"""The bucket gate: images of a bucket or prefix that refuses wait, and one of them is tried each minute.

What lasts belongs to the bucket and not to the image. A few images are tried; then nothing is asked of that bucket but
one probe a minute, by whichever worker has a message of it then. One dead letter names the reason and the remedy. When
an image is read, the dead letter closes, and the reconciler sends what waited. One image alone gets stuck only if
others of its bucket were read between its own tries, again and again: then it is not the bucket.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from sightline.errors import (
    AccessDenied,
    BucketWaits,
    ConfigurationError,
    ImageArchived,
    ImageNotSeen,
    ObjectRefused,
    SightlineError,
)
from sightline.models.bucket_refusals import BucketRefusal, Reader, Tries, bucket_of
from sightline.queues.steps import DETECT, INGEST
from sightline.services.dead_letters import write_dead_letter
from sightline.storage.dead_letters import dead_letter_id_of
from sightline.storage.operations import Operations

log = structlog.get_logger()

READ_EVERY = timedelta(seconds=5)
"""How old the copy may be that a process decides by."""

LETTER_AFTER = timedelta(seconds=50)
"""A refusal that is over by its first probe gets no dead letter."""

TRIES_BEFORE_STUCK = 3
TRIED_FOR = timedelta(minutes=10)
"""One image alone is stuck after so many tries over so long, if others were read between them."""

WRITES_TRIED = 5

STEPS = {Reader.S3: INGEST, Reader.REKOGNITION: DETECT}

_S3_REMEDY = (
    "Allow s3:GetObject on the bucket, and kms:Decrypt on its key; without s3:ListBucket, S3 answers so for a missing"
    " object too; a requester-pays bucket must be copied or changed. Its images go on by themselves"
)


def is_lasting(error: SightlineError) -> bool:
    """Return whether a refusal by S3 belongs to the bucket, and lasts until somebody mends it.

    Refused credentials meet every bucket: those are the worker circuit breaker's.
    """
    if isinstance(error, AccessDenied) and error.is_of_credentials:
        return False
    return isinstance(error, (ConfigurationError, ImageArchived, ImageNotSeen))


class BucketGate:
    """What this process knows of refusing buckets. Threads share one."""

    def __init__(self, operations: Operations, clock: Callable[[], datetime]) -> None:
        self._operations = operations
        self._clock = clock
        self._known: dict[tuple[str, Reader], BucketRefusal] = {}
        self._read_at: datetime | None = None

    @contextmanager
    def reading(self, image_id: str, reader: Reader) -> Iterator[None]:
        """Read an object in this block, if its bucket lets it. Raise BucketWaits or ObjectRefused if it does not."""
        self.require_open(image_id, reader)
        try:
            yield
        except SightlineError as error:
            if not is_lasting(error):
                raise
            raise self.refused(image_id, reader, error) from error
        self.passed(image_id, reader)

    def is_held(self, image_id: str, reader: Reader) -> bool:
        """Return whether an image waits for its bucket, prefix or itself."""
        known = self._of(image_id, reader)
        return known is not None and known.waits_for(image_id) is not None

    def require_open(self, image_id: str, reader: Reader) -> None:
        """Raise BucketWaits if the image has to wait; if a probe is due, this image is it."""
        known = self._of(image_id, reader)
        place = known.waits_for(image_id) if known else None
        if place and not self._takes_probe(image_id, reader):
            raise BucketWaits(image_id, rule=f"{place} is refused for now, so its images wait")

    def passed(self, image_id: str, reader: Reader) -> None:
        """Note that an image was read. Only the first one after a refusal is written.

        If the store is away, the next image tells it: what was read, and perhaps paid, must not be lost over this.
        """
        known = self._of(image_id, reader)
        if known is None or not known.is_news:
            return
        try:
            self._note_pass(image_id, known)
        except SightlineError as error:
            log.warning("An image that was read again could not be noted", image_id=image_id, error=str(error))

    def _note_pass(self, image_id: str, known: BucketRefusal) -> None:
        before = known

        def forget(standing: BucketRefusal) -> BucketRefusal:
            nonlocal before
            before = standing
            return standing.with_passed(image_id) if standing.is_news else standing

        after = self._change(image_id, known.reader, forget)
        self._close_letters(before, after)

    def forget(self, image_ids: Sequence[str], reader: Reader) -> None:
        """Forget images of one bucket that wait no more: they ended, or are stuck."""
        before = self._operations.bucket_refusals.get(bucket_of(image_ids[0]), reader)
        self._close_letters(before, self._change(image_ids[0], reader, lambda standing: standing.without(image_ids)))

    def known(self) -> list[BucketRefusal]:
        """Read what is known of every bucket now."""
        self._read_at = None
        self._of("", Reader.S3)
        return list(self._known.values())

    def sent(self, refusal: BucketRefusal) -> None:
        """Note that what a bucket released was sent; not if more was released since."""
        self._operations.bucket_refusals.replace(replace(refusal, released=()))

    def refused(self, image_id: str, reader: Reader, error: SightlineError) -> SightlineError:
        """Note a refusal, and return what to raise: BucketWaits, or ObjectRefused if the image alone is to blame."""
        now = self._clock()
        after = self._change(image_id, reader, lambda standing: standing.with_refused(image_id, now))
        said = _said(error, reader)
        if self._is_alone(image_id, after, now):
            self._operations.bucket_refusals.keep_tries(image_id, reader, None)
            self.forget([image_id], reader)
            return ObjectRefused(image_id, rule=f"{ObjectRefused.rule}: {said.rule}", remedy=said.remedy)
        place = after.blamed(image_id)
        if place and now - min(each.first_at for each in after.refused) >= LETTER_AFTER:
            self._write_letter(place, image_id, said, after)
        return BucketWaits(image_id, rule=said.rule, remedy=said.remedy)

    def _is_alone(self, image_id: str, after: BucketRefusal, now: datetime) -> bool:
        """Count a try between which others were read; return whether there were enough, over long enough."""
        if after.waits_for(image_id) not in {None, image_id}:
            return False
        store = self._operations.bucket_refusals
        before = store.tries(image_id, after.reader)
        if before is None or (before.count == 1 and before.passes == after.passes):
            tries = Tries(now, 1, after.passes)
        else:
            tries = replace(before, count=before.count + (after.passes > before.passes), passes=after.passes)
        store.keep_tries(image_id, after.reader, tries)
        return tries.count >= TRIES_BEFORE_STUCK and now - tries.first_at >= TRIED_FOR

    def _takes_probe(self, image_id: str, reader: Reader) -> bool:
        """Return whether this image may be tried: it waits for nothing any more, or takes the minute's probe."""
        store = self._operations.bucket_refusals
        for _ in range(WRITES_TRIED):
            standing, now = store.get(bucket_of(image_id), reader), self._clock()
            place = standing.waits_for(image_id)
            if place is None or not standing.may_probe(place, now):
                self._keep(standing)
                return place is None
            if written := store.replace(standing.probed(place, now)):
                self._keep(written)
                return True
        return False

    def _change(self, image_id: str, reader: Reader, change: Callable[[BucketRefusal], BucketRefusal]) -> BucketRefusal:
        """Change what is known, unless others change it all the time: then what they write has to do."""
        store = self._operations.bucket_refusals
        for _ in range(WRITES_TRIED):
            standing = store.get(bucket_of(image_id), reader)
            after = change(standing)
            written = after if after == standing else store.replace(after)
            if written:
                return self._keep(written)
        log.warning("A refusal could not be noted: too many processes note theirs at once", image_id=image_id)
        return self._keep(store.get(bucket_of(image_id), reader))

    def _write_letter(self, place: str, image_id: str, said: SightlineError, after: BucketRefusal) -> None:
        """Write or count the one dead letter of a place; those that it replaces are closed."""
        error = type(said)(_subject(place), rule=said.rule, remedy=said.remedy)
        log.error("Images wait for their bucket", place=place, error=str(error))
        write_dead_letter(
            error,
            step=STEPS[after.reader],
            message={"uri": image_id},
            image_id=None,
            operations=self._operations,
            clock=self._clock,
        )
        name = type(error).__name__
        letters = {old: kind for old, kind in after.letters.items() if not old.startswith(place)}
        noted = self._change(image_id, after.reader, lambda now: replace(now, letters={**letters, place: name}))
        self._close_letters(after, noted)

    def _close_letters(self, before: BucketRefusal, after: BucketRefusal) -> None:
        for place, error in before.letters.items():
            if after.letters.get(place) != error:
                log.info("A bucket or prefix that was refused is read again", place=place)
                self._operations.dead_letters.close(dead_letter_id_of(error, _subject(place)))

    def _of(self, image_id: str, reader: Reader) -> BucketRefusal | None:
        """Return what is known of an image's bucket; None if nothing is. The store is asked every few seconds."""
        now = self._clock()
        if self._read_at is None or now - self._read_at >= READ_EVERY:
            self._read_at = now
            try:
                self._known = {(each.bucket, each.reader): each for each in self._operations.bucket_refusals.read()}
            except SightlineError as error:
                log.warning("Refusing buckets cannot be read", error=str(error))
        return self._known.get((bucket_of(image_id), reader))

    def _keep(self, refusal: BucketRefusal) -> BucketRefusal:
        self._known[refusal.bucket, refusal.reader] = refusal
        return refusal


def _subject(place: str) -> str:
    """Name a bucket or prefix as no image is named: a redrive must not take it for one."""
    return f"all images under {place}"


def _said(error: SightlineError, reader: Reader) -> SightlineError:
    if isinstance(error, AccessDenied) and reader is Reader.S3:
        return AccessDenied(error.subject, rule=error.rule, remedy=_S3_REMEDY)
    return error
