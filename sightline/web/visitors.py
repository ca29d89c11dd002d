"""Who a request comes from: a user with a session's cookie, or a program with a token."""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sightline.models.answers import Json
from sightline.storage.users.protocol import Role, Session, Token, User, UserStore

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    roles: what this session or token may do; session_id, token_id: one of them is there
    is_reviewer: the person is, whatever this token may do: what they must not see, no program of theirs shows them
    """

    user: str
    roles: frozenset[Role]
    is_reviewer: bool
    preferences: dict[str, Json] = field(default_factory=dict)
    session_id: str | None = None
    token_id: str | None = None

    def is_any(self, *roles: Role) -> bool:
        """Return whether the visitor has one of these roles."""
        return not self.roles.isdisjoint(roles)


def start_session(user: User, lasts: timedelta, users: UserStore, clock: Callable[[], datetime]) -> str:
    """Start a session, and return what its cookie holds."""
    credential, session_id = _new_credential(user.name)
    now = clock()
    users.start_session(Session(user.name, session_id, user.epoch, now, now + lasts))
    return credential


def visitor_of_session(credential: str, users: UserStore) -> Visitor | None:
    """Return who the cookie belongs to; None if its session has ended or never was."""
    read = _read_credential(credential)
    if read is None:
        return None
    name, session_id = read
    session = users.session(name, session_id)
    user = users.user(name) if session else None
    if session is None or user is None or session.epoch != user.epoch:
        return None
    return _visitor(user, user.roles, session_id=session_id)


def make_token(
    user: User, title: str, roles: frozenset[Role], lasts: timedelta | None, users: UserStore, now: datetime
) -> str:
    """Make a token for a program, and return it; nobody can read it again."""
    credential, token_id = _new_credential(user.name)
    users.keep_token(Token(user.name, token_id, title, roles & user.roles, now, now + lasts if lasts else None))
    return credential


def visitor_of_token(credential: str, users: UserStore) -> Visitor | None:
    """Return whose program this is. It has those of its roles that its user still has."""
    read = _read_credential(credential)
    if read is None:
        return None
    name, token_id = read
    token = users.token(name, token_id)
    user = users.user(name) if token else None
    if token is None or user is None or token.created_at < user.created_at:  # a namesake's, who was removed
        return None
    return _visitor(user, token.roles & user.roles, token_id=token_id)


def _visitor(user: User, roles: frozenset[Role], session_id: str | None = None, token_id: str | None = None) -> Visitor:
    is_reviewer = Role.REVIEWER in user.roles
    return Visitor(user.name, _known(roles), is_reviewer, dict(user.preferences), session_id, token_id)


def digest(secret: str) -> str:
    """Return what is stored of a secret that was drawn at random: no slow hash is needed, for it cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _new_credential(name: str) -> tuple[str, str]:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return f"{urlsafe_b64encode(name.encode()).decode().rstrip('=')}.{secret}", digest(secret)


def _read_credential(credential: str) -> tuple[str, str] | None:
    """Return the name and the digest of the secret; None for what we never gave out."""
    coded, dot, secret = credential.partition(".")
    try:
        name = urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (NotBase64, ValueError):
        return None
    return (name, digest(secret)) if dot and name and secret and len(name.encode()) <= _LONGEST_NAME_BYTES else None


_LONGEST_NAME_BYTES = 200


def _known(roles: frozenset[Role]) -> frozenset[Role]:
    return roles & frozenset(Role)
