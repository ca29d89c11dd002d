"""Jobs on stored videos, from adding them to the graph, and what goes wrong on the way."""

import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dev.clips.mp4 import write_clip
from sightline.errors import (
    BadMessage,
    BudgetSpent,
    ConfigurationError,
    ImageChanged,
    InvalidParameter,
    JobTokenMismatch,
    NewerVersion,
    OutcomeUnknown,
    PagesExpired,
    Throttled,
    Unavailable,
)
from sightline.models.images import Lane
from sightline.models.spending import Reason
from sightline.models.video_jobs import JobState
from sightline.queues.steps import collect_job_step, start_job_step
from sightline.services.redrive import redrive
from sightline.services.video_job_plan import JobPlan
from sightline.services.video_jobs import TOKEN_TRUSTED_FOR, reconcile_jobs
from sightline.services.videos import price_of_image, quote
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline
from sightline.timing import CHECK_AFTER
from tests.clips import clip_bytes

URI = "s3://frames/yard/2026-11-02/MDAlarm_20261102-075811.mp4"
LABELS = [
    {
        "Timestamp": 1000,
        "StartTimestampMillis": begin,
        "EndTimestampMillis": end,
        "DurationMillis": end - begin,
        "Label": {"Name": name, "Confidence": percent},
    }
    for name, begin, end, percent in (("Person", 1000, 3000, 90.5), ("Car", 0, 2000, 80.0), ("Person", 9000, 9500, 70))
]
FACES = [{"Timestamp": at, "Face": {"Confidence": 95.0}} for at in (0, 500, 1000, 8000)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Give a clip of six seconds, in H.264."""
    pictures = [np.full((96, 96, 3), shade, np.uint8) for shade in range(20, 80, 10)]
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", pictures, 2).read_bytes()


def house_of(*kinds, **more):
    house = FakeSightline(job_plan=JobPlan(kinds or ("labels",), more.pop("at_once", 20)), **more)
    house.job_client.entries = {"labels": LABELS, "faces": FACES}
    return house


def agree(house, clip, uri=URI):
    """Upload a video, and add it with its jobs as the command line does."""
    house.put(uri, clip)
    quoted = quote(uri, house.services)
    house.add_video(uri, max(1, quoted.frames))
    house.services.job_runner.add(quoted.jobs, Lane.LIVE, house.send)
    return quoted


def reconcile(house, after=CHECK_AFTER):
    house.clock.move(after + timedelta(seconds=1))
    told = reconcile_jobs(house.services.job_runner, lambda: True, house.send)
    house.run()
    return told


def jobs_of(house):
    return {job.asked.kind: job for job in house.video_jobs.all()}


def letters(house):
    return {each.error: each for each in house.operations.dead_letters.read()}


def test_a_video_gets_a_job_of_each_kind_which_is_found_out_about_by_looking(clip):
    house = house_of("labels", "faces")
    agree(house, clip)
    house.run()
    assert {JobState.STARTED} == {job.state for job in jobs_of(house).values()}
    assert {"labels", "faces"} == {*house.videos.get(URI).jobs}
    reconcile(house)
    jobs = jobs_of(house)
    assert {JobState.COMPLETE} == {job.state for job in jobs.values()}
    assert {None} == {job.next_check_at for job in jobs.values()}
    spans = [(each.name, each.from_ms, each.to_ms, each.confidence) for each in jobs["labels"].results.spans]
    assert [("Car", 0, 2000, 80.0), ("Person", 1000, 3000, 90.5), ("Person", 9000, 9500, 70.0)] == spans
    assert [("Face", 0, 1000), ("Face", 8000, 8000)] == [
        (each.name, each.from_ms, each.to_ms) for each in jobs["faces"].results.spans
    ]
    shown = house.graph.shown_videos[URI, "labels"]
    assert ("Label", "label_name", jobs["labels"].results.spans) == (shown.label, shown.key, shown.spans)
    assert (URI, "faces") not in house.graph.shown_videos
    assert 2 == len(house.job_client.jobs)
    assert not house.video_jobs.places()


def test_every_entry_is_kept_as_it_came(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    reconcile(house)
    results = jobs_of(house)["labels"].results
    file = house.buckets.get(ObjectUri.parse(results.uri))[1]
    first, *entries = map(json.loads, gzip.decompress(file).splitlines())
    assert ("GetLabelDetection", LABELS, 3) == (first["operation"], entries, results.entries)
    assert results.uri.startswith("s3://sightline/sightline/video-jobs/")


def test_too_many_spans_for_a_row_stay_in_the_object_and_the_graph_has_them_all(clip):
    house = house_of()
    one = LABELS[0]
    house.job_client.entries["labels"] = [
        one | {"StartTimestampMillis": at * 5000, "EndTimestampMillis": at * 5000 + 1000} for at in range(1001)
    ]
    agree(house, clip)
    house.run()
    reconcile(house)
    results = jobs_of(house)["labels"].results
    assert ((), 1001) == (results.spans, results.span_count)
    assert 1001 == len(house.graph.shown_videos[URI, "labels"].spans)


def test_nothing_is_asked_of_rekognition_where_jobs_are_off(clip):
    house = FakeSightline()
    quoted = agree(house, clip)
    house.run()
    assert ((), "", {}) == (quoted.jobs, quoted.no_jobs, house.job_client.jobs)
    assert {"jobs_looked_at": 0} == reconcile(house)


def test_a_quote_counts_whole_minutes_and_says_what_is_known_already(clip):
    house = house_of("labels", "faces")
    quoted = agree(house, clip)
    assert [("labels", 1, 100_000, True), ("faces", 1, 100_000, True)] == [
        (each.kind.name, each.minutes, each.micro_usd, each.is_new) for each in quoted.jobs
    ]
    assert 200_000 + quoted.new * price_of_image(house.services) == quoted.whole_micro_usd
    house.run()
    again = quote(URI, house.services)
    assert [(0, False)] * 2 == [(each.micro_usd, each.is_new) for each in again.jobs]
    assert not again.is_new


def test_a_job_without_a_price_is_refused_with_the_line_to_add(clip):
    house = house_of("text")
    house.put(URI, clip)
    with pytest.raises(ConfigurationError, match='Add the line "StartTextDetection" = "<meter>"'):
        quote(URI, house.services)


@pytest.mark.parametrize(("suffix", "codec", "said"), [("mp4", "mp4v", "H.264 alone"), ("mkv", "mp4v", "MP4 and MOV")])
def test_what_aws_would_refuse_gets_frames_and_no_jobs(tmp_path, suffix, codec, said):
    house = house_of()
    uri = f"s3://frames/yard/a.{suffix}"
    quoted = agree(house, clip_bytes(tmp_path, 2, suffix, codec), uri)
    assert ((), 1) == (quoted.jobs, quoted.frames)
    assert said in quoted.no_jobs


def test_adding_a_video_again_starts_nothing_twice(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    agree(house, clip)
    house.run()
    reconcile(house)
    agree(house, clip)
    house.run()
    assert 1 == len(house.job_client.jobs)
    assert JobState.COMPLETE is jobs_of(house)["labels"].state


# --- tokens


def test_a_start_whose_answer_is_lost_is_sent_again_under_its_token(clip):
    house = house_of()
    house.job_client.after = [OutcomeUnknown(URI)] * 2
    agree(house, clip)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            house.run()
        house.clock.move(timedelta(minutes=1))
        reconcile_jobs(house.services.job_runner, lambda: True, house.send)
    assert {*house.video_jobs.places()} == {jobs_of(house)["labels"].job_id}  # it may run
    house.run()
    reconcile(house)
    assert (JobState.COMPLETE, 1) == (jobs_of(house)["labels"].state, len(house.job_client.jobs))


def test_what_aws_tells_of_a_job_whose_start_was_never_answered_finds_it_by_its_token(clip):
    house = house_of()
    house.job_client.after = [OutcomeUnknown(URI)]
    agree(house, clip)
    with pytest.raises(OutcomeUnknown):
        house.run()
    house.clock.move(timedelta(minutes=1))
    house.send([collect_job_step(jobs_of(house)["labels"].job_id, Lane.LIVE)])
    house.run()
    assert JobState.STARTED is jobs_of(house)["labels"].state
    assert 1 == len(house.job_client.jobs)


def test_a_token_that_aws_may_have_forgotten_is_not_sent_again(clip):
    house = house_of()
    house.job_client.after = [OutcomeUnknown(URI)]
    agree(house, clip)
    with pytest.raises(OutcomeUnknown):
        house.run()
    reconcile(house, TOKEN_TRUSTED_FOR)
    assert JobState.REJECTED is jobs_of(house)["labels"].state
    assert "within six days" in letters(house)["JobOutcomeUnknown"].rule
    assert 1 == len(house.job_client.jobs)


def test_a_job_that_waited_for_long_without_being_begun_is_started(clip):
    house = house_of(at_once=1)
    house.video_jobs.take_place("another", 1)
    agree(house, clip)
    house.run()
    reconcile(house, timedelta(days=10))  # the other's place is given back: there is no such job
    house.run()
    assert JobState.STARTED is jobs_of(house)["labels"].state


def test_a_failed_job_is_a_dead_letter_and_its_redrive_has_another_token(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    (first,) = house.job_client.jobs
    house.job_client.fail(first, "Unsupported codec")
    reconcile(house)
    letter = letters(house)["JobFailed"]
    assert (URI, "start_video_job") == (letter.image_id, letter.step)
    assert "its job labels: " in letter.rule
    assert "Unsupported codec" in letter.rule
    assert (JobState.REJECTED, {}) == (jobs_of(house)["labels"].state, house.video_jobs.places())
    (done,) = redrive([letter], house.images, house.videos, house.services.job_runner, house.operations, house.send)
    assert {"sent": 1, "closed": 0, "refused": 0} == done
    house.run()
    reconcile(house)
    assert (JobState.COMPLETE, 2, 2) == (
        jobs_of(house)["labels"].state, jobs_of(house)["labels"].attempt, len(house.job_client.jobs)
    )  # fmt: skip
    assert not letters(house)


def test_adding_a_video_whose_job_failed_quotes_it_anew_and_starts_it_once_more(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.job_client.fail("aws-1", "internal")
    reconcile(house)
    assert [(100_000, True)] == [(each.micro_usd, each.is_new) for each in agree(house, clip).jobs]
    house.run()
    reconcile(house)
    assert JobState.COMPLETE is jobs_of(house)["labels"].state
    assert not letters(house)


def test_a_token_that_stands_for_another_request_is_a_clear_dead_letter(clip):
    house = house_of()
    agree(house, clip)
    house.job_client.before = [JobTokenMismatch(URI)]
    house.run()
    assert "must stand for one request" in letters(house)["JobTokenMismatch"].rule
    assert (JobState.REJECTED, {}) == (jobs_of(house)["labels"].state, house.video_jobs.places())


# --- the limit


def many(house, clip, count):
    for number in range(count):
        agree(house, clip, f"s3://frames/yard/{number:02}.mp4")
    house.run()


def test_no_more_jobs_are_started_than_have_a_place_and_the_others_follow(clip):
    house = house_of(at_once=2)
    many(house, clip, 5)
    assert (2, 2) == (len(house.job_client.jobs), len(house.video_jobs.places()))
    for started in (4, 5, 5):
        reconcile(house)
        assert started == len(house.job_client.jobs)
    assert {JobState.COMPLETE} == {job.state for job in house.video_jobs.all()}
    assert not house.video_jobs.places()


def test_where_others_use_the_account_too_a_job_waits_and_no_attempt_is_counted(clip):
    house = house_of()
    house.job_client.most = 1
    many(house, clip, 3)
    waiting = [job for job in house.video_jobs.all() if job.state is JobState.WAITING]
    assert [(1, None, False)] * 2 == [(job.attempt, job.begun_at, job.is_paid_for) for job in waiting]
    assert 1 == len(house.video_jobs.places())
    for _ in range(6):
        reconcile(house)
    assert {JobState.COMPLETE} == {job.state for job in house.video_jobs.all()}
    assert 3 == len(house.job_client.jobs)
    assert not letters(house)


def test_the_place_of_a_job_that_ended_is_given_back_though_its_process_died(clip):
    house = house_of(at_once=1)
    agree(house, clip)
    house.run()
    reconcile(house)
    ended = jobs_of(house)["labels"].job_id
    house.video_jobs.take_place(ended, 1)
    reconcile(house, timedelta(minutes=11))
    assert not house.video_jobs.places()


# --- messages


def test_jobs_nobody_tells_of_are_looked_at_after_2_4_8_minutes(clip):
    house = house_of()
    house.job_client.lasts = timedelta(hours=3)
    agree(house, clip)
    house.run()
    looked_after = []
    for minute in range(1, 70):
        house.clock.move(timedelta(minutes=1))
        if reconcile_jobs(house.services.job_runner, lambda: True, house.send)["jobs_looked_at"]:
            looked_after.append(minute)
        house.run()
    assert [2, 7, 16, 33, 66] == looked_after  # the reconciler comes once a minute


def test_steps_that_come_twice_late_or_for_no_job_change_nothing(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    job_id = jobs_of(house)["labels"].job_id
    again = [start_job_step(job_id, Lane.LIVE), collect_job_step(job_id, Lane.LIVE)]
    house.send(again * 2)
    house.run()
    reconcile(house)
    done = jobs_of(house)["labels"]
    house.send(again * 2)
    house.run()
    assert (done, 1) == (jobs_of(house)["labels"], len(house.job_client.jobs))
    with pytest.raises(BadMessage, match="a job must be added"):
        house.do(collect_job_step("nobody", Lane.LIVE))


def test_a_row_of_a_newer_version_is_left_to_it(clip):
    house = house_of()
    agree(house, clip)
    job = jobs_of(house)["labels"]
    house.video_jobs.save(job, replace(job, state=JobState.read("newer")))
    with pytest.raises(NewerVersion):
        house.do(start_job_step(job.job_id, Lane.LIVE))


# --- the bytes


def test_a_video_that_was_overwritten_since_its_price_was_agreed_to_is_not_analysed(clip):
    house = house_of()
    agree(house, clip)
    house.put(URI, clip + b"\0")
    house.run()
    assert "others now" in letters(house)["VideoOverwritten"].rule
    assert not house.job_client.jobs


def test_a_video_that_is_overwritten_while_its_job_runs_has_no_results(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.put(URI, clip + b"\0")
    reconcile(house)
    assert JobState.REJECTED is jobs_of(house)["labels"].state
    assert (URI, "labels") not in house.graph.shown_videos


def test_a_video_that_is_deleted_meanwhile_keeps_its_results(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    house.buckets.delete(ObjectUri.parse(URI))
    reconcile(house)
    assert JobState.COMPLETE is jobs_of(house)["labels"].state


def test_a_video_that_rekognition_does_not_see_is_a_dead_letter(clip):
    house = house_of()
    house.job_client.missing = {ObjectUri.parse(URI).key}
    agree(house, clip)
    house.run()
    assert URI == letters(house)["ImageMissing"].image_id
    assert not house.video_jobs.places()


def test_results_that_aws_no_longer_has_are_told(clip):
    house = house_of()
    agree(house, clip)
    house.run()
    reconcile(house, timedelta(days=8))
    assert "seven days" in letters(house)["ResultsGone"].rule


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
