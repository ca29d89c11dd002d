"""Images that are not paid for: in the graph they look like one that is, and show nothing of their own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from sightline.graph.protocol import GraphImage
from sightline.graph.queries import all_queries
from sightline.models.answers import Json
from sightline.testing.graph import Triple
from tests.integration.graph.subject import TAKEN, Subject, changed, fixed, gone, image, label
from tests.persistence import tried_again

PERSON = (("Person", 99.0),)
PAID = image(labels=PERSON)
LATER_THAN_A_WEEK = timedelta(days=8)


def spared(name: str = "yard/2.jpg", version: int = 1, distance: int = 3) -> GraphImage:
    return replace(image(name, version), looks_like=PAID.image_id, distance=distance)


def alike(name: str = "yard/2.jpg", distance: int = 3) -> Triple:
    return ("Image", f"s3://bucket/{name}", "LOOKS_LIKE", distance, "Image", PAID.image_id)


WHOLE = fixed() | fixed("yard/2.jpg") | {label("Person", 99.0), alike()}


@pytest.mark.parametrize("order", [(PAID, spared()), (spared(), PAID)])
def test_it_looks_like_the_paid_one_whichever_comes_first(subject: Subject, order: tuple[GraphImage, ...]) -> None:
    for each in order:
        assert [True] == changed(subject.store, each)
    assert WHOLE == subject.triples()
    assert 1 == subject.node(PAID.image_id)["row_version"]
    assert "gone_at" not in subject.node(PAID.image_id)
    assert {} == subject.store.differences(order)
    assert (2, 1) == (subject.store.counts().nodes["Image"], subject.store.counts().relationships["LOOKS_LIKE"])


def test_both_at_once_are_shown_as_well(subject: Subject) -> None:
    assert [True, True] == changed(subject.store, spared(), PAID)
    assert WHOLE == subject.triples()


def test_what_looks_like_another_keeps_that_when_the_other_changes(subject: Subject) -> None:
    subject.store.merge([PAID, spared()])
    subject.store.merge([replace(PAID, version=2, findings={"labels": (("Dog", 50.0),)})])
    assert WHOLE - {label("Person", 99.0)} | {label("Dog", 50.0)} == subject.triples()


def test_one_that_is_paid_for_after_all_looks_like_nothing_any_more(subject: Subject) -> None:
    subject.store.merge([PAID, spared()])
    subject.store.merge([image("yard/2.jpg", 2, labels=PERSON)])
    assert WHOLE - {alike()} | {label("Person", 99.0, of="yard/2.jpg")} == subject.triples()


def test_a_gone_one_stays_as_a_bare_node_while_others_look_like_it(subject: Subject) -> None:
    subject.store.merge([PAID, spared()])
    subject.store.merge([gone("yard/1.jpg", 2)])
    assert fixed("yard/2.jpg") | {alike()} == subject.triples()
    assert 0 == dict(subject.store.purge(datetime.now(UTC) + LATER_THAN_A_WEEK))["Image"]
    assert {} == subject.store.differences([spared(), gone("yard/1.jpg", 2)])
    subject.store.merge([gone("yard/2.jpg", 2)])
    assert 2 == dict(subject.store.purge(datetime.now(UTC) + LATER_THAN_A_WEEK))["Image"]
    assert set() == subject.triples()


def test_one_that_was_never_shown_goes_when_nothing_looks_like_it(real: Subject) -> None:
    real.store.merge([spared()])
    real.store.merge([image("yard/2.jpg", 2, labels=PERSON)])
    assert 2 == real.store.counts().nodes["Image"]
    assert {} == real.store.versions([PAID.image_id])
    assert 1 == dict(real.store.purge(datetime.now(UTC) + LATER_THAN_A_WEEK))["Image"]


def test_what_it_should_look_like_is_compared_and_repaired(subject: Subject) -> None:
    subject.store.merge([PAID, spared(distance=4)])
    (difference,) = subject.store.differences([spared()])["s3://bucket/yard/2.jpg"]
    assert f"LOOKS_LIKE {PAID.image_id} has 4 instead of 3" == difference.what
    subject.store.merge([replace(spared(), replaces=1)])
    assert WHOLE == subject.triples()


COUNTS_PICTURES = {"cameras", "cameras-by-hour", "images-between", "labels-of-days"}
"""Without a label these tell of every picture, whatever it shows: one that is not paid for is a picture too."""


def _asked(name: str) -> Iterator[dict[str, Json]]:
    """Ask with what is needed, and once with what may be asked for besides."""
    given: dict[str, Json] = {
        "label": "Person",
        "at_least": 0,
        "text": "EXIT",
        "image": "s3://bucket/gate/1.jpg",
        "images": [PAID.image_id, spared().image_id],
        "limit": 10,
        "walk": 1000,
        "first": "2020-01-01",
        "last": "2040-01-01",
        "before": "2026-03" if name == "months" else None,
        "after": "2026-04" if name == "months" else None,
    }
    query = all_queries()[name]
    needed = {each: given[each] for each in query.needs}
    if name not in COUNTS_PICTURES:
        yield needed
    yield needed | {each: given[each] for each in query.may_take if given.get(each) is not None}


@pytest.mark.parametrize("name", all_queries())
def test_no_query_finds_more_or_less_for_images_that_are_not_paid_for(real: Subject, name: str) -> None:
    now = datetime.now(UTC)
    days = (TAKEN, now, now - timedelta(minutes=1))
    labels, text = (("Person", 95.0), ("Car", 60.0)), (("EXIT", 91.0),)
    taken = [image(f"yard/{n}.jpg", taken_at=at, labels=labels, text=text) for n, at in enumerate(days, 1)]
    gate = image("gate/1.jpg", taken_at=now, camera="gate", labels=PERSON)
    real.store.merge([*taken, gate])
    asked = [*_asked(name)]

    def found() -> list[list[dict[str, Json]]]:
        return [tried_again(partial(real.store.query, name, each)) for each in asked]

    before = found()
    assert any(before)
    likes = [
        replace(image(f"yard/1{n}.jpg", taken_at=each.taken_at), looks_like=each.image_id, distance=n)
        for n, each in enumerate(taken)
    ]
    assert [True] * 3 == changed(real.store, *likes)
    after = found()
    if name in {"cameras", "labels-of-days"}:
        before, after = ([_without_pictures(rows) for rows in each] for each in (before, after))
    assert before == after


def _without_pictures(rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Leave out what counts pictures, whatever they show."""
    return [{key: value for key, value in row.items() if key != "images" or row.get("label")} for row in rows]
