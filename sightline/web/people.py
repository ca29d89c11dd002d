"""Who may sign in, as operators see and change it. What ends an operator's own access another operator does."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sightline.services.users import NoSuchUser, add_user, new_password, set_password
from sightline.storage.users.protocol import Role, User, UserChange
from sightline.web.acts import Acting
from sightline.web.console import Console
from sightline.web.errors import NotAllowed
from sightline.web.visitors import Visitor

LOOKED_AT = 500
"""Entries of the log in which the last sign-ins are looked for."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user, and when they last signed in: None if that is not among the last LOOKED_AT entries of the log."""

    user: User
    signed_in_at: datetime | None


def read_people(console: Console) -> list[Person]:
    """Return every user, by name."""
    users = console.services.users
    last: dict[str, datetime] = {}
    for act in users.acts(limit=LOOKED_AT):
        if act.what == "sign in":
            last.setdefault(act.user, act.at)
    return [Person(each, last.get(each.name)) for each in users.users()]


def person_named(name: str, console: Console) -> User:
    """Return a user; raise NoSuchUser."""
    user = console.services.users.user(name)
    if user is None:
        raise NoSuchUser(name)
    return user


def add_person(name: str, roles: Iterable[Role], visitor: Visitor, console: Console) -> str:
    """Add a user, and return the password that was drawn; raise InvalidUser."""
    services, password, given = console.services, new_password(), sorted(roles)
    acting = Acting("add user", name, visitor, console)
    acting.begin({"roles": [*given]})
    add_user(name, given, password, users=services.users, passwords=console.passwords, clock=services.clock)
    acting.end()
    return password


def set_roles(name: str, roles: frozenset[Role], visitor: Visitor, console: Console) -> None:
    """Give a user these roles instead; tokens have what their user still has."""
    before = person_named(name, console)
    if not roles:
        raise no_such_role(name)
    if name == visitor.user and Role.OPERATOR not in roles:
        raise NotAllowed(name, rule="nobody takes the role operator from themselves", remedy="Ask another operator")
    details = {"before": sorted(before.roles), "after": sorted(roles)}
    acting = Acting("set roles", name, visitor, console)
    acting.begin(details)
    console.services.users.change(name, UserChange(roles=roles))
    _forget(name, console)
    acting.end(details)


def no_such_role(name: str) -> NotAllowed:
    """Return the error for a user who would have no role."""
    return NotAllowed(name, rule="a user must have a role", remedy="Give one, or remove the user")


def draw_password(name: str, visitor: Visitor, console: Console) -> str:
    """Draw another password for a user, end their sessions, and return it."""
    person_named(name, console)
    password = new_password()
    acting = Acting("set password", name, visitor, console)
    acting.begin()
    set_password(name, password, users=console.services.users, passwords=console.passwords)
    _forget(name, console)
    acting.end()
    return password


def end_sessions(name: str, visitor: Visitor, console: Console) -> None:
    """Sign a user out everywhere, and withdraw their tokens."""
    users = console.services.users
    person_named(name, console)
    acting = Acting("end sessions", name, visitor, console)
    acting.begin()
    users.change(name, UserChange(ends_sessions=True))
    withdrawn = [token for token in users.tokens(name) if users.drop_token(name, token.token_id)]
    _forget(name, console)
    acting.end({"tokens": len(withdrawn)})


def remove_person(name: str, visitor: Visitor, console: Console) -> None:
    """Remove a user with sessions, tokens and marks; verdicts stay."""
    person_named(name, console)
    if name == visitor.user:
        raise NotAllowed(name, rule="nobody removes themselves", remedy="Ask another operator")
    acting = Acting("remove user", name, visitor, console)
    acting.begin()
    console.services.users.remove(name)
    _forget(name, console)
    acting.end()


def _forget(name: str, console: Console) -> None:
    """Read the user again: what they may do has changed."""
    console.forget_visitors(lambda kept: kept.user == name)
