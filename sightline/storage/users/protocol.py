"""What a store of the console's users does: users, their sessions and tokens, what they have seen, and the audit log.

A secret is never stored: of a password there is its argon2id hash, of a session's or a token's secret its SHA-256.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sightline.models.answers import Json
from sightline.models.stored import StoredEnum
from sightline.storage.users.batches import BatchStore
from sightline.storage.users.doubts import DoubtStore

ACTS_LAST = timedelta(days=400)
"""How long an entry of the audit log is kept."""


class Role(StoredEnum):
    """What a user may do. A user has any number of them; a token has some of its user's."""

    REVIEWER = "reviewer"
    OWNER = "owner"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may sign in.

    epoch: sessions of an earlier one have ended; a change of password begins the next
    preferences: what the user has set on the page about themselves
    """

    name: str
    roles: frozenset[Role]
    password_hash: str = field(repr=False)
    created_at: datetime
    epoch: int = 0
    preferences: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserChange:
    """What changes of a user; what is None stays. ends_sessions: a new epoch begins."""

    roles: frozenset[Role] | None = None
    password_hash: str | None = field(default=None, repr=False)
    preferences: Mapping[str, Json] | None = None
    ends_sessions: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. session_id: the SHA-256 of its secret, hex."""

    user: str
    session_id: str
    epoch: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """What a program signs in with instead of its user.

    token_id: the SHA-256 of its secret, hex; title: what its user calls it; roles: those it may use, if its user still
    has them; expires_at: None if it lasts until it is withdrawn
    """

    user: str
    token_id: str
    title: str
    roles: frozenset[Role]
    created_at: datetime
    expires_at: datetime | None = None


class MarkKind(StoredEnum):
    """What a mark says. viewed: the user saw what the detector found in the image; seen: the user is done with it."""

    VIEWED = "viewed"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Look:
    """Up to where a user has looked at what arrived.

    position: of the feed; nothing up to it is new any more
    shown: later positions that the user has seen nevertheless: others may still arrive between them
    number: how often it has changed; undone: the number of the last undo, 0 if there was none
    before: what an undo brings back, None if there is nothing
    """

    position: str
    shown: frozenset[str] = frozenset()
    number: int = 0
    undone: int = 0
    before: "Look | None" = None


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the audit log. act_id: its place there, a ULID; what: such as `sign in`; on: what it was done to."""

    act_id: str
    at: datetime
    user: str
    what: str
    on: str = ""
    details: Mapping[str, Json] = field(default_factory=dict)


class UserStore(Protocol):
    """Users by name. Reads of users, sessions and tokens are consistent. batches: what each of them reviews.

    doubts: of which answers they are not sure
    """

    batches: BatchStore
    doubts: DoubtStore

    def setup(self) -> None:
        """Create the table and its TTL if they are missing; safe to repeat."""

    def check(self) -> None:
        """Raise MissingTable, AccessDenied or Unavailable if the store cannot be used."""

    def user(self, name: str) -> User | None:
        """Return a user."""

    def users(self) -> Iterator[User]:
        """Return every user, by name."""

    def add(self, user: User) -> bool:
        """Add a user; return whether there was none of this name."""

    def change(self, name: str, change: UserChange) -> User | None:
        """Change a user, and return the user as changed; None if there is none of this name."""

    def remove(self, name: str) -> bool:
        """Remove a user with sessions, tokens, marks, batches and look; return whether there was one."""

    def start_session(self, session: Session) -> None:
        """Keep a session until it expires."""

    def session(self, user: str, session_id: str) -> Session | None:
        """Return a session unless it has expired."""

    def end_session(self, user: str, session_id: str) -> bool:
        """End a session; return whether there was one."""

    def keep_token(self, token: Token) -> None:
        """Keep a token."""

    def token(self, user: str, token_id: str) -> Token | None:
        """Return a token unless it has expired."""

    def tokens(self, user: str) -> list[Token]:
        """Return a user's tokens that have not expired, the oldest first."""

    def drop_token(self, user: str, token_id: str) -> bool:
        """Withdraw a token; return whether there was one."""

    def mark(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        """Mark images for a user; a mark that is there lasts longer, and keeps its time."""

    def mark_new(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        """Mark those of many images that bear no mark, in few requests; others are left as they are.

        Of two calls in the same moment, either's time stands.
        """

    def marks(self, user: str, kind: MarkKind, image_ids: Iterable[str]) -> dict[str, datetime]:
        """Return which of these images bear a mark of the user, and since when. Consistent."""

    def look(self, user: str) -> Look | None:
        """Return up to where a user has looked; None before the first time. Consistent."""

    def keep_look(self, user: str, look: Look, seen: Look | None) -> bool:
        """Replace what was `seen`; return False if it has changed since."""

    def note(self, act: Act) -> None:
        """Write an entry of the audit log; it is kept for ACTS_LAST."""

    def acts(self, before: str | None = None, limit: int = 100) -> list[Act]:
        """Return entries of the audit log, the newest first; before: only those that stand before this id."""
