"""What `make up SCALE=…` understands."""

import pytest

from dev.stack.control import read_scale
from dev.stack.errors import BadScale, UnknownService


@pytest.mark.parametrize(
    ("text", "scale"),
    [("", {}), ("labels=3 text=2", {"labels": 3, "text": 2}), ("rows=0,graph=2", {"rows": 0, "graph": 2})],
)
def test_a_scale_is_services_with_their_replicas(text, scale):
    assert scale == read_scale(text)


@pytest.mark.parametrize("text", ["labels", "labels=", "labels=-1", "labels=many", "=3"])
def test_a_scale_that_can_not_be_read_is_answered_with_one_that_can(text):
    with pytest.raises(BadScale, match="labels=3 text=2"):
        read_scale(text)


@pytest.mark.parametrize("text", ["beat=2", "flower=2", "setup=1"])
def test_what_must_run_once_has_no_replicas(text):
    with pytest.raises(BadScale, match=text):
        read_scale(text)


def test_beat_and_flower_may_be_left_out():
    assert {"beat": 0, "flower": 0} == read_scale("beat=0 flower=0")


def test_a_service_that_does_not_exist_is_refused():
    with pytest.raises(UnknownService, match="redis"):
        read_scale("redis=2")
