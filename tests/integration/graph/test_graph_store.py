"""The contract of the graph store, over the in-memory fake and over a real Neo4j."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import ConfigurationError, RefusedByGraph, UnknownFeature
from sightline.graph.protocol import Merged, VideoFindings
from sightline.models.video_jobs import Span
from tests.integration.graph.subject import (
    TAKEN,
    TAKEN_SECONDS,
    Subject,
    changed,
    face,
    fixed,
    frame,
    gone,
    image,
    label,
    of_video,
)


def test_a_new_image_is_shown_whole(subject: Subject) -> None:
    new = image(
        labels=(("Person", 99.5), ("Dog", 40.25)), faces=(("Face", 98.0), ("Face", 97.0)), text=(("EXIT", 91.0),)
    )
    assert changed(subject.store, new) == [True]
    text = ("Image", new.image_id, "HAS_TEXT", 91.0, "Text", "EXIT")
    expected = fixed() | {label("Person", 99.5), label("Dog", 40.25), face(0, 98.0), face(1, 97.0), text}
    assert expected == subject.triples()
    assert subject.node(new.image_id) == {
        "image_id": "s3://bucket/yard/1.jpg",
        "object_key": "yard/1.jpg",
        "isodate": "2026-03-29T00:30:15+02:00",
        "timestamp": TAKEN_SECONDS,
        "camera_day": "yard#2026-03-29",
        "row_version": 1,
    }


def test_the_same_batch_again_changes_nothing(subject: Subject) -> None:
    batch = [image(f"yard/{n}.jpg", labels=(("Person", 90.0 + n),)) for n in range(5)]
    assert changed(subject.store, *batch) == [True] * 5
    before = subject.triples()
    assert changed(subject.store, *batch) == [False] * 5
    assert before == subject.triples()


def test_a_higher_version_replaces_the_whole_image(subject: Subject) -> None:
    subject.store.merge([image(labels=(("Person", 99.0), ("Dog", 40.0)), faces=(("Face", 98.0), ("Face", 97.0)))])
    later = TAKEN + timedelta(days=400, hours=3)
    newer = image(
        version=2, taken_at=later, camera="gate", labels=(("Dog", 45.0), ("Cat", 60.0)), faces=(("Face", 96.0),)
    )
    assert changed(subject.store, newer) == [True]
    assert (
        fixed(camera="gate", taken_at=later) | {label("Dog", 45.0), label("Cat", 60.0), face(0, 96.0)}
        == subject.triples()
    )
    assert subject.store.counts().nodes["Face"] == 1
    assert subject.store.versions([newer.image_id]) == {newer.image_id: 2}


def test_an_older_version_that_comes_late_changes_nothing(subject: Subject) -> None:
    subject.store.merge([image(version=3, labels=(("Cat", 60.0),))])
    assert changed(subject.store, image(version=2, labels=(("Dog", 45.0),))) == [False]
    assert fixed() | {label("Cat", 60.0)} == subject.triples()


def test_other_images_keep_what_they_have(subject: Subject) -> None:
    subject.store.merge([image(labels=(("Person", 99.0),)), image("yard/2.jpg", labels=(("Person", 88.0),))])
    subject.store.merge([image(version=2), gone("yard/3.jpg", 5)])
    assert fixed() | fixed("yard/2.jpg") | {label("Person", 88.0, of="yard/2.jpg")} == subject.triples()


def test_an_image_in_which_nothing_was_found_has_its_camera_and_time(subject: Subject) -> None:
    assert changed(subject.store, image(labels=(), faces=())) == [True]
    assert fixed() == subject.triples()


def test_a_text_found_twice_in_an_image_is_one_relationship_with_the_highest_confidence(subject: Subject) -> None:
    subject.store.merge([image(text=(("EXIT", 71.0), ("EXIT", 93.0), ("EXIT", 82.0)))])
    assert fixed() | {("Image", "s3://bucket/yard/1.jpg", "HAS_TEXT", 93.0, "Text", "EXIT")} == subject.triples()


def test_a_gone_image_stays_as_a_bare_node_that_no_late_merge_revives(subject: Subject) -> None:
    subject.store.merge([image(version=2, labels=(("Person", 99.0),), faces=(("Face", 98.0),))])
    assert changed(subject.store, gone("yard/1.jpg", 4)) == [True]
    assert changed(subject.store, image(version=3, labels=(("Person", 99.0),))) == [False]
    assert set() == subject.triples()
    assert subject.store.counts().nodes["Face"] == 0
    node = subject.node("s3://bucket/yard/1.jpg")
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromtimestamp(node.pop("gone_at"), UTC) < timedelta(minutes=5)
    assert node == {"image_id": "s3://bucket/yard/1.jpg", "object_key": "yard/1.jpg", "row_version": 4}


def test_a_gone_image_that_the_graph_never_had_is_remembered_too(subject: Subject) -> None:
    assert changed(subject.store, gone("yard/1.jpg", 4)) == [True]
    assert changed(subject.store, image(version=3)) == [False]
    assert set() == subject.triples()


def test_an_image_that_comes_back_is_shown_again(subject: Subject) -> None:
    subject.store.merge([gone("yard/1.jpg", 4)])
    assert changed(subject.store, image(version=5, labels=(("Dog", 45.0),))) == [True]
    assert fixed() | {label("Dog", 45.0)} == subject.triples()
    assert "gone_at" not in subject.node("s3://bucket/yard/1.jpg")


def test_of_several_versions_in_one_batch_the_highest_is_shown(subject: Subject) -> None:
    batch = [image(version=n, labels=(("Dog", 10.0 * n),)) for n in (2, 3, 1, 3)]
    assert changed(subject.store, *batch) == [False, True, False, False]
    assert fixed() | {label("Dog", 30.0)} == subject.triples()


def test_data_is_never_read_as_cypher(subject: Subject) -> None:
    hostile = "yard/x'}) DETACH DELETE n //\\`\"\n{$😀"
    name = "Person`]->() MATCH (n) DETACH DELETE n //"
    subject.store.merge([image(), image(hostile, camera="a'b\"c`", labels=((name, 50.0),), text=(("'; \\", 70.0),))])
    text = ("Image", f"s3://bucket/{hostile}", "HAS_TEXT", 70.0, "Text", "'; \\")
    assert fixed() | fixed(hostile, camera="a'b\"c`") | {label(name, 50.0, of=hostile), text} == subject.triples()


def test_one_bad_image_is_refused_and_the_others_are_written(subject: Subject) -> None:
    naive = replace(image("yard/2.jpg"), taken_at=TAKEN.replace(tzinfo=None))
    outcomes = subject.store.merge([image(), naive, image("yard/3.jpg", version=0), image("yard/4.jpg", smells=())])
    assert [type(each) for each in outcomes] == [Merged, RefusedByGraph, RefusedByGraph, UnknownFeature]
    assert fixed() == subject.triples()


def test_versions_are_given_for_the_images_that_the_graph_has(subject: Subject) -> None:
    subject.store.merge([image(version=7), gone("yard/2.jpg", 3)])
    names = [f"s3://bucket/yard/{n}.jpg" for n in (1, 2, 3)]
    assert subject.store.versions(names) == {names[0]: 7, names[1]: 3}
    assert subject.store.versions([]) == {}


def test_counts_are_by_kind(subject: Subject) -> None:
    subject.store.merge([image(labels=(("Dog", 50.0),)), image("yard/2.jpg", labels=(("Dog", 50.0), ("Cat", 60.0)))])
    counts = subject.store.counts()
    assert (counts.nodes["Image"], counts.nodes["Camera"], counts.nodes["Label"], counts.nodes["Text"]) == (2, 1, 2, 0)
    assert (counts.relationships["HAS_LABEL"], counts.relationships["HAS_IMAGE"]) == (3, 2)


def test_setup_may_be_repeated_and_check_is_silent_after_it(subject: Subject) -> None:
    subject.store.setup()
    subject.store.setup()
    subject.store.check()


def test_an_empty_batch_has_no_outcomes(subject: Subject) -> None:
    assert subject.store.merge([]) == []


def test_the_blogs_queries_answer_about_the_last_two_hours(real: Subject) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    sure = image(taken_at=now - timedelta(minutes=5), labels=(("Person", 95.5),))
    unsure = image("yard/2.jpg", taken_at=now - timedelta(minutes=90), labels=(("Person", 60.2), ("Dog", 99.0)))
    old = image("yard/3.jpg", taken_at=now - timedelta(hours=3), labels=(("Person", 99.0),))
    real.store.merge([sure, unsure, old, image("yard/4.jpg", taken_at=now)])
    (row,) = real.store.query("heat-map")
    assert (row["camera"], row["image"]["image_id"]) == ({"camera_name": "yard"}, sure.image_id)
    assert real.store.query("confidence-histogram") == [
        {
            "camera.camera_name": "yard",
            "image.object_key": key,
            "count(round(label_edge.confidence))": 1,
            "round(label_edge.confidence)": rounded,
        }
        for key, rounded in (("yard/2.jpg", 60.0), ("yard/1.jpg", 96.0))
    ]


def test_images_with_a_label_are_found_by_confidence_camera_time_and_day(real: Subject) -> None:
    later = TAKEN + timedelta(days=1)
    first, second = image(labels=(("Dog", 50.0),)), image("yard/2.jpg", taken_at=later, labels=(("Dog", 70.0),))
    third = image("gate/3.jpg", camera="gate", taken_at=later, labels=(("Dog", 90.0), ("Cat", 99.0)))
    real.store.merge([first, second, third])

    def found(**asked: object) -> list[str]:
        return [row["image_id"] for row in real.store.query("images-with-label", {"label": "Dog", **asked})]

    assert found(at_least=50) == [third.image_id, second.image_id, first.image_id]
    assert found(at_least=50.1) == [third.image_id, second.image_id]
    assert found(at_least=0, camera="yard") == [second.image_id, first.image_id]
    assert found(at_least=0, since=TAKEN_SECONDS + 1) == [third.image_id, second.image_id]
    assert found(at_least=0, day="2026-03-29") == [first.image_id]
    (row,) = real.store.query("images-with-label", {"label": "Cat", "at_least": 99})
    expected = {"camera": "gate", "image_id": third.image_id, "taken_at": later.isoformat(), "confidence": 99.0}
    assert expected == row


def test_images_with_a_label_are_read_page_by_page_though_newer_ones_arrive(real: Subject) -> None:
    made = [
        image(f"yard/{n}.jpg", taken_at=TAKEN + timedelta(seconds=n // 2), labels=(("Dog", 60.0),)) for n in range(7)
    ]
    real.store.merge(made)
    found: list[str] = []
    cursor: dict[str, object] = {}
    while page := real.store.query("images-with-label", {"label": "Dog", "at_least": 0, "limit": 2, **cursor}):
        assert len(page) <= 2
        found += [row["image_id"] for row in page]
        before = int(datetime.fromisoformat(page[-1]["taken_at"]).timestamp())
        cursor = {"before": before, "after": page[-1]["image_id"]}
        newer = TAKEN + timedelta(hours=len(found))
        real.store.merge([image(f"yard/new{len(found)}.jpg", taken_at=newer, labels=(("Dog", 60.0),))])
    assert [
        each.image_id for each in sorted(made, key=lambda each: (-(each.taken_at.timestamp()), each.image_id))
    ] == found


def test_cameras_are_named_and_counted_one_by_one_or_page_by_page(real: Subject) -> None:
    real.store.merge([image(f"{name}/1.jpg", camera=name) for name in ("c", "a", "d", "b")])
    real.store.merge([gone("e/1", 2)])

    def names(query: str, **asked: object) -> list[str]:
        return [row["camera"] for row in real.store.query(query, asked)]

    assert ["a", "b", "c", "d"] == names("camera-names") == names("cameras")
    assert ["b"] == names("cameras", camera="b")
    assert ["a", "b"] == names("cameras", limit=2)
    assert ["c"] == names("cameras", after="b", limit=1.0)


def test_cameras_are_listed_with_their_images(real: Subject) -> None:
    later = TAKEN + timedelta(hours=1)
    real.store.merge([image(), image("yard/2.jpg", taken_at=later), image("gate/1.jpg", camera="gate"), gone("a/1", 2)])
    assert real.store.query("cameras") == [
        {"camera": "gate", "images": 1, "first": TAKEN_SECONDS, "last": TAKEN_SECONDS},
        {"camera": "yard", "images": 2, "first": TAKEN_SECONDS, "last": TAKEN_SECONDS + 3600},
    ]


def test_labels_are_listed_by_name(real: Subject) -> None:
    real.store.merge([image(labels=(("Person", 99.0), ("Dog", 40.0))), image("yard/2.jpg", labels=(("Dog", 50.0),))])
    assert real.store.query("labels") == [{"label": "Dog"}, {"label": "Person"}]


def test_an_unknown_query_names_those_that_there_are(subject: Subject) -> None:
    with pytest.raises(ConfigurationError, match=r"query no-such: .*heat-map, confidence-histogram"):
        subject.store.query("no-such")
    with pytest.raises(ConfigurationError, match="it needs label, at_least and may take camera, since, day"):
        subject.store.query("images-with-label", {"label": "Dog"})


def test_frames_are_shown_with_their_video_and_its_camera_once(subject: Subject) -> None:
    assert changed(subject.store, frame(0), frame(2000)) == [True, True]
    assert changed(subject.store, frame(2000), frame(0, version=2)) == [False, True]
    subject.store.merge([frame(0, "s3://bucket/gate/1.mp4", "gate")])
    expected = of_video(0) | of_video(2000) | of_video(0, "s3://bucket/gate/1.mp4", "gate")
    assert expected == subject.triples()
    counts = subject.store.counts()
    assert (2, 3, 2) == (
        counts.nodes["Video"], counts.relationships["HAS_FRAME"], counts.relationships["HAS_VIDEO"]
    )  # fmt: skip
    assert {} == subject.store.differences([frame(0, version=2), frame(2000)])


def test_a_video_goes_from_the_graph_with_its_last_frame(subject: Subject) -> None:
    subject.store.merge([frame(0), frame(2000), image()])
    subject.store.merge([replace(frame(0, version=2), is_gone=True)])
    assert dict(subject.store.purge(TAKEN)).get("Video", 0) == 0
    subject.store.merge([replace(frame(2000, version=2), is_gone=True)])
    purged = dict(subject.store.purge(TAKEN))
    assert (1, 1) == (purged["HAS_VIDEO"], purged["Video"])
    assert fixed() == subject.triples()


def test_what_a_job_found_in_a_video_is_shown_and_replaced_as_a_whole(subject: Subject) -> None:
    subject.store.merge([image(labels=(("Person", 99.0),))])

    def show(kind: str, label_: str, key: str, *spans: Span) -> int:
        subject.store.show_video(VideoFindings("s3://bucket/yard/1.mp4", kind, label_, key, spans))
        return subject.store.counts().relationships["SHOWS"]

    twice = (Span("Person", 0, 2000, 90.5), Span("Person", 5000, 6000, 70.0), Span("Car", 0, 500, 60.0))
    assert 3 == show("labels", "Label", "label_name", *twice)
    assert 3 == show("labels", "Label", "label_name", *twice)
    assert 4 == show("text", "Text", "text", Span("EXIT", 0, 0, 99.0))
    assert 2 == show("labels", "Label", "label_name", Span("Dog", 1, 2, 50.0))
    assert 1 == show("labels", "Label", "label_name")
    assert dict(subject.store.purge(TAKEN)).get("Video", 0) == 0


def test_a_frame_that_lost_its_video_differs_and_is_repaired(subject: Subject) -> None:
    subject.store.merge([replace(frame(0), video="")])
    (difference,) = subject.store.differences([frame(0)])["s3://bucket/sightline/frames/yard/0.jpg"]
    assert difference.what == "HAS_FRAME s3://bucket/yard/1.mp4"
    subject.store.merge([frame(0, version=2)])
    assert of_video(0) == subject.triples()
