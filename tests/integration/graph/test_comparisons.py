"""The named queries that compare images, over a real Neo4j."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import neo4j
import pytest

from sightline.graph.queries import query_named
from tests.integration.graph.subject import Subject, gone, image

NOON = datetime(2016, 11, 5, 12, tzinfo=UTC)


def images_of_both_months(real: Subject) -> None:
    """Show two Novembers and a December; one image is gone."""
    real.store.merge(
        [
            image("yard/1.jpg", taken_at=NOON, labels=(("Person", 90.0), ("Dog", 60.0))),
            image("yard/2.jpg", taken_at=NOON.replace(year=2017), labels=(("Person", 40.0),)),
            image("yard/3.jpg", taken_at=NOON.replace(month=12), labels=(("Dog", 80.0),)),
            image("gate/4.jpg", camera="gate", taken_at=NOON.replace(month=12), labels=(("Dog", 70.0),)),
            gone("yard/5.jpg", 2),
        ]
    )


MONTHS: list[tuple[dict[str, object], list[tuple[str, int, int]]]] = [
    ({"before": "11", "after": "12"}, [("Person", 2, 0), ("Dog", 1, 2)]),
    ({"before": "2016-11", "after": "2016-12"}, [("Dog", 1, 2), ("Person", 1, 0)]),
    ({"before": "11", "after": "12", "at_least": 75}, [("Dog", 0, 1), ("Person", 1, 0)]),
    ({"before": "11", "after": "12", "camera": "gate"}, [("Dog", 0, 1)]),
    ({"before": "2015-11", "after": "1"}, []),
]


def test_months_are_compared_label_by_label(real: Subject) -> None:
    images_of_both_months(real)
    for asked, expected in MONTHS:
        rows = [{"label": n, "images_before": b, "images_after": a, "more": a - b} for n, b, a in expected]
        assert rows == real.store.query("months", asked)


OF_DAYS: list[tuple[dict[str, object], dict[str | None, int]]] = [
    ({"first": "2016-11-01", "last": "2016-12-31"}, {"Person": 1, "Dog": 3, None: 3}),
    ({"first": "2016-12-01", "last": "2016-12-31", "at_least": 75}, {"Dog": 1, None: 2}),
    ({"first": "2016-12-01", "last": "2016-12-31", "camera": "gate"}, {"Dog": 1, None: 1}),
    ({"first": "2016-12-01", "last": "2016-12-31", "leave_out": ["s3://bucket/yard/3.jpg"]}, {"Dog": 1, None: 1}),
    ({"first": "2016-11-06", "last": "2016-11-30"}, {None: 0}),
]


def test_the_labels_of_days_are_counted_and_so_are_all_images(real: Subject) -> None:
    images_of_both_months(real)
    for asked, expected in OF_DAYS:
        rows = real.store.query("labels-of-days", asked)
        assert expected == {row["label"]: row["images"] for row in rows}, asked
        assert len(expected) == len(rows)
    rows = real.store.query("labels-of-days", OF_DAYS[0][0])
    by_percent = {row["label"]: dict(zip(row["percents"], row["of_percents"], strict=True)) for row in rows}
    assert {"Person": {90: 1}, "Dog": {60: 1, 80: 1, 70: 1}, None: {}} == by_percent
    rows = real.store.query("months", {"before": "11", "after": "12", "leave_out": ["s3://bucket/yard/3.jpg"]})
    assert {("Dog", 1, 1), ("Person", 2, 0)} == {(r["label"], r["images_before"], r["images_after"]) for r in rows}


@pytest.mark.parametrize(
    ("confidence", "at_least", "percents"),
    [(100.0, 0, [100]), (99.99, 0, [99]), (50.0, 50, [50]), (49.99, 50, []), (50.7, 50.5, [50]), (0.4, 0, [0])],
)
def test_a_label_is_counted_with_the_whole_percents_of_its_confidence(
    real: Subject, confidence: float, at_least: float, percents: list[int]
) -> None:
    real.store.merge([image("yard/1.jpg", taken_at=NOON, labels=(("Person", confidence),))])
    rows = real.store.query("labels-of-days", {"first": "2016-11-05", "last": "2016-11-05", "at_least": at_least})
    assert percents == [percent for row in rows if row["label"] for percent in row["percents"]]


MONDAY = datetime(2016, 11, 7, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
"""By its camera's clock; in UTC it is Tuesday."""

LINES = ("AB 123", "ab 12", "100 %")


def images_of_a_week(real: Subject) -> None:
    """Show three pictures of a late Monday evening, one of a Sunday, and one of the day after."""
    real.store.merge(
        [
            image("yard/1.jpg", taken_at=MONDAY, labels=(("Person", 96.0),), text=((LINES[0], 90.0), (LINES[1], 95.0))),
            image("yard/2.jpg", taken_at=MONDAY, labels=(("Person", 100.0),), text=((LINES[1], 80.0),)),
            image("gate/3.jpg", camera="gate", taken_at=MONDAY, labels=(("Person", 54.9),), text=((LINES[2], 99.0),)),
            image("yard/4.jpg", taken_at=MONDAY - timedelta(days=1), labels=(("Person", 55.0), ("Dog", 60.0))),
            image("yard/5.jpg", taken_at=MONDAY + timedelta(days=1), labels=(("Person", 99.0),)),
        ]
    )


WEEK = {"first": "2016-11-06", "last": "2016-11-07"}
OF_WEEK = {"label": "Person", **WEEK}


def test_a_label_is_counted_by_weekday_and_hour_of_the_cameras_clock(real: Subject) -> None:
    images_of_a_week(real)

    def found(**asked: object) -> list[tuple[int, int, int]]:
        rows = real.store.query("label-by-time", {**OF_WEEK, **asked})
        return [(row["weekday"], row["hour"], row["images"]) for row in rows]

    assert [(1, 23, 3), (7, 23, 1)] == found()
    assert [(1, 23, 2)] == found(at_least=90)
    assert [(1, 23, 1)] == found(camera="gate")
    assert [(1, 23, 1)] == found(camera="yard", leave_out=["s3://bucket/yard/1.jpg", "s3://bucket/yard/4.jpg"])
    assert [(7, 23, 1)] == found(label="Dog")
    assert [] == found(first="2016-11-09", last="2016-11-30")


def test_a_label_is_counted_by_confidence(real: Subject) -> None:
    images_of_a_week(real)

    def found(**asked: object) -> list[tuple[int, int]]:
        rows = real.store.query("label-by-confidence", {**OF_WEEK, **asked})
        return [(row["from_percent"], row["images"]) for row in rows]

    assert [(50, 1), (55, 1), (95, 2)] == found()
    assert [(55, 1), (95, 1)] == found(camera="yard", leave_out=["s3://bucket/yard/2.jpg"])
    assert [] == found(label="Bear")


def test_of_some_images_those_of_certain_days_are_told(real: Subject) -> None:
    images_of_a_week(real)
    everything = ("yard/1.jpg", "yard/2.jpg", "gate/3.jpg", "yard/4.jpg", "yard/5.jpg", "yard/6.jpg")

    def found(*names: str, **asked: object) -> list[str]:
        images = [f"s3://bucket/{name}" for name in names]
        rows = real.store.query("images-between", {**WEEK, "images": images, **asked})
        return sorted(row["image_id"].removeprefix("s3://bucket/") for row in rows)

    assert ["gate/3.jpg", "yard/1.jpg", "yard/2.jpg", "yard/4.jpg"] == found(*everything)
    assert ["yard/2.jpg"] == found("yard/2.jpg", "yard/5.jpg")
    assert ["yard/4.jpg"] == found(*everything, label="Dog", camera="yard")
    assert [] == found()


FOUND_BY_LABEL: list[tuple[dict[str, object], list[int]]] = [
    ({**WEEK}, [3, 1, 2, 4]),
    ({"last": "2016-11-06"}, [4]),
    ({"first": "2016-11-08"}, [5]),
    ({"weekday": 7, "hour": 23}, [4]),
    ({"weekday": 1, "hour": 7}, []),
    ({"at_least": 55, "below": 100}, [5, 1, 4]),
]
FOUND_BY_TEXT: list[tuple[dict[str, object], list[int]]] = [
    ({"text": "ab 12"}, [1, 2]),
    ({"text": "AB 12"}, [1]),
    ({"text": "b 1"}, [1, 2]),
    ({"text": "0 %"}, [3]),
    ({"text": "%"}, [3]),
    ({"text": "ab", "at_least": 85}, [1]),
    ({"text": "ab", "below": 85}, [2]),
    ({"text": "ab", "label": "Person", "at_least": 60}, [1, 2]),
    ({"text": "ab", "label": "Dog"}, []),
    ({"text": "ab", "camera": "gate"}, []),
    ({"text": "ab", **WEEK, "weekday": 1, "hour": 23}, [1, 2]),
    ({"text": "ab", "first": "2016-11-08"}, []),
]


def test_images_are_found_by_label_and_by_text(real: Subject) -> None:
    images_of_a_week(real)

    def found(name: str, **asked: object) -> list[int]:
        return [int(row["image_id"].removesuffix(".jpg")[-1]) for row in real.store.query(name, asked)]

    for asked, expected in FOUND_BY_LABEL:
        assert expected == found("images-with-label", **{"label": "Person", "at_least": 0, **asked}), asked
        for walk in (1_000, 9):  # the label is one of few images, and one of many
            newest: dict[str, object] = {"label": "Person", "at_least": 0, "limit": 5, "walk": walk}
            assert expected == found("newest-with-label", **newest | asked), (asked, walk)
    for asked, expected in FOUND_BY_TEXT:
        assert expected == found("images-with-text", **asked), asked
    first, *_ = real.store.query("images-with-text", {"text": "ab", "limit": 1})
    assert ("ab 12", 95.0) == (first["text"], first["confidence"])
    before = int(MONDAY.timestamp())
    (row,) = real.store.query("images-with-text", {"text": "ab", "before": before, "after": first["image_id"]})
    assert "s3://bucket/yard/2.jpg" == row["image_id"]


def test_persons_on_other_cameras_are_found_by_time(real: Subject) -> None:
    def seen(key: str, minutes: float, percent: float = 90.0, camera: str = "gate") -> object:
        at = NOON + timedelta(minutes=minutes)
        return image(key, camera=camera, taken_at=at, labels=(("Person", percent),))

    given = image("yard/1.jpg", taken_at=NOON)
    late, early = seen("gate/1.jpg", 10), seen("door/1.jpg", -2, camera="door")
    others = [seen("gate/2.jpg", 10.5), seen("gate/3.jpg", 1, 40.0), seen("yard/2.jpg", 1, camera="yard")]
    real.store.merge([given, late, early, *others, image("gate/4.jpg", camera="gate", taken_at=NOON)])  # type: ignore[list-item]

    def found(**asked: object) -> list[tuple[str, int]]:
        rows = real.store.query("persons-nearby", {"image": given.image_id, **asked})
        return [(row["image_id"].removeprefix("s3://"), row["seconds_later"]) for row in rows]

    near, far = (early.image_id.removeprefix("s3://"), -120), (late.image_id.removeprefix("s3://"), 600)  # type: ignore[attr-defined]
    assert [near, far] == found()
    assert [near] == found(minutes=5)
    assert 3 == len(found(at_least=0))
    assert [] == real.store.query("persons-nearby", {"image": "s3://no/such.jpg"})
    row = real.store.query("persons-nearby", {"image": given.image_id})[0]
    expected = {
        "camera": "door",
        "image_id": early.image_id,  # type: ignore[attr-defined]
        "taken_at": early.taken_at.isoformat(),  # type: ignore[attr-defined]
        "seconds_later": -120,
        "confidence": 90.0,
    }
    assert expected == row


def test_labels_that_appear_together_are_counted(real: Subject) -> None:
    images_of_both_months(real)
    more = image("yard/6.jpg", taken_at=NOON, labels=(("Dog", 60.0), ("Cat", 60.0), ("Person", 60.0)))
    real.store.merge([more])
    expected = [("Person", 2, 50.0), ("Cat", 1, 25.0)]
    assert [{"together_with": n, "images": i, "percent": p} for n, i, p in expected] == real.store.query(
        "labels-together", {"label": "Dog"}
    )
    assert [] == real.store.query("labels-together", {"label": "Dog", "at_least": 65})
    assert [] == real.store.query("labels-together", {"label": "Bear"})


def test_cameras_are_counted_by_hour_of_their_own_clock(real: Subject) -> None:
    images_of_both_months(real)
    later = image("gate/7.jpg", camera="gate", taken_at=NOON + timedelta(hours=1), labels=(("Person", 55.0),))
    real.store.merge([later])

    def found(**asked: object) -> list[tuple[str, int, int]]:
        return [(row["camera"], row["hour"], row["images"]) for row in real.store.query("cameras-by-hour", asked)]

    assert [("gate", 12, 1), ("gate", 13, 1), ("yard", 12, 3)] == found()
    assert [("gate", 13, 1), ("yard", 12, 2)] == found(label="Person")
    assert [("gate", 13, 1), ("yard", 12, 1)] == found(label="Person", at_least=50)


def images_of_two_months(real: Subject) -> None:
    """Every image shows a person, and the oldest two show a fox."""
    real.store.merge(
        [
            image(
                f"yard/{number:02}.jpg",
                taken_at=MONDAY + timedelta(days=number // 2),
                labels=(("Person", 90.0), *((("Fox", 80.0),) if number < 2 else ())),
            )
            for number in range(60)
        ]
    )


def walked(real: Subject, label: str, walk: int, **asked: object) -> list[str]:
    """Return what page after page finds; that one ends where so many images were looked through is told by `|`."""
    found, place = [], asked
    while rows := real.store.query("newest-with-label", {"label": label, "at_least": 0, "walk": walk, **place}):
        found += ["|" if row["confidence"] is None else row["image_id"][-6:-4] for row in rows]
        last = rows[-1]
        before = int(datetime.fromisoformat(last["taken_at"]).timestamp())
        place = {**asked, "before": before, "after": last["image_id"]}
    return found


@pytest.mark.parametrize("walk", [7, 20, 59, 500, 1_000])
def test_looking_through_the_newest_loses_no_image_and_shows_none_twice(real: Subject, walk: int) -> None:
    images_of_two_months(real)
    newest = [f"{number:02}" for day in reversed(range(30)) for number in (2 * day, 2 * day + 1)]
    assert newest == [each for each in walked(real, "Person", walk, limit=7) if each != "|"]
    assert ["00", "01"] == [each for each in walked(real, "Fox", walk, limit=7) if each != "|"]


def test_images_of_one_second_are_walked_through_however_many_they_are(real: Subject) -> None:
    labels = (("Person", 90.0),)
    real.store.merge([image(f"yard/{number:02}.jpg", taken_at=MONDAY, labels=labels) for number in range(30)])
    found = walked(real, "Person", 4, limit=9, at_least=95)
    assert 7 == found.count("|") == len(found)


def test_a_page_ends_where_so_many_images_were_looked_through(real: Subject) -> None:
    images_of_two_months(real)
    assert ["|", "|", "|", "00", "01"] == walked(real, "Fox", 19, limit=7)
    assert ["00", "01"] == walked(real, "Fox", 20, limit=7), "of so few images all are read"
    assert [] == walked(real, "Fox", 19, limit=7, first=str(MONDAY.date() + timedelta(days=25)))
    assert [] == walked(real, "Bear", 19, limit=7)


@pytest.mark.parametrize("label", ["Person", "Fox"])
@pytest.mark.parametrize("walk", [20, 59, 1_000])
def test_a_page_that_is_read_in_parts_ends_where_it_would_have_ended_at_once(
    real: Subject, label: str, walk: int
) -> None:
    images_of_two_months(real)
    page: dict[str, object] = {"label": label, "at_least": 0, "walk": walk, "below": 95}
    page |= {"before": int((MONDAY + timedelta(days=29)).timestamp()), "after": ""}
    at_once = real.store.query("newest-with-label", {**page, "limit": 61})
    parts = []
    beyond: dict[str, object] = {}
    while rows := real.store.query("newest-with-label", {**page, **beyond, "limit": 7}):
        parts += rows
        if len(rows) < 7 or rows[-1]["confidence"] is None:
            break
        last = rows[-1]
        beyond = {
            "beyond": int(datetime.fromisoformat(last["taken_at"]).timestamp()),
            "beyond_id": last["image_id"],
        }
    assert at_once == parts
    assert at_once


def test_the_newest_images_of_a_label_cost_no_more_if_there_are_more_of_them(
    real: Subject, driver: neo4j.Driver
) -> None:
    """Of a graph three times as large, a page of ten reads the same."""
    query = query_named("newest-with-label")
    asked = query.bind({"label": "Person", "at_least": 0, "limit": 10, "walk": 100})

    def hits() -> int:
        summary = driver.execute_query(f"PROFILE {query.text}", asked, database_="neo4j").summary
        return hits_of(summary.profile)

    images_of_two_months(real)
    few = hits()
    real.store.merge(
        [
            image(f"old/{number}.jpg", taken_at=MONDAY - timedelta(hours=number + 1), labels=(("Person", 90.0),))
            for number in range(120)
        ]
    )
    assert few + 10 >= hits()


def hits_of(step: Any) -> int:
    """Return what a step and those below it read."""
    return int(step.get("dbHits", 0)) + sum(map(hits_of, step.get("children", ())))
