"""The in-memory fake of the store of users."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from typing_extensions import override

from sightline.storage.users.protocol import ACTS_LAST, Act, Look, MarkKind, Session, Token, User, UserChange, UserStore
from sightline.testing.batches import InMemoryBatches
from sightline.testing.doubts import InMemoryDoubts


class InMemoryUserStore(UserStore):
    """Users in dictionaries. Threads may share one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.batches = InMemoryBatches(clock)
        self.doubts = InMemoryDoubts(clock)
        self._users: dict[str, User] = {}
        self._sessions: dict[tuple[str, str], Session] = {}
        self._tokens: dict[tuple[str, str], Token] = {}
        self._marks: dict[tuple[str, MarkKind, str], tuple[datetime, datetime]] = {}
        self._looks: dict[str, Look] = {}
        self._acts: dict[str, Act] = {}
        self._lock = Lock()

    @override
    def setup(self) -> None:
        """Do nothing: there is nothing to create."""

    @override
    def check(self) -> None:
        """Do nothing: it can always be used."""

    @override
    def user(self, name: str) -> User | None:
        return self._users.get(name)

    @override
    def users(self) -> Iterator[User]:
        yield from (user for _, user in sorted(self._users.items()))

    @override
    def add(self, user: User) -> bool:
        with self._lock:
            return self._users.setdefault(user.name, user) is user

    @override
    def change(self, name: str, change: UserChange) -> User | None:
        with self._lock:
            user = self._users.get(name)
            if user is None:
                return None
            self._users[name] = replace(
                user,
                roles=user.roles if change.roles is None else change.roles,
                password_hash=user.password_hash if change.password_hash is None else change.password_hash,
                preferences=user.preferences if change.preferences is None else change.preferences,
                epoch=user.epoch + change.ends_sessions,
            )
            return self._users[name]

    @override
    def remove(self, name: str) -> bool:
        with self._lock:
            self._sessions = {key: each for key, each in self._sessions.items() if key[0] != name}
            self._tokens = {key: each for key, each in self._tokens.items() if key[0] != name}
            self._marks = {key: each for key, each in self._marks.items() if key[0] != name}
            self.batches.forget(name)
            self._looks.pop(name, None)
            return self._users.pop(name, None) is not None

    @override
    def start_session(self, session: Session) -> None:
        self._sessions[session.user, session.session_id] = session

    @override
    def session(self, user: str, session_id: str) -> Session | None:
        found = self._sessions.get((user, session_id))
        return found if found and found.expires_at > self._clock() else None

    @override
    def end_session(self, user: str, session_id: str) -> bool:
        return self._sessions.pop((user, session_id), None) is not None

    @override
    def keep_token(self, token: Token) -> None:
        self._tokens[token.user, token.token_id] = token

    @override
    def token(self, user: str, token_id: str) -> Token | None:
        found = self._tokens.get((user, token_id))
        return found if found and self._lasts(found) else None

    @override
    def tokens(self, user: str) -> list[Token]:
        found = [token for token in self._tokens.values() if token.user == user and self._lasts(token)]
        return sorted(found, key=lambda token: (token.created_at, token.token_id))

    @override
    def drop_token(self, user: str, token_id: str) -> bool:
        return self._tokens.pop((user, token_id), None) is not None

    @override
    def mark(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        now = self._clock()
        with self._lock:
            for image_id in image_ids:
                at, _ = self._marks.get((user, kind, image_id), (now, now))
                self._marks[user, kind, image_id] = (at, now + lasts)

    @override
    def mark_new(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        wanted, now = list(image_ids), self._clock()
        with self._lock:
            known = self.marks(user, kind, wanted)
            self._marks |= {(user, kind, each): (now, now + lasts) for each in wanted if each not in known}

    @override
    def marks(self, user: str, kind: MarkKind, image_ids: Iterable[str]) -> dict[str, datetime]:
        found = {image_id: self._marks.get((user, kind, image_id)) for image_id in image_ids}
        return {image_id: mark[0] for image_id, mark in found.items() if mark and mark[1] > self._clock()}

    @override
    def look(self, user: str) -> Look | None:
        return self._looks.get(user)

    @override
    def keep_look(self, user: str, look: Look, seen: Look | None) -> bool:
        with self._lock:
            if _number(self._looks.get(user)) != _number(seen):
                return False
            self._looks[user] = look
            return True

    @override
    def note(self, act: Act) -> None:
        self._acts[act.act_id] = act

    @override
    def acts(self, before: str | None = None, limit: int = 100) -> list[Act]:
        kept = [act for act in self._acts.values() if act.at + ACTS_LAST > self._clock()]
        chosen = [act for act in kept if before is None or act.act_id < before]
        return sorted(chosen, key=lambda act: act.act_id, reverse=True)[:limit]

    def _lasts(self, token: Token) -> bool:
        return token.expires_at is None or token.expires_at > self._clock()


def _number(look: Look | None) -> int | None:
    return look.number if look else None
