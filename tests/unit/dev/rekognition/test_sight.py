import asyncio

from dev.rekognition.content import Content
from dev.rekognition.detectors import hog_and_haar
from dev.rekognition.refusals import Refusal
from dev.rekognition.seen import Seen
from dev.rekognition.sight import Sight
from dev.rekognition.waiting import LONGEST_SECONDS, Waiting
from tests.unit.dev.rekognition.drawings import encoded, wall


def test_who_would_wait_too_long_for_a_core_is_throttled_at_once():
    waiting = Waiting(processes=1, seconds_a_look=LONGEST_SECONDS / 2)

    async def ask() -> list[object]:
        sight = Sight(processes=1, waiting=waiting, detector=hog_and_haar())
        try:
            contents = [Content(encoded(wall()) + bytes([n])) for n in range(6)]
            return await asyncio.gather(*(sight.see(each) for each in contents), return_exceptions=True)
        finally:
            sight.close()

    outcomes = asyncio.run(ask())
    refused = [each.code for each in outcomes if isinstance(each, Refusal)]
    assert ["ProvisionedThroughputExceededException"] * 3 == refused
    assert 3 == outcomes.count(Seen((), ()))
    assert 0 == waiting.looks
    assert waiting.seconds_a_look < LONGEST_SECONDS / 2
