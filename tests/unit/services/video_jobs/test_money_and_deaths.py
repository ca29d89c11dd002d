"""Money and deaths: each job is booked once and runs once, whatever dies."""

from collections import Counter
from datetime import timedelta

import pytest

from sightline.errors import BudgetSpent, ImageChanged, InvalidParameter, OutcomeUnknown, Throttled, Unavailable
from sightline.models.images import Lane
from sightline.models.spending import Reason
from sightline.models.video_jobs import JobState
from sightline.queues.steps import collect_job_step, start_job_step
from sightline.services.videos import quote
from sightline.video_errors import PagesExpired
from tests.unit.services.video_jobs.stories import URI, agree, house_of, jobs_of, letters, reconcile

# --- money


def test_a_jobs_minutes_are_booked_once_however_often_its_steps_run(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    job = jobs_of(house)["labels"]
    house.send([start_job_step(job.job_id, Lane.LIVE), collect_job_step(job.job_id, Lane.LIVE)] * 2)
    house.run()
    reconcile(house)
    (line,) = (each for each in house.operations.books.read("2000", "2999") if each.feature == "video_labels")
    assert (("StartLabelDetection",), Reason.NEW, 1) == (
        line.billed, line.reason, house.operations.books.read("2000", "2999")[line]
    )  # fmt: skip


def test_a_budget_holds_for_jobs_too_and_what_waits_goes_on_the_next_day(clip):
    house = house_of(budget="video_labels 0.25 USD/day")
    for number in range(3):
        agree(house, clip, f"s3://frames/yard/{number:02}.mp4")
    with pytest.raises(BudgetSpent):
        house.run()
    assert (2, 2) == (len(house.job_client.jobs), len(house.video_jobs.places()))
    reconcile_later(house)
    assert 3 == len(house.job_client.jobs)


def reconcile_later(house):
    house.clock.move(timedelta(days=1))
    house.run()
    for _ in range(2):
        reconcile(house)


@pytest.mark.parametrize("error", [Throttled(URI), InvalidParameter(URI), Unavailable(URI)])
def test_money_comes_back_if_a_job_was_not_begun(clip, error):
    house = house_of(budget="video_labels 0.15 USD/day")
    house.job_client.before = [error]
    agree(house, clip)
    try:
        house.run()
    except (Throttled, Unavailable):
        reconcile(house)
    else:
        agree(house, clip)
        house.run()
    assert 1 == len(house.job_client.jobs)


def test_a_start_that_is_sent_again_is_not_paid_for_again(clip):
    house = house_of(budget="video_labels 0.15 USD/day")
    house.job_client.after = [OutcomeUnknown(URI)]
    agree(house, clip)
    with pytest.raises(OutcomeUnknown):
        house.run()
    reconcile(house)
    assert JobState.STARTED is jobs_of(house)["labels"].state


# --- dying


class Dies(Exception):
    pass


@pytest.mark.parametrize("where", range(26))
def test_killed_anywhere_each_job_runs_once_and_is_complete(clip, where):
    house, calls = house_of("labels", "faces", at_once=1), iter(range(1000))

    def dying(do):
        def call(*args, **kwargs):
            if next(calls) == where:
                raise Dies
            return do(*args, **kwargs)

        return call

    house.put(URI, clip)
    quoted = quote(URI, house.services)
    house.add_video(URI, quoted.frames)
    house.run()
    watched = (
        (house.video_jobs, "add"), (house.video_jobs, "save"), (house.video_jobs, "take_place"),
        (house.video_jobs, "leave_place"), (house.videos, "note_job"), (house.buckets, "put"),
        (house.graph, "show_video"), (house.operations.books, "book"), (house, "send"),
    )  # fmt: skip
    for store, name in watched:
        setattr(store, name, dying(getattr(store, name)))
    for name in ("start", "pages"):
        _dying_client(house.job_client, name, dying)
    for _ in range(2):
        try:
            house.services.job_runner.add(quoted.jobs, Lane.LIVE, house.send)
            break
        except Dies:
            continue
    for _ in range(12):
        try:
            reconcile(house)
        except Dies:
            house.sent.clear()
    assert {"labels": JobState.COMPLETE, "faces": JobState.COMPLETE} == {k: j.state for k, j in jobs_of(house).items()}
    assert 2 == len(house.job_client.jobs)
    assert not house.video_jobs.places()
    booked = house.operations.books.read("2000", "2999")
    assert {"video_labels": 1, "video_faces": 1} == {
        line.feature: count for line, count in booked.items() if line.feature.startswith("video_")
    }
    assert not letters(house)


def _dying_client(client, name, dying):
    """Let a call die before it is sent, and another one after it was answered."""
    done = getattr(client, f"really_{name}")

    def call(*args, **kwargs):
        dying(lambda: None)()
        answer = done(*args, **kwargs)
        dying(lambda: None)()
        return answer

    client.wrapped[name] = call


def test_pages_that_die_while_they_are_read_are_read_again_from_the_first(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    pages = house.job_client.really_pages
    whole: list[bool] = []

    def dies_once(kind, aws_job_id):
        found = list(pages(kind, aws_job_id))
        yield found[0]
        if not whole:
            whole.append(True)
            raise PagesExpired(aws_job_id)
        yield from found[1:]

    house.job_client.wrapped["pages"] = dies_once
    with pytest.raises(PagesExpired):
        reconcile(house)
    house.send([collect_job_step(jobs_of(house)["labels"].job_id, Lane.LIVE)])
    house.run()
    assert 3 == jobs_of(house)["labels"].results.entries


def test_two_workers_at_one_job_start_it_once(clip):
    house = house_of()
    agree(house, clip)
    job_id = jobs_of(house)["labels"].job_id
    start = house.job_client.really_start

    def interrupted(*args):
        house.job_client.wrapped.pop("start")
        house.do(start_job_step(job_id, Lane.LIVE))  # another worker does all of it meanwhile
        return start(*args)

    house.job_client.wrapped["start"] = interrupted
    with pytest.raises(ImageChanged):
        house.run()
    house.run()
    assert (JobState.STARTED, 1) == (jobs_of(house)["labels"].state, len(house.job_client.jobs))


def test_an_older_job_that_comes_late_does_not_take_the_place_of_a_newer_one_in_the_graph(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    old = jobs_of(house)["labels"]
    house.videos.note_job(URI, "labels", "a newer one")
    reconcile(house)
    assert JobState.COMPLETE is house.video_jobs.get(old.job_id).state
    assert not house.graph.shown_videos


def test_counts_of_calls_name_jobs(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.services.calls.flush()
    counted: Counter[tuple[str, str]] = Counter(house.operations.usage.calls("2000", "2999"))
    assert (1, 100_000) == (counted["video_labels", "answered"], counted["video_labels", "cost_micro_usd"])
