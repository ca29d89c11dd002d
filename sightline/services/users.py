"""Who may use the console: users with their passwords and roles, and what is written into the audit log."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from ulid import ULID

from sightline.errors import InvalidVerdict, SightlineError
from sightline.models.answers import Json
from sightline.storage.users.protocol import Act, Role, User, UserChange, UserStore
from sightline.storage.verdicts.protocol import check_word

COMMAND_LINE = "#command line"
"""Whom the audit log names for what `sightline users` does: no user's name can hold a #."""

LEAST_PASSWORD = 12
"""Characters of a password that somebody chooses."""

LONGEST_PASSWORD_BYTES = 1024

PASSWORDS_AT_ONCE = 2
"""Each takes 64 MiB and a third of a second of a core."""


class InvalidUser(SightlineError):
    """A user who cannot be, or is not, there."""

    rule = "a user must have a name, a role and a password"
    remedy = "Correct it"


class NoSuchUser(InvalidUser):
    """A name that no user has."""

    rule = "there must be a user of this name"
    remedy = "See `sightline users list`"


class Passwords:
    """Hashes passwords with argon2id, by default with RFC 9106's parameters for little memory."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = BoundedSemaphore(PASSWORDS_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return what is stored of a password; raise InvalidUser if it is too short or too long."""
        size_bytes = len(password.encode("utf-8", "replace"))
        if len(password) < LEAST_PASSWORD or size_bytes > LONGEST_PASSWORD_BYTES:
            rule = f"a password has at least {LEAST_PASSWORD} characters and at most {LONGEST_PASSWORD_BYTES:,} bytes"
            raise InvalidUser("The password", rule=rule, remedy="Choose another one")
        with self._room:
            return self._hasher.hash(password.encode("utf-8", "replace"))

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether this is the password. Without a hash it takes as long: who exists must not be told by time."""
        with self._room:
            try:
                self._hasher.verify(password_hash or self._decoy, password.encode("utf-8", "replace"))
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_bytes(16))


def new_password() -> str:
    """Return a password drawn at random."""
    return secrets.token_urlsafe(18)


def add_user(
    name: str,
    roles: Iterable[Role],
    password: str,
    *,
    users: UserStore,
    passwords: Passwords,
    clock: Callable[[], datetime],
) -> User:
    """Add a user; raise InvalidUser if the name cannot be one, or is taken.

    A reviewer's name is part of the keys of verdicts, so the rules of those hold for every user.
    """
    try:
        check_word("user's name", name)
    except InvalidVerdict as error:
        raise InvalidUser(error.subject, rule=error.rule, remedy=error.remedy) from error
    given = frozenset(roles)
    if not given:
        raise InvalidUser(name, rule="a user must have a role", remedy=f"Give some of {', '.join(Role)}")
    now = clock()
    # The epoch begins with the time, so that no session outlives its user and belongs to a namesake.
    user = User(name, given, passwords.hash(password), now, epoch=int(now.timestamp()))
    if not users.add(user):
        raise InvalidUser(name, rule="there is a user of this name", remedy="Choose another name, or `users passwd`")
    return user


def set_password(name: str, password: str, *, users: UserStore, passwords: Passwords) -> User:
    """Give a user another password, and end the user's sessions; raise NoSuchUser."""
    changed = users.change(name, UserChange(password_hash=passwords.hash(password), ends_sessions=True))
    if changed is None:
        raise NoSuchUser(name)
    return changed


def note_act(
    user: str,
    what: str,
    on: str = "",
    details: Mapping[str, Json] | None = None,
    *,
    users: UserStore,
    clock: Callable[[], datetime],
) -> None:
    """Write an entry of the audit log."""
    now = clock()
    users.note(Act(str(ULID.from_datetime(now)), now, user, what, on, details or {}))
