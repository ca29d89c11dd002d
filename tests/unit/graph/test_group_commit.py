from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, stack_size
from time import monotonic, sleep
from typing import TypeAlias

from sightline.errors import RefusedByGraph, Unavailable
from sightline.graph.group_commit import GroupCommit
from sightline.graph.protocol import GraphImage, Merged
from sightline.testing.graph import InMemoryGraphStore

NEVER = timedelta(minutes=5)


def image(number: int, version: int = 1) -> GraphImage:
    return GraphImage(f"s3://b/{number}", f"{number}", version, "yard", datetime(2026, 1, 2, tzinfo=UTC), {})


class Recorder(InMemoryGraphStore):
    """Notes the size of each batch; raises or waits where a test asks for it."""

    def __init__(self, error: BaseException | None = None, may_go: Event | None = None) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self._error = error
        self._may_go = may_go

    def merge(self, images: Sequence[GraphImage]) -> list[Merged | Exception]:  # type: ignore[override]
        self.sizes.append(len(images))
        if self._may_go is not None:
            self._may_go.wait(30)
        if self._error is not None:
            raise self._error
        return super().merge(images)


Commits: TypeAlias = GroupCommit[GraphImage, Merged]


def merge_at_once(commits: Commits, images: Sequence[GraphImage]) -> list[Merged | Exception]:
    """Merge each image in a thread of its own, all of them in hand before the first asks."""
    barrier = Barrier(len(images))

    def one(each: GraphImage) -> Merged | Exception:
        with commits.in_hand():
            barrier.wait(30)
            try:
                return commits.merge(each)
            except (Unavailable, RefusedByGraph, SystemExit) as error:
                return error  # type: ignore[return-value] # errors stand beside outcomes

    with ThreadPoolExecutor(len(images)) as pool:
        return list(pool.map(one, images))


def test_threads_that_merge_at_the_same_moment_share_one_call() -> None:
    store = Recorder()
    outcomes = merge_at_once(GroupCommit(store.merge, window=NEVER, least=1), [image(n) for n in range(32)])
    assert [Merged(f"s3://b/{n}", 1, is_changed=True) for n in range(32)] == outcomes
    assert store.sizes == [32]


def test_a_batch_that_is_full_goes_at_once() -> None:
    store = Recorder()
    merge_at_once(GroupCommit(store.merge, window=NEVER, least=1, most=8), [image(n) for n in range(32)])
    assert store.sizes == [8, 8, 8, 8]


def test_as_many_as_fill_a_batch_do_not_wait_for_others() -> None:
    store = Recorder()
    commits = GroupCommit(store.merge, window=NEVER, least=1)
    with commits.in_hand():
        assert commits.merge(image(1)).is_changed
        assert not commits.merge(image(1)).is_changed
    assert store.sizes == [1, 1]


def test_few_wait_for_others_until_their_window_ends() -> None:
    store = Recorder()
    commits = GroupCommit(store.merge, window=timedelta(milliseconds=20), least=3)
    begun = monotonic()
    merge_at_once(commits, [image(1), image(2)])
    assert ([2], True) == (store.sizes, monotonic() - begun >= 0.02)


def test_without_a_word_about_threads_the_window_closes_a_batch() -> None:
    store = Recorder()
    assert GroupCommit(store.merge, window=timedelta(milliseconds=5)).merge(image(1)).is_changed
    assert store.sizes == [1]


def test_a_thread_that_leaves_without_merging_is_not_waited_for() -> None:
    store, is_in_hand, may_leave = Recorder(), Event(), Event()
    commits = GroupCommit(store.merge, window=NEVER, least=1)

    def leave() -> None:
        with commits.in_hand():
            is_in_hand.set()
            may_leave.wait(30)

    def merge() -> Merged:
        with commits.in_hand():
            return commits.merge(image(1))

    with ThreadPoolExecutor(2) as pool:
        leaving = pool.submit(leave)
        is_in_hand.wait(30)
        merging = pool.submit(merge)
        may_leave.set()
        leaving.result(30)
        assert merging.result(30).is_changed


def test_each_thread_gets_its_own_outcome() -> None:
    images = [image(1), image(2, version=0), image(3), image(4, version=0)]
    outcomes = merge_at_once(GroupCommit(Recorder().merge, window=NEVER, least=1), images)
    assert [type(each) for each in outcomes] == [Merged, RefusedByGraph, Merged, RefusedByGraph]
    assert [each.subject for each in outcomes if isinstance(each, RefusedByGraph)] == ["s3://b/2", "s3://b/4"]


def test_an_absent_database_is_an_error_for_each_thread() -> None:
    away = Unavailable("Neo4j")
    assert (
        merge_at_once(GroupCommit(Recorder(away).merge, window=NEVER, least=1), [image(n) for n in range(4)])
        == [away] * 4
    )


def test_even_an_end_of_the_committing_thread_reaches_all() -> None:
    end = SystemExit(1)
    assert (
        merge_at_once(GroupCommit(Recorder(end).merge, window=NEVER, least=1), [image(n) for n in range(4)])
        == [end] * 4
    )


def test_without_a_thread_to_commit_in_all_who_wait_try_again_and_the_next_batch_goes_on() -> None:
    commits = GroupCommit(Recorder().merge, window=NEVER, least=1, most=4, patience=NEVER, at_once=1)
    usual, barrier = stack_size(), Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: barrier.wait(30), range(4)))  # these four run already
        stack_size(1 << 48)  # more than a process may address: no thread starts
        try:
            merging = [pool.submit(commits.merge, image(n)) for n in range(4)]
            errors = [each.exception(30) for each in merging]
        finally:
            stack_size(usual)
        assert [Unavailable] * 4 == [type(each) for each in errors]
        assert "no thread could be started" in str(errors[0])
        assert all(each.is_changed for each in pool.map(commits.merge, [image(n) for n in range(4)], timeout=30))


def test_a_store_that_hangs_holds_nobody_for_ever_and_the_next_batch_goes_on() -> None:
    may_go = Event()
    store = Recorder(may_go=may_go)
    commits = GroupCommit(store.merge, window=NEVER, least=1, patience=timedelta(milliseconds=50))
    outcomes = merge_at_once(commits, [image(n) for n in range(4)])
    assert [str(each).split(".")[0] for each in outcomes] == ["Neo4j or DynamoDB: no commit ended within 0"] * 4
    may_go.set()
    with commits.in_hand():
        assert commits.merge(image(9)).is_changed


def test_images_that_trickle_in_while_two_commits_run_share_the_next() -> None:
    store = Recorder(may_go=(may_go := Event()))
    commits = GroupCommit(store.merge, window=timedelta(0), at_once=2)
    with ThreadPoolExecutor(16) as pool:
        merging = []
        for number in range(16):
            merging.append(pool.submit(commits.merge, image(number)))
            while number < 2 and len(store.sizes) <= number:
                sleep(0.002)
        while commits.waiting < 16:
            sleep(0.002)
        may_go.set()
        assert all(each.result(30).is_changed for each in merging)
    assert store.sizes == [1, 1, 14]


def test_commits_that_hang_do_not_keep_the_next_from_running() -> None:
    store = Recorder(may_go=(may_go := Event()))
    commits = GroupCommit(store.merge, patience=timedelta(milliseconds=50), at_once=1)
    assert isinstance(merge_at_once(commits, [image(1)])[0], Unavailable)
    assert isinstance(merge_at_once(commits, [image(2)])[0], Unavailable)
    may_go.set()
    assert store.sizes == [1, 1]


def test_threads_that_wait_for_a_commit_do_not_keep_the_next_batch_open() -> None:
    may_go = Event()
    store = Recorder(may_go=may_go)
    commits = GroupCommit(store.merge, window=NEVER, least=1, most=2)

    def wait_for(sizes: list[int]) -> None:
        deadline = monotonic() + 30
        while store.sizes != sizes:
            assert monotonic() < deadline, store.sizes
            sleep(0.002)

    def late() -> Merged:
        wait_for([2])
        with commits.in_hand():
            return commits.merge(image(2))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(merge_at_once, commits, [image(0), image(1)])
        last = pool.submit(late)
        try:
            wait_for([2, 1])
        finally:
            may_go.set()
        assert last.result(30).is_changed
        assert first.result(30) == [Merged(f"s3://b/{n}", 1, is_changed=True) for n in range(2)]
