import asyncio
import subprocess
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

from dev.rekognition.content import Content
from dev.rekognition.detectors import hog_and_haar
from dev.rekognition.operations.detect_faces import detect_faces
from dev.rekognition.operations.detect_labels import detect_labels
from dev.rekognition.operations.detect_text import detect_text
from dev.rekognition.picture import Picture
from dev.rekognition.refusals import Refusal
from dev.rekognition.seen import Seen
from dev.rekognition.sight import Sight, _picture
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


def test_the_calls_for_labels_faces_and_text_of_one_picture_are_one_pass_one_reading_and_one_decoding():
    looks: list[Picture] = []
    runs: list[object] = []

    def see(picture: Picture) -> Seen:
        looks.append(picture)
        return Seen((), ())

    class OneThread(ThreadPoolExecutor):
        def submit(self, run, /, *arguments, **named):
            runs.append(run)
            return super().submit(run, *arguments, **named)

    def new_pool(processes: int) -> Executor:
        return OneThread(processes)

    async def ask() -> None:
        sight = Sight(1, detector=replace(hog_and_haar(), see=see, confuses_text=False), new_pool=new_pool)
        for content in (Content(encoded(wall())), Content(encoded(wall()))):
            await asyncio.gather(*(answer({}, content, sight) for answer in (detect_faces, detect_labels, detect_text)))
        sight.close()

    decoded = _picture.cache_info().misses
    asyncio.run(ask())
    assert (1, 2) == (len(looks), len(runs))
    assert 1 == _picture.cache_info().misses - decoded


def test_a_process_of_the_pool_imports_neither_the_server_nor_a_client_of_aws():
    """Each would take as much CPU as all else that it imports."""
    code = "import sys, dev.rekognition.__main__, dev.rekognition.sight; print(*sys.modules)"
    imported = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert "cv2" in imported
    assert set() == imported & {"boto3", "botocore", "starlette", "uvicorn"}
