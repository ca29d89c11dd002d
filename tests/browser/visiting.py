"""A page of the console in a browser, with an account of all that went wrong in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from dev.install.folders import CACHE
from dev.stack.waiting import STANDSTILL_SECONDS
from tests.unit.web.house import PASSWORD

SCREENSHOTS = CACHE / "screenshots"
WIDTHS: tuple[int, ...] = (360, 800, 1600)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

HIGHEST_HEADER = 120
"""In pixels, also where its links take two lines."""

BROKEN_HEADINGS = """
[...document.querySelectorAll("th")].flatMap((heading) => {
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT), broken = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (text.parentElement.closest("bdi")) continue;
    for (const word of text.data.matchAll(/\\p{L}+/gu)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (range.getClientRects().length > 1) broken.push(word[0]);
    }
  }
  return broken;
})
"""
"""Words of tables' headings that go on in the next line. Names, which people choose, may be of any length."""

SHARED_KEYS = """
[...document.querySelectorAll("[data-key]")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .flatMap((each) => each.dataset.key.toLowerCase().split(" "))
  .filter((key, place, all) => all.indexOf(key) !== place)
"""
"""Keys of which two things on the page say that they are theirs: only the first of them is pressed."""


UNREAD_CHARTS = """
[...document.querySelectorAll(".chart")].filter((each) => each.checkVisibility()).flatMap((chart) => {
  const name = chart.getAttribute("aria-label") ?? chart.getAttribute("aria-labelledby") ?? "";
  const goesOn = chart.scrollWidth > chart.clientWidth;
  const says = chart.closest(".room")?.querySelector(".scrolls")?.checkVisibility() ?? false;
  const sizes = [...chart.querySelectorAll("text")].map(
    (text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a);
  return [
    ...(goesOn && !(says && name && chart.tabIndex === 0) ? [`${name} goes on, and does not say so`] : []),
    ...(goesOn && innerWidth >= 800 ? [`${name} goes on, though there is room`] : []),
    ...(says && !goesOn ? [`${name} says that it goes on, and does not`] : []),
    ...(Math.min(...sizes) < 9.9 ? [`${name} has words of ${Math.min(...sizes)} pixels`] : []),
  ];
})
"""
"""Charts that cannot be read: too wide without a word of it and a way to scroll by keyboard, or too small."""


@dataclass
class Visit:
    """A page of the console in a browser, and all that went wrong in it."""

    page: Page
    origin: str
    name: str
    wrong: list[str] = field(default_factory=list)

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

    def sign_in_by_form(self, name: str = "all", password: str = PASSWORD) -> None:
        """Sign in as people do; the user's first page follows."""
        self.go("/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
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
        """Keep a screenshot, and require that the page is whole.

        No error or axe violation, no scrolling sideways, no word of a heading broken, no key that two buttons
        have, no chart that cannot be read, no header that fills a small screen.
        """
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{what}-{self.name}.png", full_page=True)
        assert [] == self.wrong
        assert not self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert [] == self.page.evaluate(BROKEN_HEADINGS)
        assert [] == self.page.evaluate(SHARED_KEYS)
        assert [] == self.page.evaluate(UNREAD_CHARTS)
        header = self.page.locator("header").bounding_box()
        assert header is None or header["height"] <= HIGHEST_HEADER
        found = Axe().run(self.page).response["violations"]
        assert [] == [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


Visited = TypeVar("Visited", bound=Visit)


@contextmanager
def visiting(
    browser: Browser, visit: Callable[..., Visited], width: int = 1600, theme: str = "light", *, script: bool = True
) -> Iterator[Visited]:
    """Open a page in a browser that knows nothing yet: no cookie and no picture. visit: what is made of the page."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        java_script_enabled=script,
    )
    context.set_default_timeout(1000 * STANDSTILL_SECONDS)
    page = context.new_page()
    made = visit(page=page, name=f"{width}-{theme}")
    page.on("console", made.note)
    page.on("pageerror", lambda error: made.wrong.append(f"error: {error}"))
    context.route("**/*", made.pass_on)
    yield made
    context.close()
