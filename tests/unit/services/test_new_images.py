"""What is new neither gets lost nor repeats, however late and in whatever order images enter the feed."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override
from ulid import ULID

from sightline.models.images import CameraDay, FeedEntry
from sightline.services.new_images import (
    DAYS_BACK,
    MOST_REMEMBERED,
    NewImages,
    PageTooOld,
    Shown,
    TooManyAtOnce,
    days_with_new,
    mark_seen,
    new_images,
    undo_seen,
)
from sightline.services.sync import OVERLAP, SETTLE
from sightline.storage.images.keys import shard_of, write_day_of
from sightline.storage.images.positions import RANDOM_BITS
from sightline.storage.side_by_side import read_first
from sightline.testing.images import InMemoryImageStore
from sightline.testing.users import InMemoryUserStore

START = datetime(2026, 11, 2, 23, 45, tzinfo=UTC)  # so that a run crosses a day of writing


class LateFeed(InMemoryImageStore):
    """A feed whose entries can be read only some time after the moment that their position names."""

    def __init__(self) -> None:
        self.now = START
        super().__init__(lambda: self.now)
        self.written: list[tuple[datetime, FeedEntry]] = []
        self.taken = 0

    def write(self, image: int, late: timedelta = timedelta(), day: str | None = None) -> str:
        """Write an entry now; it can be read `late` after. day: when the image was taken."""
        number = len(self.written) + 1
        position = str(ULID.from_int((int(self.now.timestamp() * 1000) << RANDOM_BITS) + number))
        taken = CameraDay("yard", day) if day else None
        self.written.append((self.now + late, FeedEntry(f"s3://b/{image}", number, position, taken)))
        return position

    @override
    def feed(self, shard: int, write_day: str, after: str, until: str, page: int | None = None) -> Iterator[FeedEntry]:
        found = [entry for readable_at, entry in self.written if readable_at <= self.now]
        for each in sorted(
            (
                each
                for each in found
                if after < each.position <= until
                and write_day_of(each.position) == write_day
                and shard_of(each.image_id, self.shards.feed) == shard
            ),
            key=lambda each: each.position,
        ):
            self.taken += 1
            yield each


class Viewer:
    """A user who opens pages, and marks what they showed."""

    def __init__(self, images: LateFeed, name: str = "ann", users: InMemoryUserStore | None = None) -> None:
        self.images, self.name = images, name
        self.users = users or InMemoryUserStore(lambda: images.now)

    def open(self, most: int = 200) -> tuple[NewImages, Shown]:
        look = self.users.look(self.name)
        found = new_images(look, self.images, self.images.now, most)
        return found, Shown(found.until, found.shown, found.read_at, look.number if look else 0)

    def mark(self, page: Shown) -> int:
        return mark_seen(self.name, page, self.users).number

    def positions(self) -> list[str]:
        return [each.position for each in self.open()[0].entries]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, int(OVERLAP.total_seconds()) - 1)),
        st.tuples(st.just("pass"), st.sampled_from([1, 6, 30, 300, 1_200])),
        st.tuples(st.just("open"), st.integers(1, 4)),
        st.tuples(st.just("mark"), st.integers(0, 5)),
    ),
    min_size=12,
    max_size=60,
)


@given(STEPS)
def test_what_is_marked_is_what_was_shown_however_late_it_came(steps):
    """Pages stay open while others are opened and marked, in any order."""
    images = LateFeed()
    viewer = Viewer(images)
    opened: list[tuple[set[str], Shown]] = []
    marked: set[str] = set()
    for number, (kind, size) in enumerate(steps):
        if kind == "write":
            images.write(number, timedelta(seconds=size))
        elif kind == "pass":
            images.now += timedelta(seconds=size)
        elif kind == "open":
            found, page = viewer.open(most=size)
            shown = {each.position for each in found.entries}
            assert not shown & marked, "nothing repeats"
            opened.append((shown, page))
        elif opened:
            shown, page = opened[min(size, len(opened) - 1)]
            viewer.mark(page)
            marked |= shown
    images.now += OVERLAP + SETTLE
    left = Counter(viewer.positions())
    assert Counter({entry.position for _, entry in images.written} - marked) == left, "nothing is lost"


def test_an_image_that_comes_late_is_new_though_later_ones_are_seen():
    images = LateFeed()
    viewer = Viewer(images)
    late = images.write(1, timedelta(minutes=9))
    images.now += timedelta(seconds=30)
    later = images.write(2)
    images.now += timedelta(seconds=30)
    assert [later] == viewer.positions()
    viewer.mark(viewer.open()[1])
    assert [] == viewer.positions()
    images.now += timedelta(minutes=9)
    assert [late] == viewer.positions()


def test_an_image_that_comes_between_opening_and_marking_stays_new():
    images = LateFeed()
    viewer = Viewer(images)
    _, page = viewer.open()
    came = images.write(1)
    viewer.mark(page)
    images.now += SETTLE + timedelta(seconds=1)
    assert [came] == viewer.positions()


def test_what_one_user_has_seen_is_new_to_another():
    images = LateFeed()
    ann = Viewer(images)
    bob = Viewer(images, "bob", ann.users)
    came = images.write(1)
    images.now += timedelta(minutes=1)
    ann.mark(ann.open()[1])
    assert ([], [came]) == (ann.positions(), bob.positions())


def test_undo_brings_back_what_was_new_once_and_only_the_last_mark():
    images = LateFeed()
    viewer = Viewer(images)
    first = images.write(1)
    images.now += timedelta(minutes=1)
    earlier = viewer.mark(viewer.open()[1])
    second = images.write(2)
    images.now += timedelta(minutes=1)
    last = viewer.mark(viewer.open()[1])
    assert not undo_seen("ann", earlier, viewer.users)
    assert [] == viewer.positions()
    assert undo_seen("ann", last, viewer.users)
    assert [second] == viewer.positions()
    assert not undo_seen("ann", last, viewer.users)
    assert first not in viewer.positions()


def test_a_page_from_before_an_undo_marks_nothing():
    images = LateFeed()
    viewer = Viewer(images)
    came = images.write(1)
    images.now += timedelta(minutes=20)
    number = viewer.mark(viewer.open()[1])
    _, empty = viewer.open()
    assert undo_seen("ann", number, viewer.users)
    with pytest.raises(PageTooOld):
        viewer.mark(empty)
    assert [came] == viewer.positions()


def test_after_a_long_absence_the_last_days_are_shown_and_it_is_told_that_more_was_there():
    images = LateFeed()
    viewer = Viewer(images)
    viewer.mark(viewer.open()[1])
    images.now += timedelta(days=1)
    images.write(1)
    images.now += timedelta(days=DAYS_BACK)
    came = images.write(2)
    images.now += timedelta(minutes=20)
    found, page = viewer.open()
    assert ([came], True) == ([each.position for each in found.entries], found.left_out)
    viewer.mark(page)
    found, _ = viewer.open()
    assert ((), False) == (found.entries, found.left_out)


def test_a_flood_is_refused_until_it_has_settled():
    images = LateFeed()
    viewer = Viewer(images)
    for number in range(MOST_REMEMBERED + 1):
        images.write(number)
    images.now += timedelta(minutes=1)
    with pytest.raises(TooManyAtOnce):
        viewer.mark(viewer.open(most=MOST_REMEMBERED + 1)[1])
    images.now += OVERLAP
    viewer.mark(viewer.open(most=MOST_REMEMBERED + 1)[1])
    look = viewer.users.look("ann")
    assert look is not None
    assert (frozenset(), []) == (look.shown, viewer.positions())


def test_days_with_something_new_are_read_on_from_where_nothing_can_enter_the_feed_any_more():
    images = LateFeed()
    for number in range(50):
        images.write(number, day="2026-11-01")
    images.now += OVERLAP
    images.write(50, late=OVERLAP / 2, day="2026-10-30")
    images.now += 2 * SETTLE
    first = days_with_new(None, images, images.now)
    assert ({"2026-11-01"}, 50) == (first.days, images.taken)
    images.now += OVERLAP / 2
    images.write(51, day="2026-11-02")
    images.now += 2 * SETTLE
    images.taken = 0
    later = days_with_new(None, images, images.now, first)
    assert ({"2026-11-01", "2026-10-30", "2026-11-02"}, 2) == (later.days, images.taken)
    assert days_with_new(None, images, images.now).days == later.days


def test_shards_that_are_begun_side_by_side_give_what_they_give_one_after_another():
    images = LateFeed()
    for number in range(80):
        images.write(number, day="2026-11-01")
        images.now += timedelta(seconds=20)
    images.now += OVERLAP
    with ThreadPoolExecutor(images.shards.feed) as pool:
        for most in (1, 30, 200):
            in_turn = new_images(None, images, images.now, most)
            assert in_turn == new_images(None, images, images.now, most, pool.map)
            assert min(most, 80) == len(in_turn.entries)
    assert [] == [*read_first([])]
    assert [1, 2, 3] == [*read_first(iter([1, 2, 3]))]
