"""A console over a FakeSightline: one image with boxes, and users of every kind."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.testclient import TestClient

from sightline.models.answers import Answer, Box, Detection
from sightline.services.users import Passwords, add_user
from sightline.stats.strata import Stratum
from sightline.storage.users.protocol import Role
from sightline.storage.verdicts.protocol import Asked
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.web.app import make_app
from sightline.web.console import Console, Options
from sightline.web.thumbnails import Thumbnails
from sightline.web.visitors import make_token, start_session

URI = uri_of("01")
DAY = "2026-11-02"
PASSWORD = "correct horse battery"
HOST = "http://testserver"
SHOP = "https://shop.example"
NOBODY: frozenset[Role] = frozenset()
FROM_HERE = {"origin": HOST}
PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

PERSON_AT = [{"box": {"left": 0.25, "top": 0.5, "width": 0.125, "height": 0.25}, "confidence": 97.5}]
LABELS = Answer((Detection("Person", 97.5, attributes={"instances": PERSON_AT}), Detection("Plant", 61.0)), "m-1", 30.0)
FACES = Answer((Detection("Face", 99.0, Box(0.3, 0.55, 0.05, 0.1)),), "")
TEXT = Answer((Detection("AB 123", 88.0, Box(0.1, 0.1, 0.2, 0.05), {"type": "line"}),), "t-1")
PLACES_OF_ARRIVAL = re.compile(r'name="(until|positions|chosen)" value="[^"]*"')
"""The feed's positions in a form: they are drawn at random, so they differ between two houses whatever was found."""

ANSWERS = {"faces": FACES, "labels": LABELS, "text": TEXT}


def fields_of(html: str) -> dict[str, str]:
    """Return what the hidden fields of a page's forms hold."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


@dataclass
class House:
    """The world, its console and its application."""

    world: FakeSightline
    console: Console
    app: FastAPI

    def analyse(self, uri: str = URI, answers: dict[str, Answer] | None = None, data: bytes | None = None) -> None:
        """Take one image through the pipeline, and note its day as known, as the sync does."""
        self.world.put(uri, picture(len(self.world.detector.asked)) if data is None else data)
        given = ANSWERS | (answers or {})
        self.world.detector.script.extend(given[name] for name in sorted(given))
        self.world.add(uri)
        self.world.run()
        row = self.world.images.get(uri)
        assert row is not None
        if row.capture is not None:
            self.world.operations.dirty_days.mark([row.capture.camera_day])
        self.console.known_days.drop(lambda _: True)

    def ask(self, uri: str = URI, content: str | None = None) -> None:
        """Have the review ask about an image."""
        row = self.world.images.get(uri)
        assert row is not None
        assert row.content is not None
        asked = Asked(uri, "Person", content or row.content.sha256, Stratum.A, 50.0, self.world.clock.now)
        self.world.verdicts.ask([asked])

    def add(self, name: str, roles: Iterable[Role]) -> None:
        """Add a user."""
        add_user(name, roles, PASSWORD, users=self.world.users, passwords=PASSWORDS, clock=self.world.clock)

    def client(self, name: str | None = None, **options: Any) -> TestClient:
        """Return a browser; of a user who has signed in, if one is named."""
        client = TestClient(self.app, follow_redirects=False, **options)
        if name is not None:
            client.cookies.set(self.console.options.cookie, self.session(name))
        return client

    def session(self, name: str) -> str:
        """Start a session of this user; return what its cookie holds."""
        user = self.world.users.user(name)
        assert user is not None
        return start_session(user, self.console.options.session_lasts, self.world.users, self.world.clock)

    def token(self, name: str, *roles: Role, lasts: timedelta | None = None) -> dict[str, str]:
        """Return the header of a program of this user."""
        user = self.world.users.user(name)
        assert user is not None
        token = make_token(user, "a program", frozenset(roles), lasts, self.world.users, self.world.clock.now)
        return {"authorization": f"Bearer {token}"}


def build(
    folder: Path, *, is_https: bool = False, host: str = "testserver", world: FakeSightline | None = None
) -> House:
    """Return a house without images, or over a world; with a user for each role and one who has them all."""
    world = world or FakeSightline()
    options = Options(b"s" * 32, (host,), (SHOP,), is_https, timedelta(hours=12), timedelta(seconds=60))
    thumbnails = Thumbnails(folder, 10_000_000, world.buckets)
    console = Console(world.services, options, world.send, thumbnails, PASSWORDS)
    house = House(world, console, make_app(console))
    for role in Role:
        house.add(str(role), [role])
    house.add("all", Role)
    return house
