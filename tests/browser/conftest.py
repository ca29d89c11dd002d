"""A console on a free loopback port, and Debian's Chromium in front of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser

from dev.stack.waiting import wait_until
from tests.browser.visiting import Visit, visiting
from tests.unit.web.house import House, build

HOST = "127.0.0.1"


@dataclass
class Served:
    """A house whose console answers at `origin`."""

    house: House
    origin: str


@dataclass
class HouseVisit(Visit):
    """A visit to a house, which lets people in without its form."""

    house: House = field(kw_only=True)

    def sign_in(self, name: str = "all") -> None:
        """Bring the cookie of a session: the form takes two more pages, which cost more than most tests."""
        cookie, credential = self.house.console.options.cookie, self.house.session(name)
        self.page.context.add_cookies(
            [{"name": cookie, "value": credential, "url": self.origin, "httpOnly": True, "sameSite": "Lax"}]
        )


@contextmanager
def serve(house: House) -> Iterator[Served]:
    """Serve a house on a free loopback port."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(house.app, log_config=None, access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, thread.is_alive, every=0.02)
        yield Served(house, f"http://{HOST}:{listening.getsockname()[1]}")
        server.should_exit = True
        thread.join()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(build(tmp_path, host=HOST)) as made:
        yield made


@pytest.fixture
def visit(browser: Browser, served: Served) -> Callable[..., AbstractContextManager[HouseVisit]]:
    """Open a browser's page: `with visit(360, "dark") as seen`."""

    @contextmanager
    def visit(width: int = 1600, theme: str = "light", *, script: bool = True) -> Iterator[HouseVisit]:
        visited = partial(HouseVisit, origin=served.origin, house=served.house)
        with visiting(browser, visited, width, theme, script=script) as seen:
            yield seen

    return visit
