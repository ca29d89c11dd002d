"""Which hosts a password must not be sent to unencrypted."""

import pytest

from sightline.public_hosts import is_public


@pytest.mark.parametrize(
    "host",
    [
        "redis",
        "localhost",
        "REDIS.",
        "127.0.0.1",
        "10.1.2.3",
        "172.20.0.4",
        "192.168.1.9",
        "100.64.0.7",
        "169.254.3.4",
        "::1",
        "fe80::1%eth0",
        "fd00::7",
        "::ffff:10.0.0.1",
        "redis.sightline.svc",
        "redis.sightline.svc.cluster.local",
        "ip-10-0-0-1.ec2.internal",
        "nas.lan",
    ],
)
def test_a_private_host_is_not_public(host):
    assert not is_public(host)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "134744072",
        "0x8.8.8.8",
        "cache.example.com",
        "cache.example.com.",
        "local.example.com",
        "cache\u3002example\uff61com",
        "cache\uff0eexample\uff0ecom",
        "8\uff0e8\uff0e8\uff0e8",
    ],
)
def test_a_public_host_is_public_however_it_is_written(host):
    assert is_public(host)
