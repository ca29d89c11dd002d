"""What `sightline show` prints of a video."""

from typing import Any

from sightline.cli.output import print_json, print_table
from sightline.cli.video_job_facts import job_facts, print_jobs
from sightline.models.videos import Take, VideoRow
from sightline.services.collaborators import Services
from sightline.services.frame_names import frame_uri


def show_video(row: VideoRow, services: Services, *, as_json: bool) -> None:
    """Print a video's row, its frames with the states of their images, and its jobs."""
    facts, frames, jobs = video_facts(row), frame_facts(row, services), job_facts(row, services)
    if as_json:
        print_json(facts | {"frames": frames, "jobs": jobs})
        return
    shown = {**facts, "state": row.state.shown, "lane": row.lane.shown}
    lines = [(name.replace("_", " "), value) for name, value in shown.items() if value is not None]
    print_table(row.video_id, ("fact", "value"), lines)
    print_table("frames", ("offset s", "taken at", "state", "image"), [_line(each) for each in frames])
    if jobs:
        print_jobs(jobs)


def video_facts(row: VideoRow) -> dict[str, Any]:
    """Return what the row says, as JSON."""
    take = row.take
    return {
        "video_id": row.video_id,
        "state": row.state,
        "lane": row.lane,
        "camera": take.camera if take else None,
        "starts_at": take.starts_at if take else None,
        "start_source": take.source if take else None,
        "etag": take.etag if take else None,
        "frames_taken": len(take.offsets_ms) if take else 0,
        "most_frames": row.most_frames,
        "frames_being_removed": sum(1 for _ in row.replaced_frames()) or None,
        "received_at": row.received_at,
        "rejection": row.rejection.message if row.rejection else None,
    }


def frame_facts(row: VideoRow, services: Services) -> list[dict[str, Any]]:
    """Return each frame that is taken of the video's bytes: its offset, its time and its image."""
    if row.take is None:
        return []
    uris = {offset: str(frame_uri(services.checkpoint_bucket, row.take, offset)) for offset in row.take.offsets_ms}
    rows = services.images.get_many(uris.values())
    return [_frame(row.take, offset, uri, rows[uri].state if uri in rows else None) for offset, uri in uris.items()]


def _frame(take: Take, offset_ms: int, uri: str, state: Any) -> dict[str, Any]:
    return {"offset_ms": offset_ms, "taken_at": take.taken_at(offset_ms), "state": state, "image_id": uri}


def _line(frame: dict[str, Any]) -> tuple[Any, ...]:
    state = frame["state"]
    return f"{frame['offset_ms'] / 1000:.3f}", frame["taken_at"], state.shown if state else "unknown", frame["image_id"]
