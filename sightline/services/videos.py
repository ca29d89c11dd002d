"""What is done about videos besides taking their frames: quotes, what is sent again, and what fails without end."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sightline.errors import Exhausted, ImageMissing, RejectedError, SightlineError
from sightline.models.answers import Json
from sightline.models.images import ImageRow, Rejection
from sightline.models.videos import VideoRow, VideoState
from sightline.queues.publishing import Publish, publish_again
from sightline.queues.steps import TAKE, take_step
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.dead_letters import close_replaced, write_dead_letter
from sightline.services.failures import is_its_own
from sightline.services.frame_names import frame_uri, take_id
from sightline.services.frame_taking import sha256_of
from sightline.services.ingest import asked_of
from sightline.services.reconcile import MAX_ROUNDS
from sightline.services.video_job_plan import JobQuote, quote_jobs, why_no_jobs
from sightline.services.video_jobs import reconcile_jobs
from sightline.services.video_plan import nameless_file
from sightline.storage.buckets.protocol import ObjectHead, ObjectUri
from sightline.storage.dead_letters import dead_letter_id_of
from sightline.timing import CHECK_AFTER
from sightline.video.choosing import Taking, choose
from sightline.video_errors import (
    NotAVideo,
    NotForJobs,
    TooManyFrames,
    TruncatedVideo,
    UnreadableVideo,
    VideoTooLarge,
    VideoTooLong,
)

RECONCILE = "reconcile_videos"

LONGEST_PAUSE = timedelta(hours=1)

REFUSALS = (
    ImageMissing,
    NotAVideo,
    NotForJobs,
    UnreadableVideo,
    TruncatedVideo,
    VideoTooLarge,
    VideoTooLong,
    TooManyFrames,
)
"""Why a video may be refused before it is added; no row keeps it then."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What taking a video costs at the most: frames that show what another one showed cost nothing.

    frames: that are then taken of it
    new: those of them that are not taken yet, or are asked something else by now; the price is for these
    jobs: on the video itself, and their prices; no_jobs: why there are none although the settings ask for some
    """

    video_id: str
    frames: int
    new: int
    micro_usd: int
    jobs: tuple[JobQuote, ...] = ()
    no_jobs: str = ""

    @property
    def is_new(self) -> bool:
        """Return whether anything is left to pay for."""
        return self.new > 0 or any(each.is_new for each in self.jobs)

    @property
    def whole_micro_usd(self) -> int:
        """Return the price of frames and jobs."""
        return self.micro_usd + sum(each.micro_usd for each in self.jobs)


def quote(video_id: str, services: Services) -> Quote:
    """Download and decode a video, pay nothing, and say what it would cost; raise what is wrong with it."""
    plan = services.video_plan
    with nameless_file() as (file, path):
        head = services.buckets.read_into(ObjectUri.parse(video_id), file, plan.most_bytes)
        file.flush()
        known = _known_offsets(video_id, sha256_of(file), services)
        offsets: set[int] = set()
        with plan.opened(path, video_id) as (seconds, frames):
            for frame in choose(frames, plan.choice):
                offsets.add(frame.offset_ms)
                _require_few(video_id, len(offsets), plan.most_frames)
        no_jobs = why_no_jobs(path, plan.codec_of(path), head, seconds) if services.job_plan.kinds else ""
    if no_jobs and plan.choice.taking is Taking.NONE:
        raise NotForJobs(video_id, rule=no_jobs)
    jobs = () if no_jobs else _quote_jobs(head, seconds, services)
    new = len(offsets - known)
    return Quote(video_id, len(offsets | known), new, new * price_of_image(services), jobs, no_jobs)


def _quote_jobs(head: ObjectHead, seconds: float, services: Services) -> tuple[JobQuote, ...]:
    plan, length_ms = services.job_plan, round(seconds * 1000)
    return tuple(quote_jobs(head, length_ms, plan, services.plan.generation, services.prices, services.video_jobs))


def _known_offsets(video_id: str, content_sha256: str, services: Services) -> set[int]:
    """Return the frames of these bytes that are taken already, and are asked nothing else by now."""
    row = services.videos.get(video_id)
    if row is None or row.take is None or row.take.take_id != take_id(video_id, content_sha256):
        return set()
    uris = {offset: str(frame_uri(services.checkpoint_bucket, row.take, offset)) for offset in row.take.offsets_ms}
    rows = services.images.get_many(uris.values())
    return {offset for offset, uri in uris.items() if uri in rows and _asks_nothing_new(rows[uri], services)}


def _asks_nothing_new(row: ImageRow, services: Services) -> bool:
    if row.content is None or row.capture is None:
        return False
    return row.wanted == asked_of(row, row.content, row.capture, services.plan)


def _require_few(video_id: str, count: int, most: int) -> None:
    if count > most:
        rule = f"at most SIGHTLINE_VIDEO_MOST_FRAMES are taken of a video, which is {most:,}; more would be taken of it"
        remedy = "Take frames further apart (SIGHTLINE_VIDEO_SECONDS), cut the video, or raise that setting"
        raise TooManyFrames(video_id, rule=rule, remedy=remedy)


def price_of_image(services: Services) -> int:
    """Return what an image costs by the settings, in millionths of a US dollar."""
    features = services.plan.features
    return sum(services.prices.of_call(feature_named(name), asked) for name, asked in features.items())


def agreed_to(row: VideoRow) -> int:
    """Return how many more frames may be taken of a video."""
    return max(0, row.most_frames - len(row.take.offsets_ms if row.take else ()))


def keep_refusal(error: SightlineError, video_id: str, services: Services) -> None:
    """Keep a video that was refused before it was added."""
    write_dead_letter(
        error,
        step=TAKE,
        message={"uri": video_id},
        image_id=video_id,
        operations=services.operations,
        clock=services.clock,
    )


def close_refusals(video_id: str, services: Services) -> None:
    """Close the dead letters of a video that was refused before and is good now."""
    for kind in REFUSALS:
        services.operations.dead_letters.close(dead_letter_id_of(kind.__name__, video_id))


def reconcile_videos(
    services: Services, goes_on: Callable[[], bool], send: Publish = publish_again
) -> Mapping[str, Json]:
    """Send again the steps of videos whose message must be lost; each is then left alone for twice as long."""
    done = Counter(sent=0)
    now = services.clock()
    for row in services.videos.due(now):
        if not goes_on():
            break
        if not (row.state.is_known and row.lane.is_known):  # a newer version wrote it, and sends what is missing
            continue
        send([take_step(row.video_id, row.lane)])
        pause = now - row.sent_at if row.sent_at else CHECK_AFTER
        later = now + min(max(2 * pause, CHECK_AFTER), LONGEST_PAUSE)
        services.videos.save(row, replace(row, sent_at=now, next_check_at=later))
        done["sent"] += 1
    return {**done, **reconcile_jobs(services.job_runner, goes_on, send)}


def keep_failure(error: BaseException, video_id: str, services: Services) -> None:
    """Count a failure for the video's own reason; end one that was refused for good, or failed too often."""
    row = services.videos.get(video_id)
    if row is None or row.state is not VideoState.RECEIVED or not is_its_own(error):
        return
    if isinstance(error, RejectedError):
        _end(row, error, services)
    elif row.rounds + 1 < MAX_ROUNDS:
        services.videos.save(row, replace(row, rounds=row.rounds + 1))
    else:
        said = str(error) if isinstance(error, SightlineError) else repr(error)
        last = Exhausted(video_id, rule=f"{Exhausted.rule}; the last one: {said}")
        keep_refusal(last, video_id, services)
        _end(row, last, services)


def _end(row: VideoRow, error: RejectedError, services: Services) -> None:
    why = Rejection(type(error).__name__, str(error))
    ended = replace(row, state=VideoState.REJECTED, rejection=why, next_check_at=None, sent_at=None)
    if services.videos.save(row, ended):
        close_replaced(row.video_id, row.rejection, why, services.operations)
