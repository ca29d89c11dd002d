"""What is asked, what counts, and what reviewers with habits can do to the figures: nothing."""

from datetime import timedelta

import pytest

from sightline.errors import InvalidUri, InvalidVerdict
from sightline.services.review import NothingToReview, ask_next, newest_day, progress_of, read_cells, scope_of
from sightline.services.rollups.figures import window_from_json
from sightline.services.rollups.plan import NotWatched
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.figures import Interval
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source
from sightline.storage.verdicts.protocol import KeptVerdict
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth


@pytest.fixture
def yard() -> Yard:
    yard = Yard()
    yard.images_of_a_day(120)
    return yard


def cells(yard: Yard, camera: str | None = None):
    return read_cells(scope_of("Person", camera, LAST_DAY, 1, yard.operations), yard.services)


def ask(yard: Yard, count: int) -> list[str]:
    return [each.request.candidate.image_id for each in ask_next(cells(yard), count, yard.services)]


def give(yard: Yard, uri: str, source: Source | None = Source.SAMPLED) -> KeptVerdict:
    said = Said(uri, "Person", "ann", truth(uri), yard.clock.now, source=source)
    kept = verdict_of(said, judge_of(yard.services))
    yard.verdicts.write(kept)
    return kept


def recall(yard: Yard):
    yard.roll_up()
    return window_from_json(yard.rollup().figures["window"]).figures.recall


def test_the_queue_asks_for_negatives_too_and_gives_a_link_to_each(yard):
    asked = ask_next(cells(yard), 40, yard.services)
    assert {Stratum.A, Stratum.B, Stratum.C} == {each.request.candidate.stratum for each in asked}
    assert all(each.link for each in asked)
    assert 40 == len({each.request.candidate.image_id for each in asked})


def test_an_answer_counts_only_where_the_queue_asked_about_these_bytes(yard):
    uri, *_ = ask(yard, 1)
    other = next(each for each in yard.uris() if each != uri)
    assert Source.SAMPLED is give(yard, uri).verdict.source
    with pytest.raises(InvalidVerdict, match="the queue did not ask"):
        give(yard, other)
    yard.image(int(uri.rsplit("/", 1)[1][:-4]), {"Cat": 99.0})
    with pytest.raises(InvalidVerdict, match="the queue did not ask about these bytes"):
        give(yard, uri)


def test_what_was_answered_is_not_asked_again_and_progress_grows(yard):
    first = ask(yard, 20)
    for uri in first:
        give(yard, uri)
    assert not set(first) & set(ask(yard, 20))
    progress = progress_of(cells(yard), 5.0)
    assert (20, 0) == (progress.reviewed, progress.held_back)
    assert isinstance(progress.recall, Interval)
    assert sum(progress.advice.more.values()) > 0


def test_a_reviewer_who_volunteers_what_looks_wrong_does_not_move_the_estimate_at_all(yard):
    for uri in ask(yard, 40):
        give(yard, uri)
    before = recall(yard)
    missed = [uri for uri in yard.uris() if truth(uri) is Answer.PRESENT and not yard.verdicts.of_image(uri)]
    assert len(missed) > 10
    for uri in missed:
        assert Source.VOLUNTEERED is give(yard, uri, source=None).verdict.source
    assert before == recall(yard)


def test_a_reviewer_who_skips_the_hard_ones_gets_no_further_than_the_reviewed_prefix(yard):
    honest, picky = yard, Yard()
    picky.images_of_a_day(120)
    asked = ask(honest, 60)
    assert asked == ask(picky, 60)
    hard = {uri for uri in asked if truth(uri) is Answer.PRESENT}
    for uri in asked:
        give(honest, uri)
        if uri not in hard:
            give(picky, uri)
    estimate = recall(picky)
    window = window_from_json(picky.rollup().figures["window"])
    assert window.outside.held_back == 60 - len(hard) - window.reviewed
    assert window.outside.held_back > 0
    assert all(tally.present == 0 for tally in window.tallies.values())
    assert not isinstance(estimate, Interval) or estimate.width > 0.5
    waiting = ask(picky, 60)
    assert hard <= set(waiting)  # the queue says which are waiting
    for uri in hard:
        give(picky, uri)
    assert recall(honest) == recall(picky)


def test_only_the_newest_version_of_the_detector_is_reviewed(yard):
    yard.images_of_a_day(10, camera="gate", model="2.9")
    assert {"yard"} == {cell.cell.camera for cell in cells(yard)}


def test_days_without_images_are_named(yard):
    assert LAST_DAY == newest_day(None, yard.operations)
    with pytest.raises(NothingToReview, match="gate"):
        newest_day("gate", yard.operations)
    with pytest.raises(NothingToReview, match="7 days up to 2040"):
        scope_of("Person", None, "2040-01-01", 7, yard.operations)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"uri": "yard.jpg"}, InvalidUri, "s3://"),
        ({"uri": "s3://frames/none.jpg"}, InvalidVerdict, "ingested"),
        ({"label": "Cat"}, NotWatched, "SIGHTLINE_WATCHED_LABELS"),
        ({"reviewer": "a#b"}, InvalidVerdict, "reviewer"),
        ({"content": "other"}, InvalidVerdict, "overwritten since"),
        ({"later": timedelta(days=1)}, InvalidVerdict, "future"),
    ],
)
def test_what_can_be_no_verdict_is_refused_with_the_rule(yard, changes, error, words):
    later = changes.pop("later", timedelta(0))
    said = {"uri": yard.uris()[0], "label": "Person", "reviewer": "ann", "content": None} | changes
    with pytest.raises(error, match=words):
        verdict_of(
            Said(said["uri"], said["label"], said["reviewer"], Answer.ABSENT, yard.clock.now + later, said["content"]),
            judge_of(yard.services),
        )
