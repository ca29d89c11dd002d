"""The steps of an image from its message to the graph, over the stores' twins."""

from copy import copy
from dataclasses import replace

import pytest

from sightline.errors import (
    ImageChanged,
    ImageNotYetThere,
    InvalidParameter,
    InvalidUri,
    OutcomeUnknown,
    Throttled,
    Unavailable,
)
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.carried import RESULT
from sightline.queues.steps import DETECT, INGEST, MERGE, WRITE, Step, ingest_step, next_steps
from sightline.rekognition.features import all_features
from sightline.services.plan import Plan
from sightline.services.results import result_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.protocol import Status
from sightline.testing.fake import PERSON, FakeSightline, picture, uri_of

URI = uri_of("01")


@pytest.fixture
def world() -> FakeSightline:
    world = FakeSightline()
    world.put(URI, picture())
    return world


def state_of(world: FakeSightline, uri: str = URI) -> State:
    row = world.images.get(uri)
    assert row is not None
    return row.state


def dead_letters(world: FakeSightline) -> list[tuple[str, str | None]]:
    return [(dead_letter.error, dead_letter.image_id) for dead_letter in world.operations.dead_letters.read()]


def test_an_added_image_becomes_complete_and_stands_in_the_graph(world):
    world.add(URI)
    world.run()
    assert state_of(world) is State.COMPLETE
    assert world.graph.versions([URI]) == {URI: world.images.get(URI).version}
    assert sorted(world.detector.asked) == [("faces", URI), ("labels", URI), ("text", URI)]


def test_a_message_alone_is_enough(world):
    world.send([ingest_step(URI, Lane.LIVE)])
    world.run()
    assert state_of(world) is State.COMPLETE


def test_every_message_twice_costs_not_one_call_more(world):
    world.add(URI)
    world.add(URI)
    while world.sent:
        step = world.sent.popleft()
        world.do(step)
        world.do(step)
    assert len(world.detector.asked) == 3
    assert state_of(world) is State.COMPLETE


def test_the_same_bytes_under_two_keys_are_paid_once(world):
    other = uri_of("02", camera="gate")
    world.put(other, picture())
    world.add(URI, other)
    world.run()
    assert len(world.detector.asked) == 3
    assert {state_of(world), state_of(world, other)} == {State.COMPLETE}


def test_nothing_found_is_settled_and_not_the_same_as_not_analysed(world):
    world.detector.script.extend([Answer((), "test-1")] * 3)
    world.add(URI)
    world.run()
    row = world.images.get(URI)
    assert {name: part.finding for name, part in row.parts.items()} == {"faces": (), "labels": (), "text": ()}
    assert row.state is State.COMPLETE


def test_new_bytes_before_the_call_are_never_answered_under_the_old_content(world):
    world.add(URI)
    world.do(world.sent.popleft())
    world.put(URI, picture(7))
    with pytest.raises(ImageChanged):
        world.do(world.sent.popleft())
    assert world.images.get(URI).parts == {}


def test_new_bytes_during_the_call_are_never_answered_under_the_old_content(world):
    def overwrite() -> Answer:
        world.put(URI, picture(7))
        return PERSON

    world.add(URI)
    world.do(world.sent.popleft())
    old = world.images.get(URI).wanted["faces"]
    world.detector.script.append(overwrite)
    with pytest.raises(ImageChanged):
        world.do(world.sent.popleft())
    assert world.ledger.get(old).status is Status.RELEASED


def test_new_bytes_after_the_analysis_are_analysed_anew_and_the_old_answer_stays_in_the_ledger(world):
    world.add(URI)
    world.run()
    old = world.images.get(URI)
    world.put(URI, picture(7))
    world.add(URI)
    world.run()
    new = world.images.get(URI)
    assert new.version > old.version
    assert all(world.ledger.get(each).answer == PERSON for each in (*old.wanted.values(), *new.wanted.values()))
    assert world.graph.versions([URI]) == {URI: new.version}


def test_settings_that_change_between_ingest_and_call_begin_the_image_again(world):
    world.add(URI)
    world.do(world.sent.popleft())
    world.services = world.make_services(Plan({"labels": all_features()["labels"].parameters}, "2"))
    with pytest.raises(ImageChanged):
        world.do(world.sent.popleft())
    assert world.detector.asked == []


def test_a_new_generation_pays_again_and_an_old_one_does_not(world):
    world.add(URI)
    world.run()
    world.services = world.make_services(Plan(world.services.plan.features, "2"))
    world.add(URI)
    world.run()
    assert len(world.detector.asked) == 6


def test_a_feature_taken_out_of_the_settings_leaves_no_image_unfinished(world):
    world.add(URI)
    world.run()
    world.services = world.make_services(Plan({"labels": all_features()["labels"].parameters}, "1"))
    world.add(URI)
    world.run()
    assert (state_of(world), sorted(world.images.get(URI).parts)) == (State.COMPLETE, ["labels"])
    assert len(world.detector.asked) == 3


def test_a_refused_part_is_kept_beside_good_ones_and_the_image_is_complete(world):
    world.detector.script.append(InvalidParameter(URI))
    world.add(URI)
    world.run()
    row = world.images.get(URI)
    assert row.state is State.COMPLETE
    assert row.parts["faces"].rejection.error == "InvalidParameter"
    assert dict(row.parts["labels"].finding)["Person"] == 97.5


def test_a_refused_call_costs_nothing(world):
    world.detector.script.append(InvalidParameter(URI))
    world.add(URI)
    world.run()
    assert world.ledger.get(world.images.get(URI).wanted["faces"]).cost_micro_usd == 0
    assert world.ledger.get(world.images.get(URI).wanted["labels"]).cost_micro_usd == 1000


@pytest.mark.parametrize("trouble", [Throttled("x"), Unavailable("x"), OutcomeUnknown("x")])
def test_trouble_that_passes_is_tried_again_under_a_new_claim(world, trouble):
    world.detector.script.append(trouble)
    world.add(URI)
    world.run()
    entry = world.ledger.get(world.images.get(URI).wanted["faces"])
    assert (entry.attempts, entry.unknown_attempts) == (2, int(isinstance(trouble, OutcomeUnknown)))
    assert state_of(world) is State.COMPLETE


def test_trouble_that_lasts_is_handed_to_celery_and_leaves_the_image_unfinished(world):
    world.detector.script.extend([Throttled("x")] * 3)
    world.add(URI)
    world.do(world.sent.popleft())
    with pytest.raises(Throttled):
        world.do(world.sent.popleft())
    assert [each.image_id for each in world.images.unfinished()] == [URI]
    assert dead_letters(world) == []


def test_a_missing_object_is_looked_for_once_more_and_then_gone(world):
    missing = uri_of("99")
    world.add(missing)
    with pytest.raises(ImageNotYetThere):
        world.services.ingest.ingest(missing, Lane.LIVE, may_be_late=True, is_new=False)
    world.run()
    assert state_of(world, missing) is State.GONE
    assert dead_letters(world) == [("ImageMissing", missing)]


def test_an_object_deleted_after_its_analysis_leaves_the_graph_and_no_letter(world):
    world.add(URI)
    world.run()
    world.buckets.delete(ObjectUri.parse(URI))
    world.add(URI)
    world.run()
    assert (state_of(world), dead_letters(world), list(world.images.unfinished())) == (State.GONE, [], [])


def test_a_bad_picture_is_rejected_with_a_letter_and_no_call(world):
    world.put(URI, b"this is no picture")
    world.add(URI)
    world.run()
    assert (state_of(world), dead_letters(world)) == (State.REJECTED, [("NotAnImage", URI)])
    assert world.detector.asked == []


def test_a_uri_that_names_no_object_is_refused_with_a_letter_and_the_others_go_on(world):
    added = world.add("http://example.com/a.jpg", URI)
    world.run()
    assert (added.new, [type(each) for each in added.refused]) == (1, [InvalidUri])
    assert dead_letters(world) == [("InvalidUri", None)]
    assert state_of(world) is State.COMPLETE


def test_a_process_that_died_between_the_last_part_and_its_mark_is_mended_by_any_write(world):
    world.add(URI)
    world.do(world.sent.popleft())
    for step in list(world.sent):
        world.do(step)
    row = world.images.get(URI)
    for step in [each for each in world.sent if each.task == WRITE]:
        feature = step.args[1]
        world.images.write_result(URI, feature, result_of(world.ledger.get(row.wanted[feature])))
    world.sent.clear()
    world.send(next_steps(world.images.get(URI)))
    assert [each.task for each in world.sent] == [WRITE]
    world.run()
    assert state_of(world) is State.COMPLETE


def test_what_a_row_waits_for_follows_from_its_state(world):
    world.add(URI)
    waits = [[each.task for each in next_steps(world.images.get(URI))]]
    for _ in range(8):
        world.do(world.sent.popleft())
        waits.append([each.task for each in next_steps(world.images.get(URI))])
    assert waits[:2] == [[INGEST], [DETECT] * 3]
    assert waits[-2:] == [[MERGE], []]


def test_backfill_steps_stay_in_their_lane(world):
    world.add(URI, lane=Lane.BACKFILL)
    queues = []
    while world.sent:
        queues += [each.queue_name for each in world.sent]
        world.do(world.sent.popleft())
    assert all(name.endswith(".backfill") for name in queues)


def paid(world: FakeSightline) -> Step:
    """Give the step that follows a paid analysis, as its message is then."""
    world.add(URI)
    world.do(world.sent.popleft())
    detect = next(step for step in world.sent if step.args[1] == "labels")
    world.do(detect)
    return world.sent.pop()


def is_written(world: FakeSightline) -> bool:
    return "labels" not in world.images.get(URI).unsettled()


def test_a_part_is_written_from_what_the_chain_carries_and_nothing_is_read(world):
    step = paid(world)
    assert (WRITE, False) == (step.task, is_written(world))
    images = copy(world.images)
    images.get = world.ledger.get = None
    world.services = replace(world.services, images=images)
    world.do(step)
    assert is_written(world)
    assert state_of(world) is State.ANALYSING


@pytest.mark.parametrize(
    "headers", [{}, {RESULT: None}, {RESULT: {"analysis_id": "x"}}, {RESULT: {"status": "of a newer version"}}], ids=str
)
def test_a_part_that_no_message_carries_is_read_from_the_ledger(world, headers):
    step = paid(world)
    before = dict(step.headers)
    result = headers.get(RESULT, {})
    world.do(replace(step, headers={RESULT: before[RESULT] | result} if result and "status" in result else headers))
    assert PERSON.detections[0].name == world.images.get(URI).parts["labels"].finding[0][0]


def test_a_carried_part_that_the_row_wants_no_more_is_dropped(world):
    step = paid(world)
    world.sent.clear()
    world.put(URI, picture(7))
    world.add(URI)
    world.do(world.sent.popleft())
    world.do(step)
    assert {} == world.images.get(URI).parts
    world.run()
    assert state_of(world) is State.COMPLETE


def test_the_last_part_sends_the_merge_whichever_it_is_and_twice_sends_no_other_version(world):
    world.add(URI)
    world.do(world.sent.popleft())
    while world.sent[0].task == DETECT:
        world.do(world.sent.popleft())
    last = world.sent[-1]
    while world.sent[0].task == WRITE:
        world.do(world.sent.popleft())
    assert [MERGE] == [step.task for step in world.sent]
    version = world.images.get(URI).version
    world.run()
    world.do(last)
    assert (State.COMPLETE, version) == (state_of(world), world.images.get(URI).version)
    assert [] == list(world.sent)
