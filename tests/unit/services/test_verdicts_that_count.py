"""What a later word may change: no volunteered one the reviewer's own answer, and no second one alone the first."""

import io
from datetime import timedelta

import pytest

from sightline.errors import VerdictStands
from sightline.services.review import ask_next, progress_of, read_cells, scope_of
from sightline.services.rollups.figures import window_from_json
from sightline.services.verdict_sheet import read_sheet, write_sheet
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.second_looks import is_drawn
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.verdicts.protocol import KeptVerdict
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

PRESENT, ABSENT = Answer.PRESENT, Answer.ABSENT
SECOND = timedelta(seconds=1)


@pytest.fixture
def yard() -> Yard:
    yard = Yard()
    yard.images_of_a_day(60)
    return yard


@pytest.fixture
def asked(yard: Yard) -> list[str]:
    cells = read_cells(scope_of("Person", None, LAST_DAY, 1, yard.operations), yard.services)
    return [each.request.candidate.image_id for each in ask_next(cells, 60, yard.services)]


def give(
    yard: Yard, uri: str, answer: Answer, reviewer: str = "ann", source: Source | None = Source.SAMPLED
) -> Verdict:
    said = Said(uri, "Person", reviewer, answer, yard.clock.now, source=source)
    kept = verdict_of(said, judge_of(yard.services))
    yard.verdicts.write(kept)
    return kept.verdict


def reviewed(yard: Yard) -> tuple[int, int]:
    cells = read_cells(scope_of("Person", None, LAST_DAY, 1, yard.operations), yard.services)
    progress = progress_of(cells, 5.0)
    return progress.reviewed, progress.held_back


def drawn_and_not(yard: Yard, asked: list[str]) -> tuple[str, str]:
    salt = yard.services.accuracy.salt
    drawn = [uri for uri in asked if is_drawn(salt, "Person", uri)]
    return drawn[0], next(uri for uri in asked if uri not in drawn)


def figures(yard: Yard) -> object:
    yard.roll_up()
    return window_from_json(yard.rollup().figures["window"]).figures


@pytest.mark.parametrize("source", [None, Source.VOLUNTEERED])
def test_a_volunteered_correction_does_not_erase_the_answer_to_the_queue(yard, asked, source):
    for uri in asked[:9]:
        give(yard, uri, truth(uri))
    before = reviewed(yard)
    with pytest.raises(VerdictStands, match="does not replace"):
        give(yard, asked[0], PRESENT if truth(asked[0]) is ABSENT else ABSENT, source=source)
    assert Source.SAMPLED is give(yard, asked[0], truth(asked[0]), source=source).source  # the same again is no harm
    assert ((9, 0), before) == (before, reviewed(yard))


def test_an_answer_to_the_queue_is_corrected_by_one_that_is_marked(yard, asked):
    give(yard, asked[0], PRESENT)
    assert (ABSENT, Source.SAMPLED) == (give(yard, asked[0], ABSENT).answer, Source.SAMPLED)
    assert (1, 0) == reviewed(yard)


def test_on_new_bytes_anything_may_be_said(yard, asked):
    give(yard, asked[0], PRESENT)
    yard.image(int(asked[0].rsplit("/", 1)[1][:-4]), {"Cat": 99.0})
    assert Source.VOLUNTEERED is give(yard, asked[0], ABSENT, source=None).source


def test_a_word_without_a_mark_is_never_sampled_though_the_queue_asked(yard, asked):
    assert Source.VOLUNTEERED is give(yard, asked[0], PRESENT, source=None).source
    assert (0, 0) == reviewed(yard)


def test_a_second_reviewer_who_differs_changes_no_figure_and_a_third_decides(yard, asked):
    for uri in asked:
        give(yard, uri, truth(uri))
    drawn, _ = drawn_and_not(yard, asked)
    other = PRESENT if truth(drawn) is ABSENT else ABSENT
    before = figures(yard)
    yard.clock.move(SECOND)
    assert Source.SECOND is give(yard, drawn, other, "bob").source
    assert before == figures(yard)
    assert Source.SECOND is give(yard, drawn, other, "cid").source
    assert before != figures(yard)


def test_second_looks_at_images_that_are_not_drawn_change_nothing_however_many_there_are(yard, asked):
    for uri in asked:
        give(yard, uri, truth(uri))
    _, other = drawn_and_not(yard, asked)
    before = figures(yard)
    for name in ("bob", "cid", "dan"):
        answer = PRESENT if truth(other) is ABSENT else ABSENT
        assert Source.VOLUNTEERED is give(yard, other, answer, name).source
    assert before == figures(yard)


def test_what_was_stored_before_counts_as_it_is_but_for_ties(yard, asked):
    """Formerly each reviewer's answer was `sampled`: three decide as they did, and of two the first stands."""
    tied, decided = asked[0], asked[1]
    yard.census(asked[2:])
    for uri, answers in ((tied, (PRESENT, ABSENT)), (decided, (PRESENT, ABSENT, ABSENT))):
        for reviewer, answer in zip(("zoe", "bob", "cid"), answers, strict=False):
            yard.say(uri, answer, reviewer=reviewer)
            yard.clock.move(SECOND)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 1, yard.operations), yard.services)
    settled = {one.candidate.image_id: one.answer for cell in cells for s in cell.prefixes.values() for one in s}
    assert (PRESENT, ABSENT) == (settled[tied], settled[decided])


def test_the_first_of_a_day_that_was_told_in_the_other_order_makes_other_figures(yard, asked):
    """The same words, but another was first: the day is computed again, though no line of the verdicts differs."""
    yard.census(asked[1:])
    first, second = (_word(yard, asked[0], who, answer) for who, answer in (("ann", PRESENT), ("bob", ABSENT)))
    for each in (first, second):
        yard.verdicts.write(each)
    before = figures(yard)
    yard.clock.move(60 * SECOND)
    yard.verdicts.write(_word(yard, asked[0], "ann", ABSENT))
    yard.clock.move(60 * SECOND)
    yard.verdicts.write(_word(yard, asked[0], "ann", PRESENT))
    assert before != figures(yard)


def _word(yard: Yard, uri: str, reviewer: str, answer: Answer) -> KeptVerdict:
    yard.clock.move(SECOND)
    row = yard.images.get(uri)
    verdict = Verdict(uri, "Person", reviewer, answer, row.content.sha256, Source.SAMPLED, yard.clock.now)
    return KeptVerdict(verdict, row.capture.camera_day)


def read(yard: Yard, text: str) -> list[KeptVerdict]:
    return list(read_sheet(io.StringIO(text), "sheet.csv", "Person", "ann", judge_of(yard.services)).verdicts)


def test_a_sheet_of_two_reviewers_gives_the_sample_the_first(yard, asked):
    drawn, other = drawn_and_not(yard, asked)
    rows = [
        f"{uri},{answer},{who},sampled" for uri in (drawn, other) for who, answer in (("ann", PRESENT), ("bob", ABSENT))
    ]
    kept = read(yard, "\n".join(["uri,verdict,reviewer,source", *rows]))
    assert [Source.SAMPLED, Source.SECOND, Source.SAMPLED, Source.VOLUNTEERED] == [each.verdict.source for each in kept]


def test_second_looks_come_back_from_a_sheet_in_whatever_order(yard, asked):
    drawn, _ = drawn_and_not(yard, asked)
    give(yard, drawn, PRESENT, "zoe")
    give(yard, drawn, ABSENT, "ann")
    file = io.StringIO()
    write_sheet(yard.verdicts.scan(), file)
    empty = Yard()
    empty.images_of_a_day(60)
    cells = read_cells(scope_of("Person", None, LAST_DAY, 1, empty.operations), empty.services)
    ask_next(cells, 60, empty.services)
    assert {("ann", Source.SECOND), ("zoe", Source.SAMPLED)} == {
        (kept.verdict.reviewer, kept.verdict.source) for kept in read(empty, file.getvalue())
    }


def test_an_older_sheet_that_is_imported_again_is_no_fault(yard, asked):
    give(yard, asked[0], PRESENT, source=None)
    file = io.StringIO()
    write_sheet(yard.verdicts.scan(), file)
    yard.clock.move(60 * SECOND)
    give(yard, asked[0], ABSENT)
    (kept,) = read(yard, file.getvalue())
    assert not yard.verdicts.write(kept)
