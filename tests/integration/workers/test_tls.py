"""A Redis that speaks nothing but TLS: the broker and the limiter reach it alike, and trust only the CA that is set."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dev.stack.processes import Process, inherited, wait_for
from dev.stack.waiting import wait_until
from sightline.bootstrap import redis_client
from sightline.config import Settings
from sightline.errors import Unavailable
from sightline.models.images import Lane, State
from sightline.queues.publishing import publish
from sightline.queues.redis import RedisQueues
from sightline.queues.steps import ingest_step
from sightline.ratelimit.redis import RedisLimiter
from sightline.services.collaborators import provide
from sightline.testing.fake import FakeSightline, picture, uri_of
from tests.applications import application
from tests.integration.certificates import Certificates, make_certificates
from tests.integration.workers.test_refused_and_poison import QUEUES, RealClock, working
from tests.unit.workers.settings import settings

PASSWORD = "hush"
URI = uri_of("one")


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
def chosen(tmp_path: Path, certificates: Certificates) -> Iterator[Callable[..., Settings]]:
    """Give settings for a server without a plain port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rules = tmp_path / "redis.conf"
    rules.write_text(
        f"port 0\ntls-port {port}\nbind 127.0.0.1\nrequirepass {PASSWORD}\nsave ''\ntls-auth-clients no\n"
        f"tls-cert-file {certificates.certificate}\ntls-key-file {certificates.key}\n"
        f"tls-ca-cert-file {certificates.ca}\n"
    )
    process = Process("redis", ["redis-server", str(rules)], tmp_path / "redis.log", inherited())

    def made(scheme: str = "rediss", ca: Path | None = certificates.ca) -> Settings:
        url = SecretStr(f"{scheme}://:{PASSWORD}@127.0.0.1:{port}/0")
        return settings(redis_url=url, redis_ca_file=str(ca) if ca else None)

    def answers() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    process.start()
    wait_for(process, answers)
    yield made
    process.kill()


def test_a_worker_takes_and_finishes_an_image_over_tls(chosen):
    world = FakeSightline(clock=RealClock(), features=("labels",))
    world.put(URI, picture())
    provide(world.services)
    app = application(chosen())
    app.set_current()
    world.services.images.add(URI, Lane.LIVE)
    publish([ingest_step(URI, Lane.LIVE)])
    with redis_client(chosen()) as client:
        assert RedisQueues(client, "sightline:").read(["ingest"]).waiting["ingest"].messages == 1
        with working(app, world, QUEUES):
            assert wait_until(lambda: state(world) is State.COMPLETE, lambda: str(state(world)))
    app.close()


def test_the_limiter_books_over_tls(chosen):
    with redis_client(chosen()) as client:
        limiter = RedisLimiter(client, "1", "eu", {"DetectLabels": 10.0}, "sightline:")
        assert limiter.reserve("DetectLabels", Lane.LIVE).is_booked
        assert client.exists("sightline:{limiter:1:eu:DetectLabels}")


@pytest.mark.parametrize("wrong", [{"ca": None}, {"scheme": "redis"}], ids=["unknown authority", "without TLS"])
def test_neither_talks_to_what_it_cannot_verify(chosen, wrong):
    with redis_client(chosen(**wrong)) as client, pytest.raises(Unavailable):
        RedisLimiter(client, "1", "eu", {"DetectLabels": 10.0}, "sightline:").check()
    app = application(chosen(**wrong))
    app.set_current()
    with pytest.raises(Unavailable):
        publish([ingest_step(URI, Lane.LIVE)])
    app.close()


def state(world: FakeSightline) -> State | None:
    row = world.services.images.get(URI)
    return row.state if row else None
