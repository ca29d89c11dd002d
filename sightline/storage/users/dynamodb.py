"""The store of users in DynamoDB."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from typing_extensions import override

from sightline.storage.dynamodb.changes import Change
from sightline.storage.dynamodb.conditions import Condition, all_of, begins_with, equals, exists, less, missing
from sightline.storage.dynamodb.items import Item, instant
from sightline.storage.dynamodb.schema import Key, Schema
from sightline.storage.dynamodb.sort_keys import sort_key
from sightline.storage.dynamodb.table import BATCH_WRITE_LIMIT, DynamoTable
from sightline.storage.users.dynamodb_batches import DynamoBatches
from sightline.storage.users.dynamodb_doubts import DynamoDoubts
from sightline.storage.users.protocol import (
    ACTS_LAST,
    Act,
    Look,
    MarkKind,
    Role,
    Session,
    Token,
    User,
    UserChange,
    UserStore,
)

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

USERS, AUDIT = "users", "audit"
"""The partition of all users, and that of the audit log. What belongs to one user is in a partition of its own."""

LOOK = "look"

WRITERS = 4
"""Requests at once: as many as a page of a day marks."""


class DynamoUserStore(UserStore):
    """The table `<prefix>users`."""

    def __init__(self, client: "DynamoDBClient", prefix: str, clock: Callable[[], datetime]) -> None:
        schema = Schema(f"{prefix}users", Key("kind", "id"), ttl="expires_at")
        self._table = DynamoTable(client, schema)
        self._clock = clock
        self.batches = DynamoBatches(client, schema, clock)
        self.doubts = DynamoDoubts(self._table, clock)

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def user(self, name: str) -> User | None:
        item = self._table.get(_user_key(name))
        return _user(item) if item else None

    @override
    def users(self) -> Iterator[User]:
        yield from map(_user, self._table.query(equals("kind", USERS)))

    @override
    def add(self, user: User) -> bool:
        item = _user_key(user.name) | {
            "roles": _names(user.roles),
            "password_hash": user.password_hash,
            "created_at": instant(user.created_at),
            "epoch": user.epoch,
            "preferences": json.dumps(dict(user.preferences)),
        }
        return self._table.put(item, missing("kind")).is_written

    @override
    def change(self, name: str, change: UserChange) -> User | None:
        changes = Change().add("epoch", int(change.ends_sessions))
        if change.roles is not None:
            changes.set("roles", _names(change.roles))
        if change.password_hash is not None:
            changes.set("password_hash", change.password_hash)
        if change.preferences is not None:
            changes.set("preferences", json.dumps(dict(change.preferences)))
        outcome = self._table.update(_user_key(name), changes, exists("kind"))
        return _user(outcome.item) if outcome.is_written and outcome.item else None

    @override
    def remove(self, name: str) -> bool:
        for item in self._table.query(equals("kind", _of(name))):  # first: nothing may be left for a namesake
            self._table.delete({"kind": item["kind"], "id": item["id"]}, exists("kind"))
        return self._table.delete(_user_key(name), exists("kind"))

    @override
    def start_session(self, session: Session) -> None:
        self._table.put(
            {
                "kind": _of(session.user),
                "id": _session_id(session.session_id),
                "epoch": session.epoch,
                "created_at": instant(session.created_at),
                "ends_at": instant(session.expires_at),
                "expires_at": int(session.expires_at.timestamp()),
            }
        )

    @override
    def session(self, user: str, session_id: str) -> Session | None:
        item = self._table.get({"kind": _of(user), "id": _session_id(session_id)})
        if item is None or self._has_ended(item):
            return None
        created_at, ends_at = map(datetime.fromisoformat, (item["created_at"], item["ends_at"]))
        return Session(user, session_id, item["epoch"], created_at, ends_at)

    @override
    def end_session(self, user: str, session_id: str) -> bool:
        return self._table.delete({"kind": _of(user), "id": _session_id(session_id)}, exists("kind"))

    @override
    def keep_token(self, token: Token) -> None:
        ends_at = token.expires_at
        self._table.put(
            {
                "kind": _of(token.user),
                "id": _token_id(token.token_id),
                "title": token.title,
                "roles": _names(token.roles),
                "created_at": instant(token.created_at),
                "ends_at": instant(ends_at) if ends_at else None,
                "expires_at": int(ends_at.timestamp()) if ends_at else None,
            }
        )

    @override
    def token(self, user: str, token_id: str) -> Token | None:
        item = self._table.get({"kind": _of(user), "id": _token_id(token_id)})
        return None if item is None or self._has_ended(item) else _token(user, item)

    @override
    def tokens(self, user: str) -> list[Token]:
        items = self._table.query(all_of(equals("kind", _of(user)), begins_with("id", _token_id(""))))
        found = [_token(user, item) for item in items if not self._has_ended(item)]
        return sorted(found, key=lambda token: (token.created_at, token.token_id))

    @override
    def drop_token(self, user: str, token_id: str) -> bool:
        return self._table.delete({"kind": _of(user), "id": _token_id(token_id)}, exists("kind"))

    @override
    def mark(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        now = self._clock()
        for image_id in image_ids:
            change = Change().set_if_missing("at", instant(now)).set("image_id", image_id)
            change.set("expires_at", int((now + lasts).timestamp()))
            self._table.update({"kind": _of(user), "id": _mark_id(kind, image_id)}, change)

    @override
    def mark_new(self, user: str, kind: MarkKind, image_ids: Iterable[str], lasts: timedelta) -> None:
        wanted = list(dict.fromkeys(image_ids))
        known, now = self.marks(user, kind, wanted), self._clock()
        mark = {"kind": _of(user), "at": instant(now), "expires_at": int((now + lasts).timestamp())}
        fresh = [mark | {"id": _mark_id(kind, each), "image_id": each} for each in wanted if each not in known]
        parts = [fresh[first : first + BATCH_WRITE_LIMIT] for first in range(0, len(fresh), BATCH_WRITE_LIMIT)]
        if len(parts) > 1:  # a page waits for this
            with ThreadPoolExecutor(WRITERS, thread_name_prefix="mark") as pool:
                list(pool.map(self._table.put_many, parts))
        else:
            self._table.put_many(fresh)

    @override
    def marks(self, user: str, kind: MarkKind, image_ids: Iterable[str]) -> dict[str, datetime]:
        keys = [{"kind": _of(user), "id": _mark_id(kind, image_id)} for image_id in dict.fromkeys(image_ids)]
        items = [item for item in self._table.get_many(keys) if not self._has_ended(item)]
        return {item["image_id"]: datetime.fromisoformat(item["at"]) for item in items}

    @override
    def look(self, user: str) -> Look | None:
        item = self._table.get({"kind": _of(user), "id": LOOK})
        return _look(item) if item else None

    @override
    def keep_look(self, user: str, look: Look, seen: Look | None) -> bool:
        item: Item = {"kind": _of(user), "id": LOOK, **_look_item(look)}
        if look.before is not None:
            item["before"] = _look_item(look.before)
        return self._table.put(item, equals("number", seen.number) if seen else missing("kind")).is_written

    @override
    def note(self, act: Act) -> None:
        self._table.put(
            {
                "kind": AUDIT,
                "id": act.act_id,
                "at": instant(act.at),
                "user": act.user,
                "what": act.what,
                "on": act.on,
                "details": json.dumps(dict(act.details)),
                "expires_at": int((act.at + ACTS_LAST).timestamp()),
            }
        )

    @override
    def acts(self, before: str | None = None, limit: int = 100) -> list[Act]:
        earlier: tuple[Condition, ...] = (less("id", before),) if before else ()
        where = all_of(equals("kind", AUDIT), *earlier)
        items = self._table.query(where, newest_first=True, page=limit)
        return [_act(item) for item in islice((each for each in items if not self._has_ended(each)), limit)]

    def _has_ended(self, item: Item) -> bool:
        """Compare the time: TTL deletes late."""
        return "expires_at" in item and item["expires_at"] <= self._clock().timestamp()


def _user_key(name: str) -> dict[str, str]:
    return {"kind": USERS, "id": name}


def _of(user: str) -> str:
    return f"of#{user}"


def _session_id(session_id: str) -> str:
    return f"session#{session_id}"


def _token_id(token_id: str) -> str:
    return f"token#{token_id}"


def _mark_id(kind: MarkKind, image_id: str) -> str:
    return sort_key(f"mark#{kind}#{image_id}")


def _names(roles: frozenset[Role]) -> list[str]:
    return sorted(map(str, roles))


def _roles(item: Item) -> frozenset[Role]:
    return frozenset(map(Role.read, item["roles"]))


def _user(item: Item) -> User:
    return User(
        item["id"],
        _roles(item),
        item["password_hash"],
        datetime.fromisoformat(item["created_at"]),
        item["epoch"],
        json.loads(item["preferences"]),
    )


def _token(user: str, item: Item) -> Token:
    ends_at = item.get("ends_at")
    return Token(
        user,
        item["id"].removeprefix(_token_id("")),
        item["title"],
        _roles(item),
        datetime.fromisoformat(item["created_at"]),
        datetime.fromisoformat(ends_at) if ends_at else None,
    )


def _act(item: Item) -> Act:
    at = datetime.fromisoformat(item["at"])
    return Act(item["id"], at, item["user"], item["what"], item["on"], json.loads(item["details"]))


def _look_item(look: Look) -> Item:
    return {"position": look.position, "shown": sorted(look.shown), "number": look.number, "undone": look.undone}


def _look(item: Item) -> Look:
    before = item.get("before")
    return Look(
        item["position"],
        frozenset(item["shown"]),
        item["number"],
        item["undone"],
        _look(before) if before else None,
    )
