"""Videos through real servers and a real worker that is killed while it takes their frames."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.bootstrap import utc_now
from sightline.models.images import State
from sightline.models.videos import VideoState
from sightline.services.frame_names import frame_uri
from sightline.services.videos import reconcile_videos
from tests.acceptance.spine import FEATURES, STEPS
from tests.clips import clip_bytes

pytestmark = pytest.mark.acceptance

SETTINGS = {"SIGHTLINE_KEY_PREFIX": "videos:", "SIGHTLINE_VIDEO_SECONDS": "0.1"}
SECONDS, A_SECOND = 20, 10


def due_now(spine, uri):
    """Let the time pass after which a video is looked at again."""
    row = spine.services.videos.get(uri)
    assert spine.services.videos.save(row, replace(row, next_check_at=utc_now() - timedelta(seconds=1)))


def test_a_video_whose_worker_is_killed_has_each_frame_once_and_pays_once(spine, tmp_path):
    clip = clip_bytes(tmp_path, SECONDS, "avi", "MJPG")
    uri = spine.put("clips/MDAlarm_20261102-110000.avi", clip)
    refused = spine.command("add", uri, **SETTINGS)
    assert (1, None) == (refused.exit_code, spine.services.videos.get(uri))
    added = spine.command("add", uri, "--yes", "--json", **SETTINGS)
    assert SECONDS * A_SECOND == json.loads(added.stdout)["videos"][0]["frames"]

    with spine.worker("videos", ["frames"], **SETTINGS) as worker:
        spine.until(lambda: (row := spine.services.videos.get(uri)).take and row.take.offsets_ms)
        worker.kill()
    killed = spine.services.videos.get(uri)
    assert VideoState.RECEIVED == killed.state
    assert 0 < len(killed.take.offsets_ms) < SECONDS * A_SECOND

    with spine.worker("videos", [*STEPS, "frames"], **SETTINGS), spine.app_with("videos:") as app:
        app.set_current()
        due_now(spine, uri)
        assert {"sent": 1, "jobs_looked_at": 0} == reconcile_videos(spine.services, lambda: True)
        spine.until(lambda: spine.services.videos.get(uri).state == VideoState.TAKEN)
        take = spine.services.videos.get(uri).take
        assert [*range(0, SECONDS * 1000, 1000 // A_SECOND)] == [*take.offsets_ms]
        uris = [str(frame_uri(spine.settings.checkpoint_bucket, take, each)) for each in take.offsets_ms]
        rows = spine.wait(uris)

    assert {State.COMPLETE} == {row.state for row in rows.values()}
    contents = {row.content.sha256 for row in rows.values()}
    assert len(FEATURES) * len(contents) == len(spine.calls("sightline/frames/"))
    shown = spine.cypher(
        "MATCH (:Camera {camera_name: 'clips'})-[:HAS_VIDEO]->(:Video {video_id: $uri})-[f:HAS_FRAME]->(i:Image)"
        " RETURN f.offset_ms, i.timestamp ORDER BY f.offset_ms",
        uri=uri,
    )
    began = int(take.starts_at.timestamp())
    assert [(each, began + each // 1000) for each in take.offsets_ms] == shown
    assert "taken" in spine.command("show", uri, **SETTINGS).stdout


def test_a_bad_video_is_a_dead_letter_and_ends(spine, tmp_path):
    uri = spine.put("clips/cut.mp4", clip_bytes(tmp_path)[:-2000])
    told = spine.command("add", uri, "--yes", **SETTINGS)
    assert 1 == told.exit_code
    assert "its index is missing, as in a file that was cut off" in told.stderr
    letter = spine.dead_letters()[uri]
    assert ("UnreadableVideo", "take_frames") == (letter.error, letter.step)
