"""The console's benchmark: what counts as missed, what is counted across processes, and rows that end at now."""

import hashlib
from datetime import UTC, datetime

import pytest

from bench.web import Found
from bench.web_pages import Most
from bench.web_rows import COMMENT, Pictures, rows
from bench.web_server import Counts

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "sent", "missed"),
    [
        ([100.0] * 20, Most(4.2, 1), ""),
        ([100.0] * 19 + [900.0], Most(4.0, 1), ""),
        ([100.0] * 18 + [900.0] * 2, Most(4.0, 1), "time"),
        ([100.0], Most(4.6, 1), "dynamodb"),
        ([101.0], Most(9.0, 2, 1), "time, dynamodb, neo4j, s3"),
    ],
)
def test_a_goal_is_missed_by_the_95th_percentile_or_by_requests_beyond_those_of_the_session(times, sent, missed):
    assert missed == Found("a page", times, 100.0, 10.0, 20.0, sent, Most(4, 1), 0.5).missed


def test_requests_that_one_process_counts_another_reads(tmp_path):
    counting, reading = Counts(tmp_path / "counts"), Counts(tmp_path / "counts")
    for service in ("s3", "dynamodb", "s3"):
        counting.add(service)
    assert {"dynamodb": 1, "neo4j": 0, "s3": 2} == reading.read()


def test_rows_end_now_and_name_the_bytes_of_their_pictures():
    pictures = Pictures()
    made = list(rows(30, NOW, pictures.of))
    positions = [str(row.feed_position) for row in made]
    assert sorted(positions) == positions
    for number, row in enumerate(made):
        assert row.capture is not None
        assert row.content is not None
        assert row.capture.taken_at < NOW
        assert hashlib.sha256(pictures.of(number)).hexdigest() == row.content.sha256
        assert row.image_id.endswith(f"{number:07}.jpg")
    assert pictures.of(1)[:4] == b"\xff\xd8" + COMMENT
    assert pictures.of(1) != pictures.of(2)
