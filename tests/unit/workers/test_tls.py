"""TLS options are read from the address once, for the broker and the limiter alike."""

import pytest

from sightline.bootstrap import redis_client
from sightline.queues.client import make_client
from sightline.queues.tls import tls_options, without_tls_options
from tests.unit.workers.settings import settings

VERIFIED = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


def test_a_plain_address_has_no_tls():
    assert tls_options("redis://:pw@127.0.0.1:6379/0", "ca.pem") == {}
    assert make_client("redis://:pw@127.0.0.1:6379/0", "x:").conf.broker_use_ssl is None


@pytest.mark.parametrize(
    ("query", "ca_file", "expected"),
    [
        ("", None, VERIFIED),
        ("", "ca.pem", VERIFIED | {"ssl_ca_certs": "ca.pem"}),
        ("?ssl_ca_certs=own.pem", "ca.pem", VERIFIED | {"ssl_ca_certs": "own.pem"}),
        ("?ssl_cert_reqs=none", None, {"ssl_cert_reqs": "none", "ssl_check_hostname": False}),
    ],
)
def test_certificates_are_verified_unless_the_address_says_otherwise(query, ca_file, expected):
    assert expected == tls_options(f"rediss://:pw@cache.example:6380/0{query}", ca_file)


def test_only_the_tls_options_leave_the_address():
    url = "rediss://me:p%2Fw@cache.example:6380/2?ssl_cert_reqs=none&health_check_interval=5"
    assert without_tls_options(url) == "rediss://me:p%2Fw@cache.example:6380/2?health_check_interval=5"


def test_broker_and_limiter_take_the_same_options():
    chosen = settings(redis_url="rediss://me:pw@cache.example:6380/2?ssl_cert_reqs=none")
    app = make_client(chosen.redis_url.get_secret_value(), "x:", chosen.redis_ca_file)
    with redis_client(chosen) as client, app.connection_for_write() as broker:
        limiter = client.connection_pool.connection_kwargs
        assert app.conf.broker_use_ssl == broker.ssl == {name: limiter[name] for name in broker.ssl}
        address = (broker.userid, broker.password, broker.hostname, broker.port, broker.virtual_host)
        assert address == ("me", "pw", "cache.example", 6380, "2")
