"""Group commit: threads that merge at the same moment share one call.

45 transactions a second become 2,000 images a second when 64 threads share each. A batch closes after 200 ms, at 500
images, or as soon as every thread in hand waits and they are at least 25: fewer gain more from a few others than from
200 ms. Each thread gets the outcome of its own image.

At most two commits run at once, and images that arrive meanwhile share the next one. Without that bound, images that
trickle in would get a transaction each: while Neo4j is slow, dozens would run side by side and make it slower still.

No thread waits for ever: the call is made in a thread of its own, and a caller that has waited too long gets a
retryable error. That commit may still succeed; versions make the repetition harmless.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic
from typing import Generic, TypeVar

from sightline.errors import Unavailable

WINDOW = timedelta(milliseconds=200)
LEAST_IMAGES = 25
"""What one request to DynamoDB can complete."""

MOST_IMAGES = 500
PATIENCE = timedelta(seconds=30)
AT_ONCE = 2

Image = TypeVar("Image")
Done = TypeVar("Done")


@dataclass(slots=True, eq=False)
class _Batch(Generic[Image, Done]):
    """Images that are merged together. Once `done` is set, there are either outcomes or an error for all."""

    images: list[Image] = field(default_factory=list)
    outcomes: list[Done | Exception] = field(default_factory=list)
    error: BaseException | None = None
    done: Event = field(default_factory=Event)

    def fail(self, error: BaseException) -> None:
        """Finish with the same error for every image."""
        self.error = error
        self.done.set()

    def commit(self, merge: Callable[[Sequence[Image]], list[Done | Exception]]) -> None:
        """Finish with the outcomes of the call."""
        try:
            self.outcomes = merge(self.images)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the waiting threads must receive it
            self.fail(error)
        else:
            self.done.set()

    def outcome(self, place: int) -> Done:
        """Return the outcome of one image, or raise its error."""
        if self.error is not None:
            raise self.error
        outcome = self.outcomes[place]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class GroupCommit(Generic[Image, Done]):
    """Merges one image for each caller, many callers at a time.

    merge: merges many images; one outcome each, in order
    window: how long the first thread of a batch waits for others
    least: a smaller batch waits for its window even if nobody else is in hand
    patience: after this a thread gives up with Unavailable
    at_once: how many commits run at a time, unless they hang for half the patience
    """

    def __init__(
        self,
        merge: Callable[[Sequence[Image]], list[Done | Exception]],
        window: timedelta = WINDOW,
        most: int = MOST_IMAGES,
        least: int = LEAST_IMAGES,
        patience: timedelta = PATIENCE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._merge_all = merge
        self._at_once = at_once
        self._running = 0
        self._window_seconds = window.total_seconds()
        self._most = most
        self._least = least
        self._patience_seconds = patience.total_seconds()
        self._changed = Condition()
        self._open: _Batch[Image, Done] | None = None
        self._in_hand = 0
        self._waiting = 0

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Announce that this thread is about to call `merge`: batches stay open for it. Else only time closes them."""
        with self._changed:
            self._in_hand += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_hand -= 1
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Return how many threads wait for the outcome of their image."""
        return self._waiting

    def merge(self, image: Image) -> Done:
        """Merge one image together with others; return its own outcome, or raise its own error."""
        deadline = monotonic() + self._patience_seconds
        batch, place = self._join(image)
        try:
            if place == 0:
                self._lead(batch)
            if not batch.done.wait(deadline - monotonic()):
                raise Unavailable("Neo4j or DynamoDB", rule=f"no commit ended within {self._patience_seconds:g} s")
        finally:
            with self._changed:
                self._waiting -= 1
        return batch.outcome(place)

    def _join(self, image: Image) -> tuple[_Batch[Image, Done], int]:
        with self._changed:
            if self._open is None:
                self._open = _Batch()
            batch = self._open
            batch.images.append(image)
            self._waiting += 1
            if len(batch.images) >= self._most:
                self._open = None
            self._changed.notify_all()
            return batch, len(batch.images) - 1

    def _lead(self, batch: _Batch[Image, Done]) -> None:
        """Close the batch when it is ready, and start its commit."""
        try:
            self._close(batch)
            self._start(batch)
        except BaseException as error:
            batch.fail(Unavailable("Neo4j", rule=f"the thread that led the commit ended ({error!r})"))
            raise

    def _start(self, batch: _Batch[Image, Done]) -> None:
        """Commit in a new thread. If none can be started, every waiting thread fails, the leader included."""
        try:
            Thread(target=self._commit, args=(batch,), name="group-commit", daemon=True).start()
        except RuntimeError as error:
            self._ended()
            batch.fail(Unavailable("Neo4j", rule=f"no thread could be started to commit in ({error})"))

    def _commit(self, batch: _Batch[Image, Done]) -> None:
        batch.commit(self._merge_all)
        self._ended()

    def _ended(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _close(self, batch: _Batch[Image, Done]) -> None:
        """Wait for others to join, then for a running commit to end. Do not wait for commits that hang."""
        with self._changed:
            try:
                self._changed.wait_for(lambda: self._is_ready(batch), self._window_seconds)
                self._changed.wait_for(lambda: self._running < self._at_once, self._patience_seconds / 2)
            finally:
                if self._open is batch:
                    self._open = None
            self._running += 1

    def _is_ready(self, batch: _Batch[Image, Done]) -> bool:
        """Return whether nobody else need be waited for: the batch is full, or large enough and all in hand wait."""
        if self._open is not batch:
            return True
        return len(batch.images) >= self._least and 0 < self._in_hand <= self._waiting
