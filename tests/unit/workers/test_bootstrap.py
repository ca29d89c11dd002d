"""The composition root: it builds everything and talks to nobody (a unit test that opens a socket fails)."""

from datetime import UTC
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from sightline.bootstrap import aws_session, capture_reader, connect, redis_client, s3_client, utc_now
from sightline.errors import ConfigurationError
from sightline.graph.neo4j import Neo4jGraphStore
from sightline.ratelimit.redis import RedisLimiter
from sightline.rekognition.client import Rekognition
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.ledger.dynamodb import DynamoLedger
from tests.unit.workers.settings import settings

KEYS = {"aws_access_key_id": "an id", "aws_secret_access_key": "a key"}


def test_connect_builds_every_service_without_talking_to_any_server():
    chosen, stopping = settings(**KEYS), Event()
    services = connect(chosen, stopping=stopping)
    services.graph.close()
    found = [type(each) for each in (services.images, services.ledger, services.graph, services.limiter)]
    assert [DynamoImageStore, DynamoLedger, Neo4jGraphStore, RedisLimiter] == found
    assert isinstance(services.detector, Rekognition)
    assert (chosen.plan, stopping) == (services.plan, services.stopping)


def test_services_that_nobody_stops_have_an_event_of_their_own():
    services = connect(settings(**KEYS))
    services.graph.close()
    assert not services.stopping.is_set()


def test_a_key_pattern_that_can_not_be_is_refused_before_any_work():
    with pytest.raises(ConfigurationError, match="Correct SIGHTLINE_KEY_PATTERN"):
        capture_reader(settings(key_pattern="(?P<when>.*)"))


def test_the_time_zone_of_a_camera_goes_over_that_of_all():
    reader = capture_reader(settings(time_zone="Asia/Tokyo", camera_time_zones={"yard": "Europe/Berlin"}))
    zones = {"yard": ZoneInfo("Europe/Berlin"), "gate": ZoneInfo("Asia/Tokyo")}
    assert zones == {camera: reader._zone_of(camera) for camera in zones}


def test_keys_of_the_settings_go_before_those_of_the_machine():
    credentials = aws_session(settings(**KEYS)).get_credentials()
    assert ("an id", "a key") == (credentials.access_key, credentials.secret_key)


@pytest.mark.parametrize(("endpoint", "style"), [("http://127.0.0.1:9", "path"), (None, "auto")])
def test_a_stand_in_for_s3_has_the_bucket_in_the_path(endpoint, style):
    chosen = settings(s3_endpoint=endpoint, **KEYS)
    assert style == s3_client(chosen, aws_session(chosen)).meta.config.s3["addressing_style"]


def test_stores_retry_and_the_limiter_gives_up_soon():
    chosen = settings(**KEYS)
    assert 3 == s3_client(chosen, aws_session(chosen)).meta.config.retries["total_max_attempts"]
    assert "s3v4" == s3_client(chosen, aws_session(chosen)).meta.config.signature_version
    assert 1.0 == redis_client(chosen).connection_pool.connection_kwargs["socket_timeout"]


def test_the_time_is_told_in_utc():
    assert UTC is utc_now().tzinfo
