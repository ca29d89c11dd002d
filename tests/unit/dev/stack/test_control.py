"""What `make up SCALE=…` understands."""

import fcntl

import pytest

from dev.stack.control import read_scale, refuse_other
from dev.stack.errors import BadScale, OtherDetector, UnknownService
from dev.stack.supervisor import Wanted, write_wanted


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


def test_a_stack_that_is_up_keeps_its_detector(tmp_path):
    write_wanted(tmp_path, Wanted(1, {}, "objects"))
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuse_other(tmp_path, "objects")
        refuse_other(tmp_path, "")
        with pytest.raises(OtherDetector, match="make down"):
            refuse_other(tmp_path, "another")
    refuse_other(tmp_path, "another")
