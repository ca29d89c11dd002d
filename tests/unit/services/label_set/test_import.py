"""A label set is imported, and its images are then read."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import Unavailable
from sightline.models.images import Lane, State
from sightline.services.backfill import backfill, survey
from sightline.services.imported import MODEL
from sightline.services.label_import.run import keep_answers, read_labels
from sightline.services.label_import.staging import Staging
from sightline.services.listing import Listed, look_at_page
from sightline.services.reanalyse import ask_again
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.sweep import sweep
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture, uri_of

URI = uri_of("01")
SEEN = 1_488_371_400


def label(name: str, confidence: object, uri: str = URI, event_ts: object = SEEN) -> dict[str, object]:
    return {"object_key": ObjectUri.parse(uri).key, "label": name, "confidence": confidence, "event_ts": event_ts}


def full_list(uri: str = URI) -> list[dict[str, object]]:
    return [label(f"Thing {number}", 60 + number, uri) for number in range(10)]


def bring_in(
    world: FakeSightline, rows: list[dict[str, object]], *, is_dry: bool = False, trusts: bool = True
) -> tuple[Counter[str], list[str]]:
    told: list[str] = []
    with Staging() as staging:
        counts = read_labels(rows, "old", BUCKET, staging, world.clock(), lambda error: told.append(str(error)))
        for page in keep_answers(staging, world.services, is_dry=is_dry, trusts=trusts):
            counts.update(page)
    return counts, told


@pytest.fixture
def world() -> FakeSightline:
    return FakeSightline(features=("faces", "labels"))


def read_it(world: FakeSightline, *uris: str) -> None:
    for shade, uri in enumerate(uris):
        world.put(uri, picture(shade))
    world.add(*uris, lane=Lane.BACKFILL)
    world.run()


def test_an_imported_image_waits_until_it_is_read_and_shows_its_labels_meanwhile(world):
    counts, _ = bring_in(world, [label("Person", "97.5"), label("Plant", 61)])
    assert Counter(rows=2, new=1) == +counts
    row = world.images.get(URI)
    assert (State.IMPORTED, Lane.BACKFILL, None, None) == (row.state, row.lane, row.next_check_at, row.feed_position)
    assert (("Person", 97.5), ("Plant", 61.0)) == row.parts["labels"].finding
    assert [] == list(world.images.unfinished())
    assert Counter({State.IMPORTED: 1}) == +Counter(world.images.count_by_state().by_state)


def test_an_imported_answer_is_not_asked_again_when_its_image_is_read(world):
    bring_in(world, [label("Person", 97.5)])
    read_it(world, URI)
    row = world.images.get(URI)
    assert [("faces", URI)] == world.detector.asked
    assert (State.COMPLETE, (("Person", 97.5),), MODEL) == (
        row.state,
        row.parts["labels"].finding,
        row.parts["labels"].model_version,
    )
    entry = world.ledger.get(row.wanted["labels"])
    assert (row.content.sha256, {"MaxLabels": 10}, 0) == (
        entry.analysis.content,
        entry.analysis.parameters,
        entry.cost_micro_usd,
    )
    assert ("HAS_LABEL", 97.5, "Label", "Person") in {each[2:] for each in world.graph.triples()}


def test_an_image_that_was_read_keeps_its_imported_answer_however_often_it_is_added(world):
    bring_in(world, [label("Person", 97.5)])
    read_it(world, URI)
    read_it(world, URI)
    assert [("faces", URI)] == world.detector.asked


@pytest.mark.parametrize(("number", "cut", "is_full"), [(10, 60.0, True), (9, 55.0, False)])
def test_a_full_list_was_cut_at_its_last_label(world, number, cut, is_full):
    counts, _ = bring_in(world, full_list()[:number])
    part = world.images.get(URI).parts["labels"]
    answer = world.ledger.get(part.analysis_id).answer
    assert (cut, cut, is_full, is_full) == (part.cut_percent, answer.cut_percent, answer.is_truncated, counts["cut"])


def test_a_label_below_the_default_shows_that_more_was_asked_for(world):
    bring_in(world, [label("Person", 97.5), label("Plant", 51.5)])
    assert 51.5 == world.images.get(URI).parts["labels"].cut_percent


def test_other_bytes_under_the_same_key_are_asked(world):
    bring_in(world, [label("Person", 97.5)])
    read_it(world, URI)
    world.put(URI, picture(7))
    world.add(URI)
    world.run()
    assert [("faces", URI), ("faces", URI), ("labels", URI)] == world.detector.asked


def test_a_new_generation_pays_again(world):
    bring_in(world, [label("Person", 97.5)])
    world.services = replace(world.services, plan=replace(world.plan, generation="2"))
    read_it(world, URI)
    assert {("faces", URI), ("labels", URI)} == set(world.detector.asked)


def test_a_deeper_analysis_can_be_wanted_and_stays(world):
    bring_in(world, full_list())
    read_it(world, URI)
    assert [URI] == list(ask_again([URI], world.services, world.send))
    world.run()
    read_it(world, URI)
    assert [("faces", URI), ("labels", URI)] == world.detector.asked


def test_a_kill_after_the_answer_is_bound_to_its_bytes_loses_nothing(world):
    bring_in(world, [label("Person", 97.5)])
    world.put(URI, picture())
    begin, world.images.begin = world.images.begin, _dies
    world.add(URI)
    with pytest.raises(Unavailable):
        world.run()
    world.images.begin = begin
    read_it(world, URI)
    assert (State.COMPLETE, [("faces", URI)]) == (world.images.get(URI).state, world.detector.asked)


@pytest.mark.parametrize("first_upload", [b"no picture", None], ids=["refused", "not there"])
def test_an_image_that_can_not_be_read_at_first_keeps_its_imported_answer_until_it_is_mended(world, first_upload):
    bring_in(world, [label("Person", 97.5)])
    if first_upload:
        world.put(URI, first_upload)
    world.add(URI)
    world.run()
    row = world.images.get(URI)
    assert (State.REJECTED if first_upload else State.GONE, ["labels"], []) == (row.state, [*row.parts], [*world.sent])
    read_it(world, URI)
    assert (State.COMPLETE, [("faces", URI)]) == (world.images.get(URI).state, world.detector.asked)


def test_an_imported_image_whose_message_is_lost_is_sent_again_and_keeps_its_answer(world):
    bring_in(world, [label("Person", 97.5)])
    world.put(URI, picture())
    (sent,) = backfill(Prefix(BUCKET), world.services, world.send)
    world.sent.clear()
    world.clock.move(timedelta(minutes=3))
    reconcile(reconciler_of(world.services, world.send), lambda: True)
    world.run()
    assert (1, State.COMPLETE, [("faces", URI)]) == (sent.sent, world.images.get(URI).state, world.detector.asked)


def _dies(*_: object) -> None:
    raise Unavailable("the images")


def test_twice_changes_nothing(world):
    rows = [*full_list(), label("Person", 97.5, uri_of("02"))]
    bring_in(world, rows)
    before = list(world.images.scan()), list(world.ledger.scan())
    counts, _ = bring_in(world, rows)
    assert (Counter(rows=11, known=2), before) == (+counts, (list(world.images.scan()), list(world.ledger.scan())))


def test_a_kill_between_answer_and_row_is_made_good_by_the_next_run(world):
    add, world.images.add_imported = world.images.add_imported, _dies
    with pytest.raises(Unavailable):
        bring_in(world, [label("Person", 97.5)])
    world.images.add_imported = add
    assert 1 == bring_in(world, [label("Person", 97.5)])[0]["new"]
    assert (1, 1) == (world.images.count()[0], world.ledger.count()[0])


def test_an_image_that_is_known_is_left_alone(world):
    read_it(world, URI)
    before = world.images.get(URI)
    counts, _ = bring_in(world, [label("Cat", 97.5)])
    assert (1, before, 2) == (counts["known"], world.images.get(URI), world.ledger.count()[0])


def test_an_answer_of_which_a_row_is_bad_is_left_out_whole_and_the_row_is_named(world):
    other = uri_of("02")
    counts, told = bring_in(world, [label("Person", 97.5), label("Plant", "high"), label("Cat", 80, other), {}])
    assert Counter(rows=4, refused=2, new=1) == +counts
    assert [other] == [row.image_id for row in world.images.scan()]
    assert told[0].startswith("row 2 of old ('yard/2026-11-02/Hour-11/snap/MDAlarm_20261102-110001.jpg', 'Plant'): ")
    assert told[1].startswith("row 4 of old (None, None): object_key must be the image's key")


def test_of_two_rows_for_a_label_the_later_one_counts_wherever_they_stand(world):
    other = [label("Cat", 80, uri_of("02"))]
    bring_in(world, [label("Person", 60, event_ts=SEEN + 60), *other, label("Person", 90, event_ts=SEEN * 1000)])
    assert (("Person", 60.0),) == world.images.get(URI).parts["labels"].finding


def test_a_dry_run_counts_and_keeps_nothing(world):
    counts, _ = bring_in(world, full_list(), is_dry=True)
    assert Counter(rows=10, new=1, cut=1) == +counts
    assert (0, 0) == (world.images.count()[0], world.ledger.count()[0])


def test_a_backfill_sends_imported_images_once_and_reckons_without_their_labels(world):
    bring_in(world, [label("Person", 97.5)])
    world.put(URI, picture())
    (progress,) = survey(Prefix(BUCKET), world.services)
    assert {"faces": 1} == progress.pays_for
    read_it(world, URI)
    page = world.buckets.list_page(BUCKET, "", None)
    assert Listed([]) == look_at_page(page, world.images, world.plan, follows_plan=True)


def test_a_sweep_tells_nothing_of_imported_images_that_are_there_no_more(world):
    bring_in(world, [label("Person", 97.5)])
    sweep(world.services, lambda: True, world.send)
    assert (0, State.IMPORTED) == (len(world.sent), world.images.get(URI).state)


def test_what_was_found_under_the_same_bytes_before_is_one_answer(world):
    twin = uri_of("02")
    bring_in(world, [label("Person", 97.5), label("Person", 97.5, twin)])
    for uri in (URI, twin):
        world.put(uri, picture())
    world.add(URI, twin)
    world.run()
    assert 1 == len({world.images.get(uri).wanted["labels"] for uri in (URI, twin)})
    assert [] == [feature for feature, _ in world.detector.asked if feature == "labels"]


def overwritten_since(world: FakeSightline) -> list[dict[str, object]]:
    """Return the answer about bytes that other bytes have replaced a day later."""
    rows = [label("Person", 97.5, event_ts=world.clock().timestamp())]
    world.put(URI, picture(1))
    world.clock.move(timedelta(days=1))
    world.put(URI, picture(200))
    return rows


def test_an_answer_that_is_older_than_its_object_is_counted_and_left_out(world):
    rows = overwritten_since(world)
    for is_dry in (True, False):
        counts, _ = bring_in(world, rows, is_dry=is_dry, trusts=False)
        assert Counter(rows=1, unsure=1) == +counts
    assert world.images.get(URI) is None
    world.add(URI)
    world.run()
    assert [("faces", URI), ("labels", URI)] == sorted(world.detector.asked)


def test_an_answer_that_is_older_than_its_object_is_believed_if_the_operator_trusts_it(world):
    counts, _ = bring_in(world, overwritten_since(world), trusts=True)
    assert Counter(rows=1, new=1) == +counts
    world.add(URI)
    world.run()
    assert [("faces", URI)] == world.detector.asked


@pytest.mark.parametrize("trusts", [False, True])
def test_bytes_that_come_after_the_import_are_asked_about(world, trusts):
    world.put(URI, picture(1))
    world.clock.move(timedelta(minutes=2))
    bring_in(world, [label("Person", 97.5, event_ts=world.clock().timestamp())], trusts=trusts)
    world.clock.move(timedelta(days=1))
    world.put(URI, picture(2))
    world.add(URI)
    world.run()
    assert [("faces", URI), ("labels", URI)] == sorted(world.detector.asked)


def test_an_answer_that_is_younger_than_its_object_needs_no_trust(world):
    world.put(URI, picture(1))
    world.clock.move(timedelta(minutes=2))
    rows = [label("Person", 97.5, event_ts=world.clock().timestamp())]
    assert Counter(rows=1, new=1) == +bring_in(world, rows, trusts=False)[0]
    world.add(URI)
    world.run()
    assert [("faces", URI)] == world.detector.asked
