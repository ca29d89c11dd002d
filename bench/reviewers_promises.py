"""What was promised of two reviewers at once, and whether it holds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.reviewers_browser import Press
from bench.reviewers_tables import Figures
from sightline.stats.verdicts import Source, Verdict
from sightline.storage.users.batches import Batch


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise. seen: what was seen of it."""

    words: str
    is_kept: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that the console may show: its image, and the SHA-256 (hex) of its bytes."""

    image_id: str
    content: str


@dataclass(frozen=True, slots=True)
class Review:
    """A review that is over.

    asked: how many verdicts were asked for; batches, verdicts, held: what the stores have; shown: by a picture's number
    """

    asked: int
    presses: Sequence[Press]
    batches: Sequence[Batch]
    verdicts: Sequence[Verdict]
    held: frozenset[str]
    shown: Mapping[int, Shown]

    def promises(self) -> list[Promise]:
        """Return what was promised of it."""
        return [self._taken(), self._kept(), self._of_these_bytes(), self._as_shown(), self._disjoint(), self._closed()]

    def _taken(self) -> Promise:
        taken = sum(press.was_taken for press in self.presses)
        is_kept = self.asked == taken == len(self.presses)
        return Promise("each key was taken as an answer", is_kept, f"{taken:,} of {len(self.presses):,}")

    def _kept(self) -> Promise:
        pressed = Counter((p.reviewer, self.shown[p.number].image_id, p.answer) for p in self.presses)
        stored = Counter((v.reviewer, v.image_id, v.answer) for v in self.verdicts)
        lost, more = (pressed - stored).total(), (stored - pressed).total()
        is_kept = self.asked == len(self.verdicts) and not (lost or more)
        seen = f"{len(self.verdicts):,} verdicts of {self.asked:,}, {lost} lost, {more} besides"
        return Promise("each key is one verdict, and nothing else is", is_kept, seen)

    def _of_these_bytes(self) -> Promise:
        contents = {each.image_id: each.content for each in self.shown.values()}
        good = sum(v.source is Source.SAMPLED and v.content == contents.get(v.image_id) for v in self.verdicts)
        words = "each verdict is sampled, and about the bytes that were shown"
        return Promise(words, good == len(self.verdicts), f"{good:,} of {len(self.verdicts):,}")

    def _as_shown(self) -> Promise:
        by_id = {batch.batch_id: batch for batch in self.batches}
        good = sum(_remembers(by_id.get(press.batch_id), press, self.shown) for press in self.presses)
        answers = sum(len(batch.answers) for batch in self.batches)
        words = "each picture on the screen was its batch's, which remembers the answer"
        return Promise(words, good == len(self.presses) == answers, f"{good:,} of {answers:,}")

    def _disjoint(self) -> Promise:
        asked = Counter(picture.image_id for batch in self.batches for picture in batch.pictures)
        twice = sum(count > 1 for count in asked.values())
        return Promise("no picture is in two batches", not twice, f"{twice} of {len(asked):,}")

    def _closed(self) -> Promise:
        still_open = sum(batch.closed_at is None for batch in self.batches)
        is_kept = bool(self.batches) and not still_open and not self.held
        seen = f"{still_open} of {len(self.batches)} open, {len(self.held)} pictures held"
        return Promise("every batch is closed, and holds nothing", is_kept, seen)


def _remembers(batch: Batch | None, press: Press, shown: Mapping[int, Shown]) -> bool:
    if batch is None:
        return False
    picture, given = batch.picture(press.place), batch.answers.get(press.place)
    is_same = picture is not None and picture.image_id == shown[press.number].image_id
    return is_same and given is not None and given.answer is press.answer and batch.user == press.reviewer


def of_imports(asked: int, imported: Iterable[Mapping[str, Any]]) -> Promise:
    """Return whether the sheets gave as many sampled verdicts."""
    done = list(imported)
    kept, sampled = sum(each["kept"] for each in done), sum(each["sources"].get("sampled", 0) for each in done)
    words = "the sheets ask about each of these images, and are imported as sampled"
    return Promise(words, asked == kept == sampled, f"{kept:,} kept, {sampled:,} sampled")


def of_exports(by_console: Sequence[Mapping[str, str]], by_sheet: Sequence[Mapping[str, str]]) -> Promise:
    """Return whether both export the same verdicts."""
    same = sum(one == other for one, other in zip(by_console, by_sheet, strict=False))
    is_kept = by_console == by_sheet and bool(by_console)
    return Promise("both ways export the same verdicts", is_kept, f"{same:,} of {len(by_console):,} lines alike")


def of_figures(by_console: Figures, by_sheet: Figures) -> Promise:
    """Return whether all roll-ups are equal, to the last digit."""
    same = sum(by_console[key] == by_sheet.get(key) for key in by_console)
    is_kept = by_console == by_sheet and bool(by_console)
    words = "both ways have the same roll-ups, to the last digit"
    return Promise(words, is_kept, f"{same:,} of {len(by_console):,} equal")


def of_reports(by_console: Sequence[Mapping[str, Any]], by_sheet: Sequence[Mapping[str, Any]]) -> Promise:
    """Return whether `sightline accuracy` says the same of each window."""
    same = sum(one == other for one, other in zip(by_console, by_sheet, strict=True))
    words = "`sightline accuracy --json` says the same of both"
    return Promise(words, same == len(by_console) > 0, f"{same} of {len(by_console)} windows")
