import asyncio
from typing import Any

import pytest

from dev.rekognition.answers import Answers, name_of
from dev.rekognition.once import Once
from dev.rekognition.refusals import Refusal


def asked(answers, name, answer):
    made = []

    async def make():
        made.append(answer)
        return answer

    return asyncio.run(answers.get(name, make)), len(made)


def test_an_answer_is_made_once(tmp_path):
    answers = Answers(tmp_path / "answers.jsonl")
    assert [asked(answers, "one", 1), asked(answers, "one", 2)] == [(1, 1), (1, 0)]


def test_the_next_server_remembers_what_the_last_one_answered(tmp_path):
    asked(Answers(tmp_path / "answers.jsonl"), "one", {"Labels": []})
    assert asked(Answers(tmp_path / "answers.jsonl"), "one", 2) == ({"Labels": []}, 0)


def test_an_answer_that_a_kill_cut_short_is_made_again(tmp_path):
    file = tmp_path / "answers.jsonl"
    asked(Answers(file), "one", 1)
    file.write_text(file.read_text() + '["two", {"Lab')
    assert asked(Answers(file), "two", 2) == (2, 1)
    assert [asked(Answers(file), name, 3) for name in ("one", "two")] == [(1, 0), (2, 0)]


def test_the_name_of_an_answer_is_that_of_what_was_asked():
    names = {
        name_of("content", "DetectLabels", {"MaxLabels": 1, "Image": {"Bytes": "x"}}, "1"),
        name_of("content", "DetectLabels", {"MaxLabels": 1, "Image": {"S3Object": {}}}, "1"),
    }
    others = {
        name_of("other", "DetectLabels", {"MaxLabels": 1}, "1"),
        name_of("content", "DetectText", {"MaxLabels": 1}, "1"),
        name_of("content", "DetectLabels", {"MaxLabels": 2}, "1"),
        name_of("content", "DetectLabels", {"MaxLabels": 1}, "2"),
    }
    assert (len(names), len(others), names & others) == (1, 4, set())


def test_a_failure_reaches_all_who_wait_and_is_not_remembered():
    once: Once[Any, Any] = Once()
    made: list[Any] = []

    async def fail():
        made.append("failed")
        await asyncio.sleep(0)
        raise Refusal("InternalServerError")

    async def succeed():
        return "made"

    async def run():
        waiting = await asyncio.gather(once.get(1, fail), once.get(1, fail), return_exceptions=True)
        return [type(each) for each in waiting], await once.get(1, succeed)

    assert asyncio.run(run()) == ([Refusal, Refusal], "made")
    assert made == ["failed"]


def test_one_who_gives_up_does_not_end_the_work_of_the_others():
    once: Once[Any, Any] = Once()

    async def make():
        await asyncio.sleep(0.01)
        return "made"

    async def run():
        impatient = asyncio.ensure_future(once.get(1, make))
        await asyncio.sleep(0)
        patient = asyncio.ensure_future(once.get(1, make))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        return await patient

    assert asyncio.run(run()) == "made"
