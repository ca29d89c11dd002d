"""Users of the console: names, passwords, and that a wrong name costs as much as a wrong password."""

import pytest
from argon2 import PasswordHasher

from sightline.services.users import InvalidUser, Passwords, add_user, new_password, note_act, set_password
from sightline.storage.users.protocol import Role
from sightline.testing.clocks import MovingClock
from sightline.testing.users import InMemoryUserStore

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "correct horse battery"


class CountingHasher(PasswordHasher):
    """Counts how often it verifies."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, *arguments):
        self.verified += 1
        return super().verify(*arguments)


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def users(clock):
    return InMemoryUserStore(clock)


@pytest.fixture
def add(users, clock):
    def add(name="ann", roles=(Role.OWNER,), password=GOOD):
        return add_user(name, roles, password, users=users, passwords=Passwords(CHEAP), clock=clock)

    return add


def test_a_password_matches_its_own_hash_alone(add):
    passwords, ann = Passwords(CHEAP), add()
    assert ann.password_hash.startswith("$argon2id$")
    assert passwords.match(ann.password_hash, GOOD)
    assert not passwords.match(ann.password_hash, f"{GOOD} ")
    assert not passwords.match("no hash", GOOD)


def test_a_name_that_nobody_has_is_verified_as_well():
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    assert not passwords.match(None, GOOD)
    assert 1 == hasher.verified


def test_no_message_shows_a_password_or_its_hash(add):
    assert "argon2" not in repr(add())
    with pytest.raises(InvalidUser) as refused:
        add("bob", password="short one")
    assert "short one" not in str(refused.value)


@pytest.mark.parametrize("password", ["", "eleven char", "é" * 513])
def test_a_password_that_is_too_short_or_too_long_is_refused(add, users, password):
    with pytest.raises(InvalidUser, match="12 characters"):
        add(password=password)
    assert [] == list(users.users())


@pytest.mark.parametrize("name", ["", " ann", "a#b", "a\nb", "n" * 201])
def test_a_name_that_no_verdict_could_bear_is_refused(add, name):
    with pytest.raises(InvalidUser, match="1 to 200 bytes"):
        add(name)


def test_a_user_needs_a_role_and_a_free_name(add):
    with pytest.raises(InvalidUser, match="must have a role"):
        add(roles=())
    add()
    with pytest.raises(InvalidUser, match="there is a user of this name"):
        add()


def test_another_password_ends_the_sessions(add, users):
    before = add()
    after = set_password("ann", new_password(), users=users, passwords=Passwords(CHEAP))
    assert before.epoch < after.epoch
    assert not Passwords(CHEAP).match(after.password_hash, GOOD)
    with pytest.raises(InvalidUser, match="users list"):
        set_password("bob", new_password(), users=users, passwords=Passwords(CHEAP))


def test_a_namesake_begins_with_another_epoch(add, users, clock):
    first = add()
    users.remove("ann")
    clock.move(clock.now.resolution * 1_000_000)
    assert first.epoch != add().epoch


def test_acts_are_noted_in_their_order(users, clock):
    for what in ("sign in", "sign out"):
        note_act("ann", what, users=users, clock=clock)
        clock.move(clock.now.resolution * 1_000_000)
    assert ["sign out", "sign in"] == [act.what for act in users.acts()]
