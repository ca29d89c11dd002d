"""The in-memory fake of the store of the review's batches."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from typing_extensions import override

from sightline.storage.users.batches import BATCHES_LAST, Batch, BatchStore, Given


class InMemoryBatches(BatchStore):
    """Batches in a dictionary. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._batches: dict[tuple[str, str], Batch] = {}
        self._held: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._lock = Lock()

    @override
    def hold(self, label: str, image_ids: Iterable[str], batch_id: str, lasts: timedelta) -> set[str]:
        with self._lock:
            now = self._clock()
            own = {each for each in image_ids if self._holder(label, each) in {None, batch_id}}
            self._held.update({(label, image_id): (batch_id, now + lasts) for image_id in own})
            return own

    @override
    def held(self, label: str) -> set[str]:
        return {image_id for of, image_id in list(self._held) if of == label and self._holder(label, image_id)}

    @override
    def release(self, label: str, image_ids: Iterable[str], batch_id: str) -> None:
        with self._lock:
            for image_id in image_ids:
                if self._holder(label, image_id) == batch_id:
                    del self._held[label, image_id]

    @override
    def begin(self, batch: Batch) -> Batch:
        with self._lock:
            standing = next((each for each in self.open_of(batch.user) if each.label == batch.label), None)
            return standing or self._batches.setdefault((batch.user, batch.batch_id), batch)

    @override
    def open_of(self, user: str) -> list[Batch]:
        found = (each for each in self._of(user) if each.closed_at is None)
        return sorted(found, key=lambda batch: batch.label)

    @override
    def get(self, user: str, batch_id: str) -> Batch | None:
        found = self._batches.get((user, batch_id))
        return found if found and found.made_at + BATCHES_LAST > self._clock() else None

    @override
    def newest(self, user: str, limit: int) -> list[Batch]:
        return sorted(self._of(user), key=lambda batch: batch.batch_id, reverse=True)[:limit]

    @override
    def answer(self, batch: Batch, number: int, given: Given) -> None:
        self._change(batch, lambda kept: {"answers": {**kept.answers, number: given}})

    @override
    def put_off(self, batch: Batch, number: int) -> None:
        self._change(batch, lambda kept: {"put_off": kept.put_off | {number}})

    @override
    def lose(self, batch: Batch, number: int) -> None:
        self._change(batch, lambda kept: {"lost": kept.lost | {number}})

    @override
    def doubt(self, batch: Batch, number: int) -> None:
        self._change(batch, lambda kept: {"doubted": kept.doubted | {number}})

    @override
    def close(self, batch: Batch, at: datetime) -> None:
        self._change(batch, lambda kept: {"closed_at": kept.closed_at or at})

    def forget(self, user: str) -> None:
        """Remove a user's batches."""
        with self._lock:
            self._batches = {key: batch for key, batch in self._batches.items() if key[0] != user}

    def _of(self, user: str) -> list[Batch]:
        found = (self.get(*key) for key in list(self._batches) if key[0] == user)
        return [batch for batch in found if batch]

    def _holder(self, label: str, image_id: str) -> str | None:
        batch_id, until = self._held.get((label, image_id), (None, self._clock()))
        return batch_id if until > self._clock() else None

    def _change(self, batch: Batch, change: Callable[[Batch], dict[str, Any]]) -> None:
        key = (batch.user, batch.batch_id)
        with self._lock:
            kept = self._batches.get(key)
            if kept is not None:
                self._batches[key] = replace(kept, **change(kept))
