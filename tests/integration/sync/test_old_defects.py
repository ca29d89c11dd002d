"""What was wrong with the loader before this one, each as a test; rows in memory, the graph in a real Neo4j.

Late and tied rows, and days that were jumped over: tests/unit/services/sync/test_nothing_is_lost.py. Seconds taken for
milliseconds, and a time zone's mean solar offset: tests/unit/services/test_capture.py.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.integration.sync.conftest import Place
from tests.writing import analysed

HOSTILE = "s3://frames/yard/'}) DETACH DELETE n //\\\"`$x{y}`\u2028%00.jpg"


@pytest.fixture
def place(twins, driver, real_graph) -> Place:
    return Place(replace(twins.services, graph=real_graph), twins.clock, driver)


def number(place: Place, text: str) -> int:
    return place.driver.execute_query(text, database_="neo4j").records[0][0]  # type: ignore[no-any-return]


def test_a_confidence_that_changed_is_changed_and_not_added(place):
    for asked, confidence in (("1", 90.0), ("2", 91.5)):
        analysed(place.services.images, "s3://frames/a", place.clock.now, found=(("Person", confidence),), asked=asked)
        place.clock.move(timedelta(minutes=5))
        place.sync()
    assert [("Person", 91.5)] == [(each[5], each[3]) for each in place.triples() if each[2] == "HAS_LABEL"]


def test_a_hostile_key_is_text_and_never_cypher(place):
    analysed(place.services.images, "s3://frames/kept", place.clock.now)
    hostile = analysed(place.services.images, HOSTILE, place.clock.now, found=(("'}) DELETE n //", 50.0),))
    place.sync()
    assert {HOSTILE: hostile.version, "s3://frames/kept": 2} == place.services.graph.versions(
        [HOSTILE, "s3://frames/kept"]
    )
    assert ("Image", HOSTILE, "HAS_LABEL", 50.0, "Label", "'}) DELETE n //") in place.triples()


def test_no_camera_is_left_out(place):
    cameras = ["yard", "test", "Camera 1", "exclude", "", "c#2"]
    for position, camera in enumerate(cameras):
        analysed(place.services.images, f"s3://frames/{position}", place.clock.now, camera)
    place.sync()
    assert set(cameras) == {each[1] for each in place.triples() if each[2] == "HAS_IMAGE"}


def test_an_image_has_one_node_whatever_changes_about_it(place):
    taken = place.clock.now
    for asked in ("1", "2", "3"):
        analysed(
            place.services.images, "s3://frames/a", taken + timedelta(hours=int(asked)), f"camera-{asked}", asked=asked
        )
        place.clock.move(timedelta(minutes=5))
        place.sync()
    assert 1 == number(place, "MATCH (image:Image) RETURN count(image)")
    assert ["camera-3"] == [each[1] for each in place.triples() if each[2] == "HAS_IMAGE"]


def test_hours_and_days_are_the_cameras_own_also_where_clocks_change(place):
    taken = datetime(2044, 3, 27, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    analysed(place.services.images, "s3://frames/a", taken)
    place.sync()
    assert {("ISODate", "2044-03-27T01:30:00+01:00"), ("Hour", 1), ("Day", 27)} <= {
        each[4:] for each in place.triples()
    }
