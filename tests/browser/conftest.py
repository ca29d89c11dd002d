"""A console on a free loopback port, and Debian's Chromium in front of it."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

from dev.install.folders import CACHE
from dev.install.servers import BROWSER, how_to_get
from dev.stack.waiting import wait_until
from tests.unit.web.house import PASSWORD, House, build

SCREENSHOTS = CACHE / "screenshots"
HOST = "127.0.0.1"
WIDTHS: tuple[int, ...] = (360, 800, 1600)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",  # a page of another site must reach the console on loopback
)


@dataclass
class Served:
    """A house whose console answers at `origin`."""

    house: House
    origin: str


@dataclass
class Visit:
    """A page of the console in a browser, and all that went wrong in it."""

    page: Page
    served: Served
    name: str
    wrong: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return self.served.origin

    def note(self, message: ConsoleMessage) -> None:
        """Note an error or a warning; a violation of the content security policy is one."""
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type}: {message.text}")

    def pass_on(self, route: Route) -> None:
        """Let a request pass to the console alone."""
        if route.request.url.startswith(f"{self.origin}/"):
            route.continue_()
        else:
            self.wrong.append(f"off the origin: {route.request.url}")
            route.abort()

    def go(self, path: str) -> None:
        """Open a page, and wait until all of it is there."""
        self.page.goto(f"{self.origin}{path}", wait_until="networkidle")

    def sign_in(self, name: str = "all") -> None:
        """Bring the cookie of a session: the form takes two more pages, which cost more than most tests."""
        house = self.served.house
        cookie, credential = house.console.options.cookie, house.session(name)
        self.page.context.add_cookies(
            [{"name": cookie, "value": credential, "url": self.origin, "httpOnly": True, "sameSite": "Lax"}]
        )

    def sign_in_by_form(self, name: str = "all") -> None:
        """Sign in as people do; the user's first page follows."""
        self.go("/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign in").click()

    def show_on(self, width: int, theme: Literal["light", "dark"]) -> None:
        """Show the page on a screen of this width, in light or dark."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=theme)
        self.name = f"{width}-{theme}"

    def look_on_every_screen(self, what: str) -> None:
        """Look at the page as it stands on each width in each theme: nothing is loaded again, which would cost more."""
        for width in WIDTHS:
            for theme in THEMES:
                self.show_on(width, theme)
                self.look(what)

    def look(self, what: str) -> None:
        """Keep a screenshot, and require that the page is whole: no error, no sideways scroll, no axe violation."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{what}-{self.name}.png", full_page=True)
        assert [] == self.wrong
        assert not self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        found = Axe().run(self.page).response["violations"]
        assert [] == [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(how_to_get([BROWSER])))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield launched
        launched.close()


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
def visit(browser: Browser, served: Served) -> Callable[..., AbstractContextManager[Visit]]:
    """Open a browser's page: `with visit(360, "dark") as seen`."""

    @contextmanager
    def visit(width: int = 1600, theme: str = "light", *, script: bool = True) -> Iterator[Visit]:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=script,
        )
        page = context.new_page()
        visited = Visit(page, served, f"{width}-{theme}")
        page.on("console", visited.note)
        page.on("pageerror", lambda error: visited.wrong.append(f"error: {error}"))
        context.route("**/*", visited.pass_on)
        yield visited
        context.close()

    return visit
