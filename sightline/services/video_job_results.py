"""The results of a job: every entry that AWS lists goes into one object, and the row keeps what it sums up to.

The object is JSON Lines, compressed: first a line that names the job, then an entry a line, as AWS sent it.
"""

import gzip
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sightline.errors import UnreadableAnswer
from sightline.models.answers import Json
from sightline.models.video_jobs import Results, Span, VideoJob, joined
from sightline.rekognition.video_client import VideoJobClient
from sightline.rekognition.video_job import JobKind
from sightline.services.other_files import OWN_FOLDER
from sightline.storage.buckets.protocol import Buckets, ObjectUri

FOLDER = f"{OWN_FOLDER}video-jobs/"

MOST_IN_ROW = 1000
"""Spans that a row keeps: DynamoDB takes 400 KB, and a span has about 120 bytes."""

MOST_ROW_CHARACTERS = 100_000
"""Of their names together: a line of text may be long."""


@dataclass(slots=True)
class _Reading:
    spans: list[Span] = field(default_factory=list)
    entries: int = 0
    model_version: str = ""


def read_results(job: VideoJob, kind: JobKind, client: VideoJobClient, buckets: Buckets, bucket: str) -> Results:
    """Read all pages of a job that is done, keep them in one object, and return what the row keeps."""
    reading, packed = _Reading(), io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as lines:
        lines.write(_line({"job": job.aws_job_id, "video": job.asked.video_id, "operation": kind.get}))
        for page in client.pages(kind, job.aws_job_id):
            reading.model_version = page.model_version or reading.model_version
            reading.entries += len(page.entries)
            reading.spans = [*joined([*reading.spans, *_spans(page.entries, kind, job.aws_job_id)])]
            lines.writelines(map(_line, page.entries))
    uri = ObjectUri(bucket, f"{FOLDER}{job.job_id}-{job.attempt}.jsonl.gz")
    buckets.put(uri, packed.getvalue())
    return _kept(str(uri), reading)


def _kept(uri: str, reading: _Reading) -> Results:
    spans = tuple(reading.spans)
    is_small = len(spans) <= MOST_IN_ROW and sum(len(each.name) for each in spans) <= MOST_ROW_CHARACTERS
    return Results(uri, reading.entries, reading.model_version, len(spans), spans if is_small else ())


def spans_of(results: Results, kind: JobKind, buckets: Buckets) -> tuple[Span, ...]:
    """Return all spans: from the row, or from the object if they are too many for it."""
    if len(results.spans) == results.span_count:
        return results.spans
    file = io.BytesIO()
    buckets.read_into(ObjectUri.parse(results.uri), file, most_bytes=2**31)
    with gzip.open(io.BytesIO(file.getvalue())) as lines:
        next(lines)
        return joined(_spans((json.loads(line) for line in lines), kind, results.uri))


def _spans(entries: Iterable[Json], kind: JobKind, subject: str) -> Iterator[Span]:
    for entry in entries:
        try:
            span = kind.span(entry)
        except (KeyError, TypeError, ValueError) as error:
            rule = f"an entry of {kind.get} must have AWS's format, but {error!r} came up"
            raise UnreadableAnswer(subject, rule=rule) from error
        if span:
            yield span


def _line(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"
