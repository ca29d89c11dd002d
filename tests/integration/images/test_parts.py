"""How an image store gathers the parts of a row until it is analysed: at once, late and twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import BadMessage
from sightline.models.images import FeatureResult, Lane, ResultStatus, State
from tests.integration.images.stories import BAD, answered, content


def test_a_part_is_kept_and_an_empty_finding_is_not_the_same_as_none(images, story, new_id):
    row = story.begun(new_id(), labels="L1", faces="F1")
    kept = images.write_result(row.image_id, "labels", answered("L1"))
    assert (answered("L1"), ["faces"]) == (kept.parts["labels"], kept.unsettled())
    assert kept == images.get(row.image_id)


def test_a_finding_keeps_order_and_four_decimals(images, story, new_id):
    row = story.begun(new_id())
    kept = images.write_result(row.image_id, "labels", answered("L1", ("b", 80), ("a", 99.123456), ("b", 50.5)))
    assert kept.parts["labels"].finding == (("b", 80.0), ("a", 99.1235), ("b", 50.5))


def test_a_rejected_part_says_why(images, story, new_id):
    row = story.begun(new_id())
    part = FeatureResult("L1", ResultStatus.REJECTED, rejection=BAD)
    assert part == images.write_result(row.image_id, "labels", part).parts["labels"]


def test_three_parts_written_at_once_are_all_kept(images, story, new_id):
    wanted = {"labels": "L1", "faces": "F1", "text": "T1"}
    row = story.begun(new_id(), **wanted)
    with ThreadPoolExecutor(3) as pool:
        written = list(
            pool.map(lambda each: images.write_result(row.image_id, each[0], answered(each[1])), wanted.items())
        )
    assert None not in written
    assert {feature: answered(each) for feature, each in wanted.items()} == images.get(row.image_id).parts
    assert any(not each.unsettled() for each in written)


def test_a_part_that_is_wanted_no_more_is_refused(images, story, new_id):
    seen = story.begun(new_id())
    images.begin(seen, content("new"), seen.capture, {"labels": "L2"}, Lane.LIVE)
    assert images.write_result(seen.image_id, "labels", answered("L1")) is None
    assert images.write_result(seen.image_id, "faces", answered("F1")) is None
    assert images.get(seen.image_id).parts == {}


def test_a_part_with_text_that_is_not_unicode_is_refused(images, story, new_id):
    row = story.begun(new_id())
    with pytest.raises(BadMessage):
        images.write_result(row.image_id, "labels", answered("L1", ("\ud800", 90.0)))


def test_a_huge_finding_fits_the_row_by_leaving_out_the_least_confident(images, story, new_id):
    wanted = {f"feature-{n}": f"id-{n}" for n in range(10)}
    row = story.begun(new_id(), **wanted)
    finding = tuple((f"line {n} " + "é" * 200, round(n / 10, 4)) for n in range(500))
    for feature, analysis_id in wanted.items():
        assert images.write_result(row.image_id, feature, answered(analysis_id, *finding))
    row = images.get(row.image_id)
    part = row.parts["feature-9"]
    assert (500, finding[-len(part.finding) :]) == (len(part.finding) + part.left_out, part.finding)
    assert 50 < len(part.finding) < 100
    assert images.mark_analysed(row).state is State.ANALYSED
    assert len(list(images.by_day(story.camera, row.capture.day))) == 1


def test_the_last_part_lets_the_row_be_analysed(images, story, new_id, clock):
    row = story.settled(new_id())
    clock.move(timedelta(seconds=5))
    analysed = images.mark_analysed(row)
    assert (State.ANALYSED, 2, clock.now) == (analysed.state, analysed.version, analysed.sent_at)
    assert analysed.is_merge_due
    assert analysed == images.get(row.image_id)


def test_the_last_part_is_written_with_the_mark_and_the_row_is_as_if_it_had_come_before(images, story, new_id):
    last = answered("F1", ("Face", 91.0))
    rows = []
    for is_with_mark in (True, False):
        image_id = new_id()
        story.begun(image_id, labels="L1", faces="F1")
        seen = images.write_result(image_id, "labels", answered("L1"))
        if is_with_mark:
            images.mark_analysed(replace(seen, parts={**seen.parts, "faces": last}), with_part="faces")
        else:
            images.mark_analysed(images.write_result(image_id, "faces", last))
        rows.append(replace(images.get(image_id), image_id="", feed_position=None))
    assert rows[0] == rows[1]
    assert last == rows[0].parts["faces"]


def test_the_last_part_is_written_with_the_mark_of_a_row_that_was_only_postponed(images, story, new_id):
    story.begun(image_id := new_id(), labels="L1", faces="F1")
    seen = images.write_result(image_id, "labels", answered("L1"))
    story.looked_at(seen)
    whole = replace(seen, parts={**seen.parts, "faces": answered("F1")})
    assert [] == images.mark_analysed(whole, with_part="faces").unsettled()
    assert State.ANALYSED is images.get(image_id).state


def test_the_last_part_is_not_written_to_a_row_that_wants_more_by_now(images, story, new_id):
    story.begun(image_id := new_id(), labels="L1", faces="F1")
    seen = images.write_result(image_id, "labels", answered("L1"))
    images.want(seen, {**seen.wanted, "text": "T1"})
    whole = replace(seen, parts={**seen.parts, "faces": answered("F1")})
    assert images.mark_analysed(whole, with_part="faces") is None
    assert ["faces", "text"] == images.get(image_id).unsettled()


@pytest.mark.parametrize(("check_in", "kept"), [(59, False), (60, True), (120, True), (121, False)])
def test_an_analysed_row_keeps_only_a_check_that_comes_in_the_second_of_two_minutes(
    images, story, new_id, clock, check_in, kept
):
    row = story.settled(new_id())
    row = images.postpone(row, clock.now + timedelta(seconds=check_in), counts_round=False)
    analysed = images.mark_analysed(row)
    expected = row.next_check_at if kept else clock.now + timedelta(minutes=2)
    assert expected == analysed.next_check_at == images.get(row.image_id).next_check_at


def test_a_row_that_was_postponed_meanwhile_is_analysed_and_looked_at_within_two_minutes(images, story, new_id, clock):
    seen = story.settled(new_id())
    images.postpone(seen, clock.now + timedelta(hours=1), counts_round=False, is_sent=True)
    analysed = images.mark_analysed(seen)
    assert (State.ANALYSED, clock.now + timedelta(minutes=2)) == (analysed.state, analysed.next_check_at)


def test_a_late_postponement_does_not_move_the_check_that_an_analysed_row_has_kept(images, story, new_id, clock):
    seen = story.settled(new_id())
    seen = images.postpone(seen, seen.next_check_at, counts_round=False)  # listed from now on
    analysed = images.mark_analysed(seen)
    assert seen.next_check_at == analysed.next_check_at
    assert images.postpone(seen, clock.now + timedelta(hours=1), counts_round=False) is None


def test_a_row_that_wants_more_keeps_its_parts_and_is_not_analysed_before_they_are_all_there(images, story, new_id):
    row = story.settled(new_id())
    more = images.want(row, {**row.wanted, "text": "T1"})
    assert (row.version + 1, row.parts, ["text"]) == (more.version, more.parts, more.unsettled())
    assert more == images.get(row.image_id)
    assert images.mark_analysed(row) is None
    assert images.mark_analysed(more) is None
    settled = images.write_result(row.image_id, "text", answered("T1"))
    assert State.ANALYSED is images.mark_analysed(settled).state


def test_of_two_that_let_a_row_want_more_one_wins(images, story, new_id):
    row = story.settled(new_id())
    assert images.want(row, {**row.wanted, "text": "T1"})
    assert images.want(row, {**row.wanted, "faces-too": "F9"}) is None
    assert {**row.wanted, "text": "T1"} == images.get(row.image_id).wanted


def test_a_row_that_is_analysed_wants_no_more(images, story, new_id):
    analysed = images.mark_analysed(story.settled(new_id()))
    assert images.want(analysed, {**analysed.wanted, "text": "T1"}) is None


def test_a_row_cannot_want_less_or_something_else(images, story, new_id):
    row = story.begun(new_id(), labels="L1")
    with pytest.raises(ValueError, match="cannot want less or else"):
        images.want(row, {})
    with pytest.raises(ValueError, match="cannot want less or else"):
        images.want(row, {"labels": "L2"})


def test_to_mark_analysed_twice_is_refused_and_changes_nothing(images, story, new_id):
    row = story.settled(new_id())
    analysed = images.mark_analysed(row)
    assert images.mark_analysed(row) is None
    assert images.mark_analysed(analysed) is None
    assert analysed == images.get(row.image_id)


def test_of_two_that_mark_analysed_at_once_one_wins(images, story, new_id):
    row = story.settled(new_id())
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(images.mark_analysed, [row, row]))
    assert rows.count(None) == 1
    assert images.get(row.image_id).version == 2


def test_a_row_that_lacks_a_part_is_not_analysed(images, story, new_id):
    row = story.begun(new_id(), labels="L1", faces="F1")
    row = images.write_result(row.image_id, "labels", answered("L1"))
    assert images.mark_analysed(row) is None
    assert State.ANALYSING is images.get(row.image_id).state


def test_a_row_begun_anew_is_not_analysed_by_what_was_seen_before(images, story, new_id):
    row = story.settled(new_id())
    again = images.begin(row, content("new"), row.capture, {"labels": "L2"}, Lane.LIVE)
    assert images.mark_analysed(row) is None
    assert again == images.get(row.image_id)
