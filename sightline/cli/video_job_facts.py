"""What `sightline show` prints of the jobs on a video."""

from collections.abc import Sequence
from typing import Any

from sightline.cli.output import print_table
from sightline.models.video_jobs import VideoJob, summed
from sightline.models.videos import VideoRow
from sightline.services.collaborators import Services

MOST_SHOWN = 20
"""Names of what one job found."""


def job_facts(row: VideoRow, services: Services) -> list[dict[str, Any]]:
    """Return the newest job of each kind, as JSON."""
    found = (services.video_jobs.get(job_id) for _, job_id in sorted(row.jobs.items()))
    return [_facts(job) for job in found if job]


def _facts(job: VideoJob) -> dict[str, Any]:
    results = job.results
    return {
        "kind": job.asked.kind,
        "state": job.state,
        "job_id": job.job_id,
        "aws_job_id": job.aws_job_id or None,
        "attempt": job.attempt,
        "minutes": job.minutes,
        "started_at": job.started_at,
        "rejection": job.rejection.message if job.rejection else None,
        "entries": results.entries if results else None,
        "results": results.uri if results else None,
        "model_version": results.model_version if results else None,
        "stretches": results.span_count if results else None,
        "found": [
            {
                "name": each.name,
                "times": each.times,
                "seconds": each.seconds,
                "confidence": each.confidence,
                "first_ms": each.first_ms,
            }
            for each in summed(results.spans if results else ())
        ],
    }


def print_jobs(jobs: Sequence[dict[str, Any]]) -> None:
    """Print a table of the jobs, and one of what each has found."""
    columns = ("job", "state", "minutes", "attempt", "started at", "results, or why there are none")
    print_table("jobs", columns, [_line(each) for each in jobs])
    for job in jobs:
        if job["entries"] is not None:
            title = f"found by the job {job['kind']}"
            lines = [_found(each) for each in job["found"][:MOST_SHOWN]]
            empty = f"{job['stretches']:,} stretches: see the results" if job["stretches"] else "nothing found"
            print_table(title, ("name", "times", "seconds", "confidence", "first at s"), lines, empty=empty)


def _line(job: dict[str, Any]) -> tuple[Any, ...]:
    said = job["rejection"] or job["results"] or ""
    return job["kind"], job["state"].shown, job["minutes"], job["attempt"], job["started_at"] or "", said


def _found(found: dict[str, Any]) -> tuple[Any, ...]:
    first = f"{found['first_ms'] / 1000:.1f}"
    return found["name"], found["times"], f"{found['seconds']:.1f}", f"{found['confidence']:.0f} %", first
