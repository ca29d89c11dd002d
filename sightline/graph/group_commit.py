"""Group commit: threads that merge at the same moment share one call of the store.

45 transactions a second become 2,000 images a second when 64 threads share each. A batch closes when every thread in
hand waits, or after 50 ms, or at 500 images. Each thread gets the outcome of its own image.

At most two commits run at once, and images that arrive meanwhile share the next one. Without that bound, images that
trickle in would get a transaction each: while Neo4j is slow, dozens would run side by side and make it slower still.

No thread waits for ever: the store is called in its own thread, and a caller that has waited too long gets a retryable
error. That commit may still succeed; versions make the repetition harmless.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Condition, Event, Thread
from time import monotonic
from typing import TypeAlias

from sightline.errors import Unavailable
from sightline.graph.protocol import GraphImage, Merged

WINDOW = timedelta(milliseconds=50)
MOST_IMAGES = 500
PATIENCE = timedelta(seconds=30)
AT_ONCE = 2


Merge: TypeAlias = Callable[[Sequence[GraphImage]], list[Merged | Exception]]
"""Writes whole images; one outcome each, in order."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Images that are merged together. Once `done` is set, there are either outcomes or an error for all."""

    images: list[GraphImage] = field(default_factory=list)
    outcomes: list[Merged | Exception] = field(default_factory=list)
    error: BaseException | None = None
    done: Event = field(default_factory=Event)

    def fail(self, error: BaseException) -> None:
        """Finish with the same error for every image."""
        self.error = error
        self.done.set()

    def commit(self, merge: Merge) -> None:
        """Finish with the outcomes of the store."""
        try:
            self.outcomes = merge(self.images)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the waiting threads must receive it
            self.fail(error)
        else:
            self.done.set()

    def outcome(self, place: int) -> Merged:
        """Return the outcome of one image, or raise its error."""
        if self.error is not None:
            raise self.error
        outcome = self.outcomes[place]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class GroupCommit:
    """Merges one image for each caller, many callers at a time.

    window: how long the first thread of a batch waits for others
    patience: after this a thread gives up with Unavailable
    at_once: how many commits run at a time, unless they hang for half the patience
    """

    def __init__(
        self,
        merge: Merge,
        window: timedelta = WINDOW,
        most: int = MOST_IMAGES,
        patience: timedelta = PATIENCE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._merge_all = merge
        self._at_once = at_once
        self._running = 0
        self._window_seconds = window.total_seconds()
        self._most = most
        self._patience_seconds = patience.total_seconds()
        self._changed = Condition()
        self._open: _Batch | None = None
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

    def merge(self, image: GraphImage) -> Merged:
        """Merge one image together with others; return its own outcome, or raise its own error."""
        deadline = monotonic() + self._patience_seconds
        batch, place = self._join(image)
        try:
            if place == 0:
                self._lead(batch)
            if not batch.done.wait(deadline - monotonic()):
                raise Unavailable("Neo4j", rule=f"no commit ended within {self._patience_seconds:g} s")
        finally:
            with self._changed:
                self._waiting -= 1
        return batch.outcome(place)

    def _join(self, image: GraphImage) -> tuple[_Batch, int]:
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

    def _lead(self, batch: _Batch) -> None:
        """Close the batch when it is ready, and start its commit."""
        try:
            self._close(batch)
            self._start(batch)
        except BaseException as error:
            batch.fail(Unavailable("Neo4j", rule=f"the thread that led the commit ended ({error!r})"))
            raise

    def _start(self, batch: _Batch) -> None:
        """Commit in a new thread. If none can be started, every waiting thread fails, the leader included."""
        try:
            Thread(target=self._commit, args=(batch,), name="group-commit", daemon=True).start()
        except RuntimeError as error:
            self._ended()
            batch.fail(Unavailable("Neo4j", rule=f"no thread could be started to commit in ({error})"))

    def _commit(self, batch: _Batch) -> None:
        batch.commit(self._merge_all)
        self._ended()

    def _ended(self) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _close(self, batch: _Batch) -> None:
        """Wait for others to join, then for a running commit to end. Do not wait for commits that hang."""
        with self._changed:
            try:
                self._changed.wait_for(lambda: self._is_ready(batch), self._window_seconds)
                self._changed.wait_for(lambda: self._running < self._at_once, self._patience_seconds / 2)
            finally:
                if self._open is batch:
                    self._open = None
            self._running += 1

    def _is_ready(self, batch: _Batch) -> bool:
        """Return whether nobody else can join: the batch is full, or every thread in hand waits already."""
        return self._open is not batch or 0 < self._in_hand <= self._waiting
