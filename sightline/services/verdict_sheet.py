"""Read verdicts from CSV, checking every line before any is stored, and write them to CSV."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from sightline.errors import InvalidVerdict, SightlineError
from sightline.services.verdicts import Judge, Said, verdict_of
from sightline.spreadsheets import name_of, plain, read_rows, write_rows
from sightline.stats.verdicts import Answer, Source
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.verdicts.protocol import KeptVerdict

COLUMNS = ("uri", "label", "verdict", "reviewer", "at", "content", "source", "stratum", "threshold", "camera", "day")
NEEDED = ("uri", "verdict")
STATED = COLUMNS[: COLUMNS.index("source") + 1]
FAULTS_SHOWN = 20

OF_BEFORE = {"content", "stratum", "confidence", "link"}
"""Columns of the sheets that `review next` wrote when it did not name the source yet: they were answers to it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The verdicts of a file. blank: the number of lines without a verdict."""

    verdicts: tuple[KeptVerdict, ...]
    blank: int


def read_sheet(file: TextIO, name: str, label: str, reviewer: str, judge: Judge) -> Sheet:
    """Read a CSV with the columns uri and verdict, and perhaps label, reviewer, at, content, source.

    Other columns are ignored. The delimiter is the comma, or what a spreadsheet writes in its place.

    `label` and `reviewer` apply to lines that name none. Lines without a verdict are blank.
    A line exactly as `write_sheet` wrote it is the stored verdict, whatever has happened to its image. Raise an
    InvalidVerdict that names each bad line; then the caller must store nothing of the file.
    """
    faults, verdicts, blank = list[str](), dict[tuple[str, str, str], KeptVerdict](), 0
    earlier: defaultdict[tuple[str, str], list[KeptVerdict]] = defaultdict(list)
    for line, fields in _lines(file, name):
        if not fields["verdict"]:
            blank += 1
            continue
        try:
            said = _said(fields, label, reviewer, judge)
            before = earlier[said.image_id, said.label]
            kept = _standing(fields, judge) or verdict_of(said, judge, before)
        except SightlineError as error:
            faults.append(f"line {line}: {error}")
            continue
        key = (kept.verdict.image_id, kept.verdict.label, kept.verdict.reviewer)
        if key in verdicts:
            faults.append(f"line {line}: {' '.join(key)} is on an earlier line already")
        verdicts[key] = kept
        before.append(kept)
    if faults:
        raise _refusal(name, faults)
    return Sheet(tuple(verdicts.values()), blank)


def _lines(file: TextIO, name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each line with its number; spaces around fields are stripped."""
    try:
        rows = read_rows(file.read(), NEEDED)
        _, head = next(rows, (1, []))
        names = [name_of(heading) for heading in head]
        _check_names(names, name)
        default = {"source": str(Source.SAMPLED)} if set(names) >= OF_BEFORE and "source" not in names else {}
        for line, row in rows:
            given = default | dict(zip(names, row, strict=False))
            yield line, {column: plain(given.get(column, "").strip()) for column in COLUMNS}
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise _refusal(name, [str(error)]) from error


def _check_names(names: Sequence[str], file: str) -> None:
    """Raise InvalidVerdict if a needed column is missing, or any column is there twice, which is ambiguous."""
    if missing := [column for column in NEEDED if column not in names]:
        rule = f"line 1: the columns must be named, including {' and '.join(missing)}"
        raise InvalidVerdict(file, rule=rule, remedy=f"Begin the file with {','.join(COLUMNS[:4])}")
    counts = Counter(names)
    if twice := [column for column in COLUMNS if counts[column] > 1]:
        rule = f"line 1: the column {' and '.join(twice)} must appear only once"
        raise InvalidVerdict(file, rule=rule, remedy="Remove or rename the other; nothing was stored")


def _standing(fields: Mapping[str, str], judge: Judge) -> KeptVerdict | None:
    """Return the stored verdict that this line states; only an exported line can have one.

    What was said is compared, and not the columns after it: a spreadsheet writes days and numbers in its own form.
    """
    if not (fields["source"] and fields["content"] and fields["at"]):
        return None
    of_image = judge.verdicts.of_image(str(ObjectUri.parse(fields["uri"])))
    said = [fields[column].strip() for column in STATED]
    return next((kept for kept in of_image if _words(kept) == said), None)


def _words(kept: KeptVerdict) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in _row(kept)[: len(STATED)]]


def _said(fields: Mapping[str, str], label: str, reviewer: str, judge: Judge) -> Said:
    try:
        answer = Answer(fields["verdict"].lower())
    except ValueError:
        rule = "the verdict must be present, absent or unsure"
        raise InvalidVerdict(fields["verdict"], rule=rule, remedy="Correct it, or leave it blank") from None
    return Said(
        fields["uri"],
        fields["label"] or label,
        fields["reviewer"] or reviewer,
        answer,
        _instant(fields["at"]) if fields["at"] else judge.clock(),
        fields["content"] or None,
        _source(fields["source"]) if fields["source"] else None,
    )


def _source(text: str) -> Source:
    try:
        return Source(text.lower())
    except ValueError:
        rule = "the source must be sampled or volunteered"
        raise InvalidVerdict(text, rule=rule, remedy="Correct it, or leave it blank") from None


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidVerdict(text, rule="a time must be in ISO 8601 format", remedy="Correct or remove it") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _refusal(name: str, faults: list[str]) -> InvalidVerdict:
    shown = "; ".join(faults[:FAULTS_SHOWN]).replace(".;", ";").rstrip(".")
    more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    rule = f"every line must be valid before any is stored: {shown}{more}"
    return InvalidVerdict(name, rule=rule, remedy="Correct these lines; nothing was stored")


def write_sheet(verdicts: Iterable[KeptVerdict], file: TextIO) -> int:
    """Write verdicts as CSV, ordered by image, label and reviewer; return their number."""
    ordered = sorted(verdicts, key=lambda kept: (kept.verdict.image_id, kept.verdict.label, kept.verdict.reviewer))
    write_rows([COLUMNS, *map(_row, ordered)], file)
    return len(ordered)


def _row(kept: KeptVerdict) -> list[object]:
    v, where = kept.verdict, kept.camera_day
    at = v.at.isoformat()
    return [
        v.image_id, v.label, v.answer, v.reviewer, at, v.content, v.source, v.stratum, v.threshold_percent,
        where.camera, where.day,
    ]  # fmt: skip
