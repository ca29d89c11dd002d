"""A reviewer at the console: a Chromium and a session of their own, and keys.

Each reviewer has a thread, as Playwright's synchronous API asks for.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from threading import Barrier, Lock

from playwright.sync_api import Page

from bench.reviewers_pictures import DAYS, PLACES, SIDES, Seen, seen_in
from dev.chromium import launched
from dev.install.servers import BROWSER, how_to_get
from dev.stack.waiting import STANDSTILL_SECONDS
from sightline.stats.verdicts import Answer

KEYS = {Answer.PRESENT: "1", Answer.ABSENT: "0", Answer.UNSURE: "u"}
WHERE = re.compile(r"/review/([^/?]+)/(\d+)")
TOLD = "told="
"""In the address of the page that follows a key which the console did not take as an answer."""

LOOK = """async (picture, [places, width, height]) => {
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const drawn = canvas.getContext("2d");
  drawn.drawImage(picture, 0, 0, width, height);
  return places.map(([x, y]) => drawn.getImageData(x, y, 1, 1).data[0]);
}"""
"""The brightness of the picture that is shown, at some places; no key judges it before it is decoded."""

TWO_KEYS = """(keys) => {
  for (const key of keys) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}"""


class Manner(Enum):
    """How a key is pressed: as it should be, held for too long, or with the finger on another answer's key as well."""

    ONCE = "one key"
    HELD = "a held key"
    TWO = "two keys"


MANNERS = 10
"""Of ten pictures one is judged by a key that is held, and one by two keys."""


class NoPicture(Exception):
    """The console shows something else than a picture to judge."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key that answered.

    place: the picture's in its batch; number: what the picture on the screen said; was_taken: the console said nothing
    against it
    """

    reviewer: str
    batch_id: str
    place: int
    number: int
    answer: Answer
    manner: Manner
    was_taken: bool


class Turns:
    """How many verdicts are still to be given by all together; they begin their batches at the same moment."""

    def __init__(self, verdicts: int, reviewers: int) -> None:
        self._left, self._lock, self._goes_on = verdicts, Lock(), True
        self._meeting = Barrier(reviewers, self._decide)

    def _decide(self) -> None:
        self._goes_on = self._left > 0

    def meet(self) -> bool:
        """Wait for the others; return whether there is another batch. Raise BrokenBarrierError if one gave up."""
        self._meeting.wait()
        return self._goes_on

    def take(self) -> bool:
        """Take the next verdict; return False if all are taken."""
        with self._lock:
            is_left = self._left > 0
            self._left -= is_left
        return is_left

    def give_up(self) -> None:
        """Have the others end too."""
        self._meeting.abort()


class Reviewer:
    """Somebody who has signed in, and answers what is asked by keys.

    answer_to: what they say about what they see; each one has their own
    """

    def __init__(self, page: Page, name: str, origin: str, turns: Turns, answer_to: Callable[[Seen], Answer]) -> None:
        self.name, self.presses = name, list[Press]()
        self._page, self._origin, self._turns, self._answer_to = page, origin, turns, answer_to

    def sign_in(self, password: str) -> None:
        """Sign in by the form."""
        self._page.goto(f"{self._origin}/login")
        self._page.get_by_label("Name").fill(self.name)
        self._page.get_by_label("Password").fill(password)
        self._press_button("Sign in")

    def review(self, label: str, last_day: str) -> None:
        """Begin a batch with the others, answer it, close it, and so on until enough verdicts are given."""
        while True:
            self._open_form(label, last_day)
            if not self._turns.meet():
                return
            self._press_button("Start")
            self._answer_batch()
            self._close_batch()
            print(f"{self.name}: a batch is closed, {len(self.presses)} verdicts", flush=True)

    def _open_form(self, label: str, last_day: str) -> None:
        self._page.goto(f"{self._origin}/review")
        self._page.get_by_label("Label").select_option(label)
        self._page.get_by_label("Last day").fill(last_day)
        self._page.get_by_label("Days up to it").select_option(str(DAYS))

    def _answer_batch(self) -> None:
        while not self._is_at_its_end() and self._turns.take():
            self._answer_picture()

    def _answer_picture(self) -> None:
        batch_id, place = self._where()
        seen = self._look()
        answer, manner = self._answer_to(seen), _manner_of(len(self.presses))
        with self._page.expect_navigation():
            self._press(answer, manner)
        self._page.keyboard.up(KEYS[answer])
        was_taken = TOLD not in self._page.url
        self.presses.append(Press(self.name, batch_id, place, seen.number, answer, manner, was_taken))

    def _where(self) -> tuple[str, int]:
        found = WHERE.search(self._page.url)
        if found is None:
            raise NoPicture(f"{self.name} at {self._page.url}: {self._page.locator('main').inner_text()[:500]}")
        return found[1], int(found[2])

    def _look(self) -> Seen:
        picture = self._page.locator("[data-judged]")
        return seen_in(picture.evaluate(LOOK, [PLACES, *SIDES]))

    def _press(self, answer: Answer, manner: Manner) -> None:
        if manner is Manner.TWO:
            other = Answer.ABSENT if answer is Answer.PRESENT else Answer.PRESENT
            self._page.evaluate(TWO_KEYS, [KEYS[answer], KEYS[other]])
            return
        for _ in range(2 if manner is Manner.HELD else 1):
            self._page.keyboard.down(KEYS[answer])

    def _close_batch(self) -> None:
        if not self._is_at_its_end():
            with self._page.expect_navigation():
                self._page.keyboard.press("Escape")
        self._press_button("Close it and see what the detector found")

    def _is_at_its_end(self) -> bool:
        return self._page.url.endswith("/done")

    def _press_button(self, name: str) -> None:
        with self._page.expect_navigation():
            self._page.get_by_role("button", name=name).click()


def _manner_of(number: int) -> Manner:
    return {3: Manner.HELD, 7: Manner.TWO}.get(number % MANNERS, Manner.ONCE)


@contextmanager
def chromium() -> Iterator[Page]:
    """Launch a Chromium of its own, and open a page. Raise MissingProgram without Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        raise how_to_get([BROWSER])
    with launched(path) as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(1000 * STANDSTILL_SECONDS)
        yield context.new_page()
