"""Folders that hold more than images: clips, indexes and text are counted, and neither priced nor rejected."""

from datetime import timedelta

import pytest

from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.services.backfill import Progress, backfill, kept_progress, survey
from sightline.services.other_files import DEFAULT_SKIPPED_SUFFIXES, as_suffixes, skipped_suffix
from sightline.services.status import skipped_section
from sightline.services.sweep import SKIPPED, sweep
from sightline.storage.buckets.protocol import Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture

IMAGES = 80
PLACE = Prefix(BUCKET, "yard/")
CLIP = f"s3://{BUCKET}/yard/2044-05-17/11.00.00.mp4"


@pytest.fixture
def world():
    return FakeSightline()


@pytest.fixture
def folder(world):
    """Upload what a camera keeps in a folder: each image with a clip and its index. Return all URIs."""
    uris = []
    for number in range(IMAGES):
        stem = f"s3://{BUCKET}/yard/2044-05-17/11.{number // 60:02}.{number % 60:02}"
        for suffix, data in ((".jpg", picture(number)), (".mp4", b"clip"), (".idx", b"index")):
            world.put(stem + suffix, data)
            uris.append(stem + suffix)
    return uris


def images_of(uris):
    return sorted(uri for uri in uris if uri.endswith(".jpg"))


def letters(world):
    return [(each.error, each.image_id) for each in world.operations.dead_letters.read()]


def stopped(world):
    return list(world.operations.pauses.stops())


def states(world, uris):
    return {row.state for row in world.images.get_many(uris).values()}


def test_a_dry_run_prices_the_images_alone(world, folder):
    *_, said = survey(PLACE, world.services)
    assert (240, 80, 160) == (said.listed, said.sent, said.skipped)
    assert dict.fromkeys(world.features, 80) == said.pays_for
    assert len(folder) == said.listed


def test_a_backfill_sends_the_images_alone_and_nothing_stops(world, folder):
    *_, said = backfill(PLACE, world.services, world.send)
    world.run()
    assert (80, 160) == (said.sent, said.skipped)
    assert images_of(folder) == sorted(row.image_id for row in world.images.scan())
    assert ({State.COMPLETE}, [], []) == (states(world, folder), letters(world), stopped(world))


def test_a_position_that_an_older_version_kept_is_read(world):
    older = {"after": "yard/a", "listed": 3, "sent": 2, "listed_bytes": 9, "cost_micro_usd": 4, "pays_for": {"text": 2}}
    world.operations.checkpoints.keep(f"backfill of {PLACE}", older, timedelta(days=1))
    assert Progress("yard/a", 3, 2, 9, 4, {"text": 2}) == kept_progress(PLACE, world.services)


def test_a_sweep_sends_the_images_alone_and_counts_the_rest(world, folder):
    outcome = sweep(world.services, lambda: True, world.send)
    world.run()
    assert images_of(folder) == sorted(row.image_id for row in world.images.scan())
    assert (2 * 160, []) == (outcome[SKIPPED], letters(world))  # today's folder, and all objects


def test_events_of_other_files_make_no_row_and_no_letter_and_are_counted(world, folder):
    world.send(ingest_step(uri, Lane.LIVE) for uri in folder)
    world.run()
    assert images_of(folder) == sorted(row.image_id for row in world.images.scan())
    assert ({State.COMPLETE}, [], []) == (states(world, folder), letters(world), stopped(world))
    world.services.calls.flush()
    assert {".idx": 80, ".mp4": 80} == skipped_section(world.operations, world.clock())


def test_skipped_messages_are_no_calls(world, folder):
    world.send(ingest_step(uri, Lane.LIVE) for uri in folder if uri not in images_of(folder))
    world.run()
    world.services.calls.flush()
    assert {} == world.operations.usage.calls("0000", "9999")


def test_what_is_added_by_name_is_looked_at_whatever_its_name_says(world):
    world.put(CLIP, picture())
    world.put(f"{CLIP}.txt", b"a note")
    world.add(CLIP, f"{CLIP}.txt")
    world.run()
    assert State.COMPLETE is world.images.get(CLIP).state
    assert [("NotAnImage", f"{CLIP}.txt")] == letters(world)


def test_an_image_with_an_odd_name_that_was_added_is_found_when_it_is_overwritten(world):
    world.put(CLIP, picture(1))
    world.add(CLIP)
    world.run()
    world.put(CLIP, picture(2))
    assert 1 == [*backfill(PLACE, world.services, world.send)][-1].sent


def test_a_rejected_object_is_not_found_again_once_its_suffix_is_skipped(world):
    world.put(CLIP, b"clip")
    world.add(CLIP)
    world.run()
    world.clock.move(timedelta(hours=1))
    world.put(CLIP, b"another clip")
    *_, said = survey(PLACE, world.services)
    assert (0, 1) == (said.sent, said.skipped)


@pytest.mark.parametrize(
    ("key", "suffix"),
    [
        ("yard/a.MP4", ".mp4"),
        ("yard/a.jpg.idx", ".idx"),
        ("yard/a.txt/b.jpg", None),
        ("yard/a.jpg", None),
        ("yard/mp4", None),
        ("a", None),
    ],
)
def test_a_suffix_is_the_end_of_the_name_in_any_case(key, suffix):
    assert suffix == skipped_suffix(key, DEFAULT_SKIPPED_SUFFIXES)


def test_suffixes_are_read_with_and_without_their_dot():
    assert (".mp4", ".tar.gz") == as_suffixes(["MP4", ".mp4", "tar.gz"])


def test_no_picture_is_skipped_by_default():
    pictures = ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "avif", "mpo", "snap")
    assert not {f".{each}" for each in pictures} & set(DEFAULT_SKIPPED_SUFFIXES)
