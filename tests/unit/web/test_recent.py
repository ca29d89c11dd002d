"""What is kept for a moment is made once for all who ask at once, and never of what was forgotten meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Semaphore

import pytest

from sightline.web.recent import Recent

AT_ONCE = 4
PATIENCE_SECONDS = 60


class Kept(Recent[str, str]):
    """Values that last a minute of a clock that stands. asked: let go on once for each who asks, their place taken."""

    def __init__(self, most: int = 10) -> None:
        self.now = datetime(2044, 5, 17, tzinfo=UTC)
        self.asked = Semaphore(0)
        super().__init__(lambda: self.now, timedelta(minutes=1), most)

    def _fresh(self, key):
        self.asked.release()  # the lock is held: nobody ends what is being made before this one waits for it
        return super()._fresh(key)


class Making:
    """Makes a value, and waits to be let go on in the middle of it."""

    def __init__(self, value: str = "made") -> None:
        self.value, self.times = value, 0
        self.begun, self.goes_on = Event(), Event()

    def __call__(self) -> str:
        self.times += 1
        self.begun.set()
        assert self.goes_on.wait(PATIENCE_SECONDS)
        return self.value


@pytest.fixture
def pool():
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield threads


def not_asked():
    raise AssertionError


def test_it_is_made_once_and_then_again_when_it_is_too_old():
    kept = Kept()
    assert ["one", "one"] == [kept.of("key", lambda: "one"), kept.of("key", not_asked)]
    kept.now += timedelta(minutes=1)
    assert "two" == kept.of("key", lambda: "two")


@pytest.mark.parametrize("empty", ["", None])
def test_nothing_found_is_kept_as_well(empty):
    kept = Kept()
    assert [empty, empty] == [kept.of("key", lambda: empty), kept.of("key", not_asked)]


def test_what_is_not_to_be_kept_is_made_again():
    kept = Kept()
    assert ["", "there"] == [kept.of("key", str, keeps=bool), kept.of("key", lambda: "there", keeps=bool)]
    assert "there" == kept.of("key", not_asked, keeps=bool)


def test_who_ask_at_once_get_what_the_first_of_them_makes(pool):
    kept, making = Kept(), Making()
    first = pool.submit(kept.of, "key", making)
    assert making.begun.wait(PATIENCE_SECONDS)
    others = [pool.submit(kept.of, "key", not_asked) for _ in range(AT_ONCE - 1)]
    for _ in range(AT_ONCE):
        assert kept.asked.acquire(timeout=PATIENCE_SECONDS)
    making.goes_on.set()
    assert {"made"} == {each.result(PATIENCE_SECONDS) for each in (first, *others)}
    assert (1, "made") == (making.times, kept.get("key"))


def test_another_key_waits_for_nobody(pool):
    kept, making = Kept(), Making()
    first = pool.submit(kept.of, "key", making)
    assert making.begun.wait(PATIENCE_SECONDS)
    assert "other" == kept.of("other", lambda: "other")
    making.goes_on.set()
    assert "made" == first.result(PATIENCE_SECONDS)


def test_an_error_is_that_of_all_who_wait_and_who_asks_next_tries_again(pool):
    kept, goes_on = Kept(), Event()

    def fail():
        assert goes_on.wait(PATIENCE_SECONDS)
        raise LookupError("away")

    first = pool.submit(kept.of, "key", fail)
    assert kept.asked.acquire(timeout=PATIENCE_SECONDS)
    other = pool.submit(kept.of, "key", not_asked)
    assert kept.asked.acquire(timeout=PATIENCE_SECONDS)
    goes_on.set()
    for each in (first, other):
        with pytest.raises(LookupError, match="away"):
            each.result(PATIENCE_SECONDS)
    assert "there" == kept.of("key", lambda: "there")


@pytest.mark.parametrize("forget", [lambda kept: kept.forget("key"), lambda kept: kept.drop(lambda _: False)])
def test_what_is_forgotten_while_it_is_made_is_made_again_for_who_asks_after(pool, forget):
    kept, old = Kept(), Making("old")
    first = pool.submit(kept.of, "key", old)
    assert old.begun.wait(PATIENCE_SECONDS)
    forget(kept)
    assert "new" == kept.of("key", lambda: "new"), "it waits for nobody who began before"
    old.goes_on.set()
    assert ("old", "new") == (first.result(PATIENCE_SECONDS), kept.get("key"))


def test_what_is_forgotten_before_another_asks_is_not_kept(pool):
    kept, old = Kept(), Making("old")
    first = pool.submit(kept.of, "key", old)
    assert old.begun.wait(PATIENCE_SECONDS)
    kept.forget("key")
    old.goes_on.set()
    assert ("old", None) == (first.result(PATIENCE_SECONDS), kept.get("key"))


def test_the_oldest_goes_if_there_are_too_many():
    kept = Kept(most=2)
    for key in ("a", "b", "c"):
        kept.of(key, lambda: "value")
    assert [None, "value", "value"] == [kept.get(key) for key in ("a", "b", "c")]
