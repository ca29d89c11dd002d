"""The users of the stack's Redis: one for each part of the product, with the rules of deploy/redis/users.acl."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from dev.stack.folders import CHECKOUT
from dev.stack.layout import Layout

RULES = CHECKOUT / "deploy" / "redis" / "users.acl"
USERS = ("producer", "worker", "flower", "operator")
OPERATOR = "operator"
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def users_file(layout: Layout, key_prefix: str) -> str:
    """Return the file that Redis reads its users from, passwords included."""
    values = {f"SIGHTLINE_REDIS_{user.upper()}_PASSWORD": password(layout, user) for user in USERS}
    return filled_in(RULES.read_text(), values | {"SIGHTLINE_KEY_PREFIX": key_prefix})


def filled_in(rules: str, values: Mapping[str, str]) -> str:
    """Return the rules with their values and without comments, which Redis does not read."""
    lines = [line for line in rules.splitlines(keepends=True) if not line.startswith("#")]
    return _VARIABLE.sub(lambda match: values[match[1]], "".join(lines))


def password(layout: Layout, user: str) -> str:
    """Return a user's password."""
    return layout.password(f"redis {user}")


def url_of(url: str, user: str, layout: Layout) -> str:
    """Return an operator's address as another user's; an address of anybody else, or of another Redis, stays."""
    parts = urlsplit(url)
    if (parts.username, parts.password) != (OPERATOR, password(layout, OPERATOR)):
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password(layout, user)}@{host}"))
