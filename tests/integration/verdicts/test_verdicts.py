"""What every store of verdicts does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from sightline.errors import InvalidVerdict, MissingTable
from sightline.models.images import CameraDay
from sightline.stats.verdicts import Answer, Source
from sightline.storage.dirty_days import Purpose
from sightline.storage.operations import Operations
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.verdicts.protocol import KeptVerdict, OfLabel, VerdictStore
from sightline.testing.clocks import MovingClock
from tests.integration.verdicts.stories import IMAGE, MINUTE, MONDAY, TUESDAY, Stores, asked, kept


class _Table:
    """A table on which another process writes its answer right after the first read."""

    def __init__(self, store: DynamoVerdictStore, answer: KeptVerdict) -> None:
        self._store, self._answer = store, answer

    def get(self, key: dict[str, str]) -> Any:
        found = self._store._table.get(key)
        self._store.write(self._answer)
        return found


def marks(operations: Operations) -> dict[CameraDay, str]:
    return {each.camera_day: each.mark for each in operations.dirty_days.dirty(Purpose.ROLLUPS)}


def test_a_verdict_is_kept_as_it_was_given(verdicts: VerdictStore, clock: MovingClock) -> None:
    given = kept(clock)
    volunteered = replace(given.verdict, reviewer="bob", source=Source.VOLUNTEERED, stratum=None)
    other = replace(given, verdict=replace(volunteered, threshold_percent=None))
    assert verdicts.write(given)
    assert verdicts.write(other)
    assert [given, other] == verdicts.of_image(IMAGE)
    assert [] == verdicts.of_image("s3://frames/other.jpg")


def test_a_verdict_marks_its_day_for_the_rollups_alone(
    verdicts: VerdictStore, operations: Operations, clock: MovingClock
) -> None:
    verdicts.write(kept(clock))
    assert {MONDAY} == set(marks(operations))
    assert [] == list(operations.dirty_days.dirty(Purpose.PARITY))


def test_the_same_word_again_changes_nothing_and_marks_nothing(
    verdicts: VerdictStore, operations: Operations, clock: MovingClock
) -> None:
    first = kept(clock)
    verdicts.write(first)
    before = marks(operations)
    clock.move(MINUTE)
    assert not verdicts.write(kept(clock))
    assert before == marks(operations)
    assert [first] == verdicts.of_image(IMAGE)


def test_a_reviewers_last_word_stands_whatever_order_it_arrives_in(verdicts: VerdictStore, clock: MovingClock) -> None:
    early = kept(clock)
    clock.move(MINUTE)
    late = kept(clock, Answer.ABSENT)
    assert verdicts.write(late)
    assert not verdicts.write(early)
    assert [late] == verdicts.of_image(IMAGE)
    clock.move(MINUTE)
    assert verdicts.write(kept(clock, Answer.UNSURE))
    assert [Answer.UNSURE] == [each.verdict.answer for each in verdicts.of_image(IMAGE)]


@pytest.mark.parametrize("source", [Source.SAMPLED, Source.SECOND])
def test_a_volunteered_word_does_not_take_the_place_of_an_answer_to_the_queue(
    verdicts: VerdictStore, operations: Operations, clock: MovingClock, source: Source
) -> None:
    answer = replace(kept(clock), verdict=replace(kept(clock).verdict, source=source))
    verdicts.write(answer)
    before = marks(operations)
    clock.move(MINUTE)
    volunteered = replace(answer.verdict, answer=Answer.ABSENT, source=Source.VOLUNTEERED, at=clock.now)
    assert not verdicts.write(replace(answer, verdict=volunteered))
    assert (before, [answer]) == (marks(operations), verdicts.of_image(IMAGE))
    on_new_bytes = replace(answer, verdict=replace(volunteered, content="bb"))
    assert verdicts.write(on_new_bytes)
    clock.move(MINUTE)
    asked_again = replace(on_new_bytes, verdict=replace(on_new_bytes.verdict, source=source, at=clock.now))
    assert verdicts.write(asked_again)
    assert [asked_again] == verdicts.of_image(IMAGE)


def test_a_volunteered_word_that_raced_an_answer_loses(dynamo: Stores, clock: MovingClock) -> None:
    """The other process writes its answer after this one has read that there is none."""
    answer = kept(clock)
    volunteered = replace(answer, verdict=replace(answer.verdict, source=Source.VOLUNTEERED, answer=Answer.ABSENT))

    class Raced(DynamoVerdictStore):
        """Writes the other's answer between this one's read and its write."""

        def __init__(self, table: DynamoVerdictStore) -> None:
            self.__dict__ |= table.__dict__
            self._table = _Table(table, answer)  # type: ignore[assignment] # stands in for it

    assert isinstance(dynamo.verdicts, DynamoVerdictStore)
    assert not Raced(dynamo.verdicts).write(volunteered)
    assert [answer] == dynamo.verdicts.of_image(IMAGE)


def test_the_question_and_the_verdicts_of_one_label_are_read_together(
    verdicts: VerdictStore, clock: MovingClock
) -> None:
    mine = [kept(clock, reviewer=name) for name in ("ann", "bob")]
    other = replace(mine[0], verdict=replace(mine[0].verdict, label="Persons"))
    for each in (*mine, other):
        verdicts.write(each)
    assert OfLabel(None, mine) == verdicts.of_label(IMAGE, "Person")
    verdicts.ask([asked(clock)])
    assert OfLabel(asked(clock), mine) == verdicts.of_label(IMAGE, "Person")
    assert OfLabel(None, []) == verdicts.of_label(IMAGE, "Car")


def test_the_words_of_some_reviewers_on_many_images_are_read_together(
    verdicts: VerdictStore, clock: MovingClock
) -> None:
    ids = [f"s3://frames/{number}.jpg" for number in range(130)]
    verdicts.ask(asked(clock, each) for each in ids)
    mine = {each: kept(clock, image_id=each, reviewer="ann") for each in ids[:120]}
    for each in (*mine.values(), kept(clock, image_id=ids[125], reviewer="bob")):
        verdicts.write(each)
    of_ann = {each: [word] for each, word in mine.items()}
    assert of_ann == verdicts.of_reviewers(ids, "Person", {"ann"})
    assert [ids[125]] == [*verdicts.of_reviewers(ids[:], "Person", {"bob"})]
    also = kept(clock, image_id=ids[7], reviewer="bob")
    verdicts.write(also)
    both = verdicts.of_reviewers(ids[:8], "Person", {"ann", "bob", "nobody"})
    assert of_ann | {ids[7]: [mine[ids[7]], also]} == {
        name: sorted(words, key=lambda each: each.verdict.reviewer) for name, words in (of_ann | both).items()
    }
    assert ({}, {}) == (verdicts.of_reviewers(ids, "Car", {"ann"}), verdicts.of_reviewers(ids, "Person", set()))


def test_the_word_on_other_bytes_is_another_word(verdicts: VerdictStore, clock: MovingClock) -> None:
    first = kept(clock)
    verdicts.write(first)
    clock.move(MINUTE)
    second = replace(first, verdict=replace(first.verdict, content="bb", at=clock.now))
    assert verdicts.write(second)
    assert [second] == verdicts.of_image(IMAGE)


def test_verdicts_are_found_by_camera_and_day(verdicts: VerdictStore, clock: MovingClock) -> None:
    mine = [kept(clock, reviewer=name) for name in ("ann", "bob", "cat")]
    for each in (*mine, kept(clock, image_id="s3://frames/b.jpg", day=TUESDAY)):
        verdicts.write(each)
    assert mine == list(verdicts.of_day(MONDAY))
    assert 1 == len(list(verdicts.of_day(TUESDAY)))
    assert [] == list(verdicts.of_day(CameraDay("gate", MONDAY.day)))
    assert 4 == len(list(verdicts.scan()))


def test_what_was_asked_last_is_remembered_and_is_no_verdict(verdicts: VerdictStore, clock: MovingClock) -> None:
    assert verdicts.asked(IMAGE, "Person") is None
    many = [asked(clock, f"s3://frames/{number}.jpg") for number in range(60)]
    verdicts.ask([asked(clock), *many])
    later = asked(clock, content="bb")
    verdicts.ask([later])
    assert later == verdicts.asked(IMAGE, "Person")
    assert many[59] == verdicts.asked(many[59].image_id, "Person")
    assert verdicts.asked(IMAGE, "Car") is None
    assert ([], [], []) == (verdicts.of_image(IMAGE), list(verdicts.of_day(MONDAY)), list(verdicts.scan()))


def test_what_was_asked_about_many_images_is_read_together(verdicts: VerdictStore, clock: MovingClock) -> None:
    ids = [f"s3://frames/{number}.jpg" for number in range(130)]
    verdicts.ask(asked(clock, each) for each in ids[:120])
    verdicts.write(kept(clock, image_id=ids[125]))
    assert {each: asked(clock, each) for each in ids[10:120]} == verdicts.asked_many(ids[10:], "Person")
    assert {} == verdicts.asked_many(ids, "Car")


def test_what_was_asked_after_an_entry_of_the_log_is_read_by_itself(verdicts: VerdictStore, clock: MovingClock) -> None:
    ids = [f"s3://frames/{number}.jpg" for number in range(130)]
    assert (0, set()) == (verdicts.last_entry(), verdicts.asked_since(0))
    verdicts.ask(asked(clock, each) for each in ids)
    before = verdicts.last_entry()
    assert (True, {*ids}, set()) == (before > 0, verdicts.asked_since(0), verdicts.asked_since(before))
    verdicts.ask([])
    assert before == verdicts.last_entry()
    for _ in range(12):
        verdicts.ask([asked(clock, ids[7])])
    verdicts.ask([asked(clock)])
    assert (before + 13, {ids[7], IMAGE}) == (verdicts.last_entry(), verdicts.asked_since(before))
    assert {IMAGE} == verdicts.asked_since(before + 12)
    assert [] == list(verdicts.scan())


def test_of_questions_that_are_asked_at_once_none_is_missing_in_the_log(
    verdicts: VerdictStore, clock: MovingClock
) -> None:
    ids = [f"s3://frames/{number}.jpg" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: verdicts.ask([asked(clock, each)]), ids))
    assert {*ids} == verdicts.asked_since(0)
    assert len(ids) == verdicts.last_entry()
    assert all(len(ids) - entry == len(verdicts.asked_since(entry)) for entry in range(len(ids) + 1)), "without a gap"


def test_everything_is_read_at_once_and_the_log_is_no_part_of_it(verdicts: VerdictStore, clock: MovingClock) -> None:
    given, question = kept(clock), asked(clock, "s3://frames/b.jpg")
    verdicts.write(given)
    verdicts.ask([question])
    found = list(verdicts.everything())
    assert 2 == len(found)
    assert given in found
    assert question in found


def test_a_scan_goes_on_after_the_last_verdict_that_was_read(verdicts: VerdictStore, clock: MovingClock) -> None:
    given = [kept(clock, reviewer=who, image_id=f"s3://frames/{n}.jpg") for n in range(6) for who in ("ann", "bob")]
    verdicts.ask([asked(clock, f"s3://frames/{n}.jpg") for n in range(9)])
    for each in given:
        verdicts.write(each)
    found, after = list[KeptVerdict](), None
    while page := list(islice(verdicts.scan(after), 5)):
        found += page
        after = page[-1]
    assert list(verdicts.scan()) == found
    assert len(given) == len(found)
    assert all(each in found for each in given)


@pytest.mark.parametrize("name", ["", "a#b", "a\nb", " a", "n" * 201])
def test_a_name_that_can_not_be_part_of_a_key_is_refused(
    verdicts: VerdictStore, operations: Operations, clock: MovingClock, name: str
) -> None:
    with pytest.raises(InvalidVerdict, match="reviewer"):
        verdicts.write(kept(clock, reviewer=name))
    assert ({}, []) == (marks(operations), list(verdicts.scan()))


def test_where_the_mark_can_not_be_written_the_verdict_is_not_either(
    dynamo: Stores, dynamodb_client: Any, table_prefix: str, clock: MovingClock
) -> None:
    dynamodb_client.delete_table(TableName=f"{table_prefix}operations")
    with pytest.raises(MissingTable):
        dynamo.verdicts.write(kept(clock))
    assert [] == list(dynamo.verdicts.scan())


def test_setup_repeats_and_a_missing_table_is_named(stores: Stores, dynamodb_client: Any) -> None:
    stores.verdicts.setup()
    stores.verdicts.check()
    with pytest.raises(MissingTable, match="nowhere-verdicts"):
        DynamoVerdictStore(dynamodb_client, "nowhere-").check()
