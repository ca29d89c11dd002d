"""A job on a video: quoted, started under its token, found out about, collected."""

import gzip
import json
from datetime import timedelta

import pytest

from sightline.errors import ConfigurationError, OutcomeUnknown
from sightline.models.images import Lane
from sightline.models.video_jobs import JobState
from sightline.queues.steps import collect_job_step
from sightline.services.video_jobs import TOKEN_TRUSTED_FOR, reconcile_jobs
from sightline.services.videos import price_of_image, quote
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline
from sightline.video_errors import JobTokenMismatch
from tests.clips import clip_bytes
from tests.unit.services.video_jobs.stories import LABELS, URI, agree, house_of, jobs_of, letters, reconcile


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
    (done,) = house.redrive([letter])
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
