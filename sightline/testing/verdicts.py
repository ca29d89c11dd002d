"""The in-memory fake of the store of verdicts."""

from collections.abc import Collection, Iterable, Iterator
from threading import Lock

from typing_extensions import override

from sightline.models.images import CameraDay
from sightline.stats.verdicts import Verdict
from sightline.storage.dirty_days import DirtyDayStore, Purpose
from sightline.storage.verdicts.protocol import (
    Asked,
    KeptVerdict,
    OfLabel,
    VerdictStore,
    asked_key,
    gives_way,
    verdict_key,
)


class InMemoryVerdictStore(VerdictStore):
    """A store of verdicts for tests. `days`: where it leaves its marks. Threads may share it."""

    def __init__(self, days: DirtyDayStore) -> None:
        self._days = days
        self._asked: dict[tuple[str, str], Asked] = {}
        self._log: list[set[str]] = []
        self._verdicts: dict[tuple[str, str], KeptVerdict] = {}
        self._lock = Lock()

    @override
    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    @override
    def ask(self, asked: Iterable[Asked]) -> None:
        questions = {(each.image_id, asked_key(each.label)): each for each in asked}
        self._asked.update(questions)
        if questions:
            self._log.append({image_id for image_id, _ in questions})

    @override
    def asked(self, image_id: str, label: str) -> Asked | None:
        return self._asked.get((image_id, asked_key(label)))

    @override
    def write(self, kept: KeptVerdict) -> bool:
        verdict = kept.verdict
        key = _key(verdict)
        with self._lock:
            standing = self._verdicts.get(key)
            if standing and not gives_way(standing.verdict, verdict):
                return False
            self._verdicts[key] = kept
            self._days.mark([kept.camera_day], [Purpose.ROLLUPS])
            return True

    @override
    def of_label(self, image_id: str, label: str) -> OfLabel:
        found = [kept for kept in self.of_image(image_id) if kept.verdict.label == label]
        return OfLabel(self.asked(image_id, label), found)

    @override
    def of_image(self, image_id: str) -> list[KeptVerdict]:
        return [kept for (image, _), kept in sorted(self._verdicts.items(), key=_by_key) if image == image_id]

    @override
    def of_day(self, camera_day: CameraDay) -> Iterator[KeptVerdict]:
        found = [item for item in list(self._verdicts.items()) if item[1].camera_day == camera_day]
        yield from (kept for _, kept in sorted(found, key=lambda item: item[0][::-1]))

    @override
    def asked_many(self, image_ids: Iterable[str], label: str) -> dict[str, Asked]:
        found = {each: self.asked(each, label) for each in image_ids}
        return {image_id: asked for image_id, asked in found.items() if asked}

    @override
    def of_reviewers(
        self, image_ids: Iterable[str], label: str, reviewers: Collection[str]
    ) -> dict[str, list[KeptVerdict]]:
        keys = {verdict_key(label, each) for each in reviewers}
        found = {each: [kept for key in keys if (kept := self._verdicts.get((each, key)))] for each in image_ids}
        return {image_id: kept for image_id, kept in found.items() if kept}

    @override
    def last_entry(self) -> int:
        return len(self._log)

    @override
    def asked_since(self, entry: int) -> set[str]:
        return set().union(*self._log[entry:])

    @override
    def everything(self) -> Iterator[Asked | KeptVerdict]:
        yield from list(self._asked.values())
        yield from self.scan()

    @override
    def scan(self, after: KeptVerdict | None = None) -> Iterator[KeptVerdict]:
        begin = ("", "") if after is None else _key(after.verdict)
        yield from (kept for key, kept in sorted(self._verdicts.items(), key=_by_key) if key > begin)


def _key(verdict: Verdict) -> tuple[str, str]:
    return verdict.image_id, verdict_key(verdict.label, verdict.reviewer)


def _by_key(item: tuple[tuple[str, str], KeptVerdict]) -> tuple[str, str]:
    return item[0]
