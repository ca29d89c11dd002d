"""Cases that need workers: uploads, a bucket of another region, and a cancelled consumer, on a local stack."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from bench import cases_limiter
from bench.cases_outcome import Case, Seen
from bench.reported import (
    FOREIGN,
    MOST_DROPPED,
    ForeignBucket,
    Snapshot,
    Upload,
    Uploader,
    cancel_consumer,
    empty_then_whole,
    not_taken_from,
    uploads,
)
from bench.soak_environment import FEATURES, REMEMBERED, Environment, Images, options, plan
from bench.soak_pictures import BUCKET, picture_of, remember
from dev.stack import Stack
from dev.stack.waiting import nothing, wait_until
from sightline.models.bucket_refusals import HELD_AFTER
from sightline.models.images import State
from sightline.storage.pauses import Cause

WORKERS = {"ingest": 1, "labels": 1, "faces": 1, "rows": 1, "graph": 1, "operations": 1, "beat": 1}
FILES = 240
AT_ONCE = 3
PAUSE_SECONDS = 0.3
OVERWRITTEN_EVERY_SECONDS = 1.5
OVERWRITES = 40
FOREIGN_SECONDS = 150.0
"""So long the foreign bucket is watched: two probes, and the dead letter."""

POLL_SECONDS = 1.0
STANDSTILL_SECONDS = 300.0
"""A probe is due each minute, and what waited is sent by the reconciler after it."""


class Files:
    """What these cases upload, of this day (YYYY-MM-DD)."""

    def __init__(self, day: str) -> None:
        self.ftp = uploads(BUCKET, "ftp", FILES, day)
        self.gate = uploads(BUCKET, "gate", FILES // AT_ONCE, day)
        self.porch = uploads(BUCKET, "porch", 1, day)
        self.foreign = uploads(FOREIGN, "abroad", HELD_AFTER, day)
        self.latest = [f"latest {number}" for number in range(OVERWRITES)]

    def pictures(self) -> Iterator[bytes]:
        """Make every picture."""
        yield from (each.data for each in (*self.ftp, *self.gate, *self.porch, *self.foreign))
        yield from map(picture_of, self.latest)


class StackCases:
    """The cases of one stack. The foreign bucket is filled first, so that its minutes pass during the others."""

    def __init__(self, environment: Environment, files: Files) -> None:
        self._environment = environment
        self._files = files
        self._uploader = Uploader(environment)
        self._foreign = ForeignBucket(environment, files.foreign)
        self._filled_at = 0.0

    def begin(self) -> None:
        """Start the workers, and fill the bucket of the other region."""
        self._environment.stack.start_workers(WORKERS)
        self._foreign.fill()
        self._uploader.add([each.uri for each in self._foreign.files])
        self._filled_at = time.monotonic()

    def cases(self) -> list[Case]:
        """Return the cases, in the order in which they are to be tried."""
        return [
            Case(
                "empty, then whole, on a stack",
                f"{FILES} files in threes, another camera between",
                "nothing stops, no dead letter, all complete",
                self._empty_then_whole,
            ),
            Case(
                "latest.jpg",
                f"overwritten every {OVERWRITTEN_EVERY_SECONDS} s, {OVERWRITES} times",
                f"complete, at most {MOST_DROPPED} answers dropped",
                self._latest,
            ),
            Case(
                "cancelled consumer",
                "cancel_consumer for labels from outside",
                "taken from again, and told",
                self._cancel,
            ),
            Case(
                "bucket of another region",
                f"{HELD_AFTER} images, {FOREIGN_SECONDS:g} s or more",
                "a call a minute, one dead letter",
                self._other_region,
            ),
            Case("bucket that was copied", "to the right region", "all go on by themselves", self._copied),
        ]

    def _empty_then_whole(self) -> Seen:
        for first, other in zip(range(0, FILES, AT_ONCE), self._files.gate, strict=True):
            empty_then_whole(self._uploader, self._files.ftp[first : first + AT_ONCE], PAUSE_SECONDS)
            self._uploader.upload(other.uri, other.data)
        complete = self._wait_for([*self._files.ftp, *self._files.gate])
        operations = self._environment.services.operations
        stops = sum(each.cause in {Cause.BRAKE, Cause.CAMERA} for each in operations.pauses.stops())
        letters = sum(FOREIGN not in str(each.subject) for each in operations.dead_letters.read())
        words = f"{complete} of {FILES + len(self._files.gate)} complete, {stops} stopped, {letters} dead letters"
        return Seen(words, (complete, stops, letters) == (FILES + len(self._files.gate), 0, 0))

    def _wait_for(self, files: Sequence[Upload]) -> int:
        """Wait while more become complete; return how many images are, with these bytes."""
        contents = {each.uri: hashlib.sha256(each.data).hexdigest() for each in files}

        def complete() -> int:
            rows = self._environment.services.images.get_many(contents).values()
            shown = {row.image_id: row.content.sha256 for row in rows if row.content and row.state is State.COMPLETE}
            return sum(contents[image_id] == sha256 for image_id, sha256 in shown.items())

        wait_until(lambda: complete() == len(contents), complete, every=POLL_SECONDS, standstill=STANDSTILL_SECONDS)
        return complete()

    def _latest(self) -> Seen:
        snapshot = Snapshot(f"s3://{BUCKET}/door/latest.jpg", self._files.latest)
        snapshot.overwrite(self._uploader, OVERWRITTEN_EVERY_SECONDS, Event())
        complete = self._wait_for([Upload(snapshot.uri, snapshot.written[-1])])
        dropped = snapshot.dropped(self._environment)
        words = f"{'complete' if complete else 'not complete'}, {dropped} dropped answers"
        return Seen(words, complete == 1 and dropped <= MOST_DROPPED)

    def _cancel(self) -> Seen:
        environment = self._environment
        cancel_consumer(environment, "labels")
        wait_until(lambda: self._is_told("labels"), environment.stack.moves, every=POLL_SECONDS)
        for each in self._files.porch:
            self._uploader.upload(each.uri, each.data)
        complete, missing = self._wait_for(self._files.porch), not_taken_from(environment, ["labels"])
        told = self._is_told("labels")
        words = f"{complete} complete, {'told' if told else 'not told'}, not taken from: {sorted(missing) or 'none'}"
        return Seen(words, complete == len(self._files.porch) and told and not missing)

    def _is_told(self, queue: str) -> bool:
        stops = self._environment.services.operations.pauses.stops()
        return any((each.queue, each.cause) == (queue, Cause.CANCELLED) for each in stops)

    def _other_region(self) -> Seen:
        time.sleep(max(0.0, self._filled_at + FOREIGN_SECONDS - time.monotonic()))
        wait_until(self._foreign.letters, nothing, every=POLL_SECONDS, standstill=STANDSTILL_SECONDS)
        minutes = (time.monotonic() - self._filled_at) / 60
        calls, letters = self._foreign.calls(), self._foreign.letters()
        most = 2 * HELD_AFTER * len(FEATURES) + minutes
        words = f"{calls} calls in {minutes:.1f} minutes (at most {most:.0f}), {len(letters)} dead letter: {letters}"
        return Seen(words, calls <= most and len(letters) == 1)

    def _copied(self) -> Seen:
        self._foreign.move()
        complete = self._wait_for(self._foreign.files)
        letters = self._foreign.letters()
        rows = self._environment.services.images.get_many([each.uri for each in self._foreign.files]).values()
        words = f"{complete} complete of {', '.join(sorted(row.state for row in rows))}; {len(letters)} dead letters"
        return Seen(words, (complete, letters) == (len(self._foreign.files), []))


@contextmanager
def stack_cases(folder: Path) -> Iterator[Iterator[Case]]:
    """Start a stack for the cases; they come one by one, those without workers first."""
    files = Files(f"{datetime.now(UTC):%Y-%m-%d}")
    made = options(folder, Images(0), SIGHTLINE_SWEEP="")
    remember(folder / REMEMBERED, files.pictures(), plan())
    with Stack(folder / "stack", options=made) as stack:
        stack.set_up()
        environment = Environment(stack)
        try:
            yield _in_order(environment, files)
        finally:
            environment.close()


def _in_order(environment: Environment, files: Files) -> Iterator[Case]:
    yield from cases_limiter.cases(environment)
    cases = StackCases(environment, files)
    cases.begin()
    yield from cases.cases()
