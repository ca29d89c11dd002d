"""Cases of uploads: files that are empty first, folders with clips, lists of keys as Windows writes them."""

import io
from collections.abc import Mapping

from bench.cases_outcome import Case, Seen
from sightline.cli.key_lists import KeyList
from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.services.backfill import backfill, survey
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import Prefix
from sightline.testing.fake import BUCKET, FakeSightline, picture

FILES = 240
AT_ONCE = 3
SNAPSHOTS = 80

LISTED = tuple(f"s3://{BUCKET}/lists/{number}.jpg" for number in range(3))
PLAIN = "".join(f"{uri}\n" for uri in LISTED)
LISTS: Mapping[str, bytes] = {
    "a byte-order mark and CRLF": b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "blanks at the ends": PLAIN.replace("\n", "  \n").encode(),
    "quotes": "".join(f'"{uri}"\r\n' for uri in LISTED).encode() + b"\r\n   ",
    "a Ctrl-Z at the end": PLAIN.rstrip("\n").encode() + b"\x1a",
}
KEYS_ALONE = PLAIN.replace(f"s3://{BUCKET}/", "").encode()


def cases() -> list[Case]:
    """Return the cases of this group."""
    return [
        Case(
            "empty, then whole",
            f"{FILES} files in threes, each announced twice, another camera between",
            "nothing stops, no dead letter, all complete",
            _empty_then_whole,
        ),
        Case(
            "clips beside snapshots",
            f"a backfill of {SNAPSHOTS} snapshots with a clip and an index each",
            f"{SNAPSHOTS} are priced and sent",
            _clips,
        ),
        Case("key lists of Windows", f"{len(LISTS)} spellings of a list", "each gives its keys", _lists),
        Case("keys without a bucket", "a list of bare keys", "each is refused by name", _keys_alone),
    ]


def _announce(world: FakeSightline, uri: str, data: bytes) -> None:
    """Upload an object; then its message comes, as S3's events do."""
    world.put(uri, data)
    world.send([ingest_step(uri, Lane.LIVE)])
    world.run_now()


def _empty_then_whole() -> Seen:
    world = FakeSightline(features=("labels",))
    uris = [f"s3://{BUCKET}/ftp/{number:03}.jpg" for number in range(FILES)]
    others = [f"s3://{BUCKET}/gate/{number:03}.jpg" for number in range(0, FILES, AT_ONCE)]
    for first, other in zip(range(0, FILES, AT_ONCE), others, strict=True):
        for uri in uris[first : first + AT_ONCE]:
            _announce(world, uri, b"")
        for number, uri in enumerate(uris[first : first + AT_ONCE], first):
            _announce(world, uri, picture(number))
        _announce(world, other, picture(FILES + first))
    world.run()
    return _seen(world, uris + others)


def _seen(world: FakeSightline, uris: list[str]) -> Seen:
    complete = sum(row.state is State.COMPLETE for row in world.images.get_many(uris).values())
    stops = len(list(world.operations.pauses.stops()))
    letters = len(list(world.operations.dead_letters.read()))
    words = f"{complete} of {len(uris)} complete, {stops} stopped, {letters} dead letters"
    return Seen(words, (complete, stops, letters) == (len(uris), 0, 0))


def _clips() -> Seen:
    world = FakeSightline(features=("labels",))
    for number in range(SNAPSHOTS):
        stem = f"s3://{BUCKET}/mix/2044-05-17/10.{number // 60:02}.{number % 60:02}"
        for suffix, data in ((".jpg", picture(number)), (".mp4", b"clip"), (".idx", b"index")):
            world.put(stem + suffix, data)
    place = Prefix(BUCKET, "mix/")
    *_, priced = survey(place, world.services)
    *_, sent = backfill(place, world.services, world.send)
    world.run()
    seen = _seen(world, [row.image_id for row in world.images.scan()])
    words = f"{priced.pays_for['labels']} priced, {sent.sent} sent, {sent.skipped} skipped, {seen.words}"
    is_right = (priced.pays_for["labels"], sent.sent, sent.skipped) == (SNAPSHOTS, SNAPSHOTS, 2 * SNAPSHOTS)
    return Seen(words, is_right and seen.is_right)


def _lists() -> Seen:
    wrong = [name for name, data in LISTS.items() if tuple(KeyList(io.BytesIO(data))) != LISTED]
    return Seen(f"not read: {', '.join(wrong)}" if wrong else f"{len(LISTS)} read", not wrong)


def _keys_alone() -> Seen:
    world = FakeSightline()
    added = add_images(KeyList(io.BytesIO(KEYS_ALONE)), Lane.LIVE, world.services, world.send)
    words = f"{len(added.refused)} refused: {added.refused[0]}" if added.refused else f"{added.new} added"
    return Seen(words, [error.subject for error in added.refused] == KEYS_ALONE.decode().split())
