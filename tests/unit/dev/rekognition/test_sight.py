import asyncio

from dev.rekognition.content import Content
from dev.rekognition.refusals import Refusal
from dev.rekognition.sight import MOST_WAITING, Sight
from tests.unit.dev.rekognition.drawings import encoded, wall


def test_who_would_wait_too_long_for_a_core_is_throttled_at_once():
    async def ask() -> list[object]:
        sight = Sight(processes=1)
        try:
            contents = [Content(encoded(wall()) + bytes([n])) for n in range(MOST_WAITING + 3)]
            return await asyncio.gather(*(sight.is_picture(each) for each in contents), return_exceptions=True)
        finally:
            sight.close()

    outcomes = asyncio.run(ask())
    refused = [each.code for each in outcomes if isinstance(each, Refusal)]
    assert refused == ["ProvisionedThroughputExceededException"] * 3
    assert outcomes.count(None) == MOST_WAITING
