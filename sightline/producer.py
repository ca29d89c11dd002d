"""The entry point for producers: `from sightline import add_images`."""

from collections.abc import Iterable
from functools import cache

from celery import Celery

from sightline.bootstrap import connect_producer
from sightline.config import read_producer_settings
from sightline.models.images import Lane
from sightline.queues.client import make_client
from sightline.services import ingest
from sightline.services.ingest import Added, Producer


def add_images(image_ids: Iterable[str], lane: str = "live", *, most_frames: int = 0) -> Added:
    """Add images by URI, `s3://bucket/key`, and queue them for analysis.

    The row is written before the message is sent, so a lost message is not a lost image. Adding an image twice costs
    nothing extra. The settings of Redis and DynamoDB come from `SIGHTLINE_…` in the environment or from `.env`.

    lane: `live` for new images; `backfill` for old ones, which are analysed at lower priority than live ones.
    most_frames: agree to pay for at most so many frames of each video (.mp4, .mov, .mkv, .avi …). 0: none is looked at,
    and a video is refused as any other object that is no picture.
    Returns how many images were new or already known, and an error for each URI that was refused.
    Raises InvalidSettings, AccessDenied, MissingTable, or Unavailable if DynamoDB or Redis does not answer.
    """
    producer, client = _connected()
    client.set_current()
    return ingest.add_images(image_ids, Lane(lane), producer, most_frames=most_frames)


@cache
def _connected() -> tuple[Producer, Celery]:
    """Connect once in each process, when the first image is added."""
    settings = read_producer_settings()
    url = settings.redis_url.get_secret_value()
    return connect_producer(settings), make_client(url, settings.key_prefix, settings.redis_ca_file)
