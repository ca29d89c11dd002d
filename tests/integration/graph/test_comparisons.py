"""The named queries that compare images, over a real Neo4j."""

from datetime import UTC, datetime, timedelta

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
