"""A process's own share, with no Redis in sight."""

import pytest

from sightline.models.images import Lane
from sightline.ratelimit.fallback import Outage


def test_a_share_may_be_smaller_than_the_least_rate_that_anybody_may_set() -> None:
    outage = Outage({"DetectLabels": 0.01}, 0.97, 8)
    outage.reserve("DetectLabels", Lane.LIVE)

    assert outage.rates()["DetectLabels"].quota == pytest.approx(0.01 / 8)
