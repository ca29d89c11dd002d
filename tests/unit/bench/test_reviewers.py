"""The benchmark of two reviewers: its pictures tell what they are, and each promise can be broken."""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import BrokenBarrierError

import numpy as np
import pytest
from PIL import Image

from bench.reviewers_browser import Manner, Press, Turns
from bench.reviewers_pictures import (
    LABEL,
    PLACES,
    Seen,
    answer_to,
    planted,
    rows_of,
    seen_in,
)
from bench.reviewers_promises import Review, Shown, of_exports, of_figures, of_imports, of_reports
from bench.reviewers_tables import filled_in
from sightline.rekognition.upright import smaller
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.rollups.protocol import RollupKey
from sightline.storage.users.batches import Batch, Given, Picture

LAST_DAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 4, 12, tzinfo=UTC)
IMAGES = planted(2, LAST_DAY, seed=1)
SHOWN = {each.number: Shown(each.image_id, f"bytes {each.number}") for each in IMAGES}
NAMES = ("ann", "bob")


def looked_at(data):
    """Read a picture as the script of the browser does."""
    shown = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    return seen_in([float(shown[y, x]) for x, y in PLACES])


def test_each_picture_tells_its_number_and_its_truth_also_as_the_console_shows_it():
    for image in IMAGES:
        is_as_planted = Seen(image.number, image.is_present)
        assert is_as_planted == looked_at(image.picture())
        assert is_as_planted == looked_at(smaller(image.picture(), 1280))


def test_rows_name_the_bytes_of_their_pictures_and_the_detector_errs():
    many = planted(40, LAST_DAY, seed=1)
    rows = list(rows_of(many[:5], {each.number: each.picture() for each in many[:5]}))
    assert [each.image_id for each in many[:5]] == [row.image_id for row in rows]
    assert 5 == len({row.content.sha256 for row in rows})
    found = Counter((each.is_present, (each.percent or 0) >= 50) for each in many)
    assert all(found[is_present, is_found] for is_present in (True, False) for is_found in (True, False))


def test_a_few_answers_are_wrong_and_a_few_unsure():
    given = Counter(answer_to(Seen(number, is_present=True), seed=1) for number in range(1_000))
    assert 0 < given[Answer.UNSURE] < given[Answer.ABSENT] < 100


def test_two_take_as_many_turns_as_there_are_and_end_together():
    turns = Turns(25, 2)

    def play(_):
        taken = 0
        while turns.meet():
            taken += sum(turns.take() for _ in range(4))
        return taken

    with ThreadPoolExecutor(2) as pool:
        assert 25 == sum(pool.map(play, range(2)))


def test_who_gives_up_leaves_nobody_waiting():
    turns = Turns(25, 2)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turns.meet)
        turns.give_up()
        with pytest.raises(BrokenBarrierError):
            waiting.result()


def test_a_sheet_is_filled_in_where_there_is_an_answer():
    sheet = "uri,verdict,label\r\ns3://b/1,,Person\r\ns3://b/2,,Person\r\n"
    filled = "uri,verdict,label\r\ns3://b/1,,Person\r\ns3://b/2,absent,Person\r\n"
    assert filled == filled_in(sheet, {"s3://b/2": Answer.ABSENT})


def reviewed():
    """Return a review of two batches of three pictures, five of which were judged."""
    batches, presses = [], []
    for name, numbers in zip(NAMES, ((0, 1, 2), (3, 4, 5)), strict=True):
        answers = {
            place: answer_to(Seen(n, IMAGES[n].is_present), seed=1) for place, n in enumerate(numbers, 1) if n < 5
        }
        pictures = [Picture(SHOWN[n].image_id, SHOWN[n].content, "yard", NOW, Stratum.C, None) for n in numbers]
        given = {place: Given(answer, NOW) for place, answer in answers.items()}
        batches.append(Batch(f"of {name}", name, LABEL, 50.0, tuple(pictures), NOW, given, closed_at=NOW))
        presses += [
            Press(name, f"of {name}", place, numbers[place - 1], answer, Manner.ONCE, was_taken=True)
            for place, answer in answers.items()
        ]
    verdicts = [
        Verdict(SHOWN[p.number].image_id, LABEL, p.reviewer, p.answer, SHOWN[p.number].content, Source.SAMPLED, NOW)
        for p in presses
    ]
    return Review(5, presses, batches, verdicts, frozenset(), SHOWN)


def broken(review):
    return [number for number, promise in enumerate(review.promises()) if not promise.is_kept]


TAKEN, KEPT, BYTES, SCREEN, DISJOINT, CLOSED = range(6)


def other(answer):
    return Answer.ABSENT if answer is Answer.PRESENT else Answer.PRESENT


def first(found, **changes):
    return [replace(found[0], **changes), *found[1:]]


def test_a_review_without_fault_keeps_all_promises():
    assert [] == broken(reviewed())


@pytest.mark.parametrize(
    ("promises", "change"),
    [
        ([TAKEN], lambda r: {"presses": first(r.presses, was_taken=False)}),
        ([TAKEN, KEPT], lambda _: {"asked": 6}),
        ([KEPT], lambda r: {"verdicts": r.verdicts[1:]}),
        ([KEPT], lambda r: {"verdicts": [*r.verdicts, replace(r.verdicts[0], reviewer="bob")]}),
        ([KEPT], lambda r: {"verdicts": first(r.verdicts, answer=other(r.verdicts[0].answer))}),
        ([KEPT, BYTES], lambda r: {"verdicts": first(r.verdicts, image_id=SHOWN[5].image_id)}),
        ([BYTES], lambda r: {"verdicts": first(r.verdicts, source=Source.VOLUNTEERED)}),
        ([BYTES], lambda r: {"verdicts": first(r.verdicts, content="others")}),
        ([SCREEN], lambda r: {"batches": first(r.batches, answers=dict(list(r.batches[0].answers.items())[1:]))}),
        ([SCREEN], lambda r: {"batches": r.batches[1:]}),
        ([KEPT, SCREEN], lambda r: {"presses": first(r.presses, number=r.presses[1].number)}),
        (
            [DISJOINT],
            lambda r: {"batches": first(r.batches, pictures=(*r.batches[0].pictures, r.batches[1].pictures[2]))},
        ),
        ([CLOSED], lambda r: {"batches": first(r.batches, closed_at=None)}),
        ([CLOSED], lambda _: {"held": frozenset({SHOWN[5].image_id})}),
    ],
)
def test_each_fault_breaks_its_promise_and_no_other(promises, change):
    done = reviewed()
    assert promises == broken(replace(done, **change(done)))


def test_what_the_sheets_leave_otherwise_breaks_its_promise():
    kept = {"kept": 5, "sources": {"sampled": 5}}
    assert of_imports(5, [kept]).is_kept
    assert not of_imports(6, [kept]).is_kept
    assert not of_imports(5, [{"kept": 5, "sources": {"sampled": 4, "second": 1}}]).is_kept
    assert of_exports([{"uri": "a"}], [{"uri": "a"}]).is_kept
    assert not of_exports([{"uri": "a"}], [{"uri": "a"}, {"uri": "b"}]).is_kept
    assert not of_exports([], []).is_kept


def test_figures_that_differ_in_their_last_digit_are_not_equal():
    key = RollupKey("", LABEL, 7, "2026-11-02", "bench", "a method")
    one = {key: (1, "first", "images", "verdicts", {"recall": 0.1 + 0.2})}
    assert of_figures(one, dict(one)).is_kept
    assert not of_figures(one, {key: (1, "first", "images", "verdicts", {"recall": 0.3})}).is_kept
    assert not of_figures({}, {}).is_kept
    assert of_reports([{"rows": []}], [{"rows": []}]).is_kept
    assert not of_reports([{"rows": [0.1 + 0.2]}], [{"rows": [0.3]}]).is_kept
