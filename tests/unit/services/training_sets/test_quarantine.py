"""Moves into quarantine and back, which may be cut off at any request."""

import hashlib
from contextlib import suppress
from dataclasses import replace

import pytest

from sightline.errors import InvalidUri
from sightline.services.training_sets.quarantine import BadQuarantine, Move, Moved, Place, Quarantine, ReadOnly
from sightline.storage.buckets.protocol import ObjectUri, Prefix, walk
from sightline.testing.buckets import InMemoryBuckets
from sightline.testing.clocks import MovingClock

SET = Prefix("sets", "dogs/")
PLACE = Place.parse(SET, "s3://sets/aside", ())
KEYS = ["dogs/a b+c%20d.jpg", 'dogs/🎥/"quoted".jpg', "dogs/ü.jpg"]


class Dies(Exception):
    """The process ends here."""


class Cut(InMemoryBuckets):
    """Buckets whose client dies after so many requests that change something. None: never."""

    def __init__(self):
        super().__init__(MovingClock())
        self.left = None
        self.create("sets")

    def _spend(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Dies

    def put(self, *args, **options):
        self._spend()
        return super().put(*args, **options)

    def copy(self, *args, **options):
        self._spend()
        return super().copy(*args, **options)

    def remove(self, *args, **options):
        self._spend()
        return super().remove(*args, **options)

    def delete(self, *args):
        self._spend()
        super().delete(*args)


def holds(buckets):
    """Return everything in the bucket: key → bytes, metadata and headers."""
    found = [buckets.get(each.uri) for each in walk(buckets, "sets", "")]
    return {head.uri.key: (data, dict(head.metadata), dict(head.headers)) for head, data in found}


@pytest.fixture
def buckets():
    made = Cut()
    for number, key in enumerate([*KEYS, "dogs/stays.jpg"]):
        headers = {"ContentType": "image/jpeg"}
        made.put_with_metadata(ObjectUri("sets", key), f"bytes {number}".encode(), {"camera": str(number)}, headers)
    return made


def moves_of(buckets, keys=KEYS):
    """Return the moves of what is there."""
    made = []
    for key in keys:
        uri = ObjectUri("sets", key)
        if key in holds(buckets):
            head, data = buckets.get(uri)
            sha256 = hashlib.sha256(data).hexdigest()
            made.append(Move(str(uri), str(PLACE.target(uri)), sha256, head.etag, head.version, "stray"))
    return made


def quarantine(buckets):
    of_set = Quarantine(PLACE, buckets)
    return [moved for _, moved in of_set.move(of_set.plan(moves_of(buckets)))]


def undo(buckets):
    return [moved for _, moved in Quarantine(PLACE, buckets).undo()]


def test_pictures_are_moved_with_their_metadata_and_come_back_as_they_were(buckets):
    before = holds(buckets)
    assert [Moved.MOVED] * 3 == quarantine(buckets)
    now = holds(buckets)
    assert {key: before[key] for key in KEYS} == {key: now[f"aside/objects/{key}"] for key in KEYS}
    assert ["dogs/stays.jpg"] == [key for key in now if key.startswith("dogs/")]
    assert [Moved.BACK] * 3 == undo(buckets)
    assert before == holds(buckets)


@pytest.mark.parametrize("requests", range(12))
def test_a_quarantine_that_is_cut_off_anywhere_is_completed_by_the_next_run(buckets, requests):
    before = holds(buckets)
    buckets.left = requests
    with suppress(Dies):
        quarantine(buckets)
    buckets.left = None
    quarantine(buckets)
    now = holds(buckets)
    assert {key: before[key] for key in KEYS} == {key: now[f"aside/objects/{key}"] for key in KEYS}
    assert ["dogs/stays.jpg"] == [key for key in now if key.startswith("dogs/")]
    undo(buckets)
    assert before == holds(buckets)


@pytest.mark.parametrize("requests", range(8))
@pytest.mark.parametrize("undone", range(9))
def test_cut_off_anywhere_undo_may_be_cut_off_too_and_ends_right(buckets, requests, undone):
    before = holds(buckets)
    for left, doing in ((requests, quarantine), (undone, undo)):
        buckets.left = left
        with suppress(Dies):
            doing(buckets)
    buckets.left = None
    undo(buckets)
    assert before == holds(buckets)


def test_what_was_overwritten_after_it_was_judged_stays(buckets):
    of_set = Quarantine(PLACE, buckets)
    moves = of_set.plan(moves_of(buckets))
    buckets.put(ObjectUri("sets", KEYS[0]), b"newer")
    assert [Moved.CHANGED, Moved.MOVED, Moved.MOVED] == [moved for _, moved in of_set.move(moves)]
    assert b"newer" == holds(buckets)[KEYS[0]][0]


def test_another_version_of_the_same_bytes_is_not_what_was_judged(buckets):
    of_set = Quarantine(PLACE, buckets)
    moves = of_set.plan(replace(each, version="1") for each in moves_of(buckets))
    assert [Moved.CHANGED] * 3 == [moved for _, moved in of_set.move(moves)]


def test_undo_overwrites_nothing_that_came_meanwhile_and_keeps_the_copy(buckets):
    quarantine(buckets)
    buckets.put(ObjectUri("sets", KEYS[0]), b"newer")
    assert sorted([Moved.TAKEN, Moved.BACK, Moved.BACK]) == sorted(undo(buckets))
    now = holds(buckets)
    assert (b"newer", b"bytes 0") == (now[KEYS[0]][0], now[f"aside/objects/{KEYS[0]}"][0])
    buckets.delete(ObjectUri("sets", KEYS[0]))
    undo(buckets)
    assert {*KEYS, "dogs/stays.jpg"} == {*holds(buckets)}


def test_what_lies_at_a_copys_place_is_not_overwritten(buckets):
    buckets.put(PLACE.target(ObjectUri("sets", KEYS[0])), b"of somebody else")
    assert [Moved.TAKEN, Moved.MOVED, Moved.MOVED] == quarantine(buckets)
    assert b"bytes 0" == holds(buckets)[KEYS[0]][0]


@pytest.mark.parametrize(
    ("refuse", "place"),
    [("deny_removing", "s3://sets/dogs/"), ("deny_removing", "s3://sets/aside/"), ("deny_writing", "s3://sets/aside/")],
)
def test_without_the_rights_it_is_refused_before_anything_is_changed(buckets, refuse, place):
    before = holds(buckets)
    getattr(buckets, refuse)(place)
    with pytest.raises(ReadOnly, match=r"deploy/iam/quarantine\.json; nothing has been changed"):
        Quarantine(PLACE, buckets).require_rights()
    assert before == holds(buckets)


def test_with_the_rights_nothing_is_left_of_the_check(buckets):
    before = holds(buckets)
    Quarantine(PLACE, buckets).require_rights()
    assert before == holds(buckets)


@pytest.mark.parametrize(
    "uri", ["s3://sets/dogs/aside/", "s3://sets/dogs", "s3://sets/yard/aside", "s3://sets/sightline/aside"]
)
def test_a_quarantine_that_the_set_or_a_sweep_would_read_is_refused(uri):
    with pytest.raises(BadQuarantine):
        Place.parse(SET, uri, [Prefix("sets", "yard/")])


def test_a_whole_bucket_is_no_quarantine():
    with pytest.raises(InvalidUri, match="a quarantine must have a prefix"):
        Place.parse(SET, "s3://other", ())


def test_a_quarantine_holds_one_set_alone(buckets):
    quarantine(buckets)
    other = Place.parse(Prefix("sets", "cats/"), "s3://sets/aside", ())
    with pytest.raises(BadQuarantine, match="this is the one of s3://sets/dogs/"):
        Quarantine(other, buckets).plan([])


def test_a_manifest_that_sightline_did_not_write_is_refused(buckets):
    buckets.put(ObjectUri("sets", "aside/manifest/1.json"), b'{"moves": 3}')
    with pytest.raises(BadQuarantine, match=r"aside/manifest/1\.json: a manifest must be one that sightline wrote"):
        undo(buckets)
