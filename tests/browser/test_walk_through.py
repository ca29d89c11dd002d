"""The walk-through of the documentation, step by step, as its owner takes it; `make pictures` keeps what is seen."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image

from sightline.stats.verdicts import Answer
from tests.browser.conftest import HOST, HouseVisit, Served, serve
from tests.browser.household import OWNER, SUNDAY, Household, household
from tests.browser.visiting import SCREENSHOTS
from tests.documents import CHECKOUT, MOST_BYTES_OF_A_PICTURE
from tests.unit.web.house import PASSWORD

PAGE = CHECKOUT / "docs" / "walk-through.md"
WIDE, HIGH = 1120, 780
"""What of a page is in its picture: as much as is seen without scrolling."""

LOOKED_AT = 5
"""How many are answered when the picture of the review is kept."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Household:
    return household(tmp_path_factory.mktemp("thumbs"), HOST)


@pytest.fixture(scope="module")
def served(home: Household) -> Iterator[Served]:
    with serve(home.house) as made:
        yield made


class Walk:
    """The steps that were taken. Each is kept as a picture once the page says what it should."""

    def __init__(self, seen: HouseVisit, home: Household, pictures: Path | None) -> None:
        self.seen, self.home, self.page = seen, home, seen.page
        self.taken: list[str] = []
        self._pictures = pictures

    def step(self, name: str, *words: str, high: int = HIGH) -> None:
        """Require words on the page, and keep what is seen of it: `high` pixels."""
        self.page.set_viewport_size({"width": WIDE, "height": high})
        self.page.wait_for_load_state("networkidle")
        said = self.page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ")
        assert [] == [each for each in words if each not in said], said
        seen = self.page.screenshot()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / f"walk-{name}.png").write_bytes(seen)
        if self._pictures is not None:
            (self._pictures / f"{name}.webp").write_bytes(small(Image.open(io.BytesIO(seen))))
        self.taken.append(name)

    def press(self, key: str) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def click(self, role: Literal["link", "button"], name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role(role, name=name).first.click()


def test_the_owner_walks_through_monday_morning(home, visit, request):
    with visit() as seen:
        walk = Walk(seen, home, request.config.getoption("pictures"))
        sign_in(walk)
        review(walk)
        look_at_what_is_new(walk)
        see_patterns_and_figures(walk)
        assert [] == seen.wrong
    named = re.findall(r"\(pictures/([\w-]+)\.webp\)", PAGE.read_text("utf-8"))
    assert walk.taken == named, "the steps of the page are those that were taken"


def sign_in(walk: Walk) -> None:
    walk.seen.go("/review")
    walk.page.get_by_label("Name").fill(OWNER)
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.step("sign-in", "Sign in", high=380)
    walk.click("button", "Sign in")


def review(walk: Walk) -> None:
    """Answer by keys, before the page of what is new tells what the detector found."""
    walk.page.get_by_label("Days up to it").select_option("7")
    walk.click("button", "Start")
    count = int(re.findall(r"of (\d+) answered", walk.page.locator("[role=status]").inner_text())[0])
    for number in range(count):
        walk.page.locator("[data-judged]").evaluate("picture => picture.decode()")
        if number == LOOKED_AT:
            walk.step("review", f"{LOOKED_AT} of {count} answered", "1 Present", "0 Absent", "U Unsure")
            assert bottom(walk, "figure") <= top(walk, ".answering"), "all of the picture is above the buttons"
        walk.press("1" if is_somebody_there(walk) else "0")
    walk.click("button", "Close it")
    walk.step("revealed", f"{count} of {count} answered", "your answers are final", high=640)


def is_somebody_there(walk: Walk) -> bool:
    """Look at the picture, as the owner does: its page says which one it is, and the household knows the truth."""
    batch_id, number = re.findall(r"/review/(\w+)/(\d+)", walk.page.url)[0]
    batch = walk.home.world.users.batches.get(OWNER, batch_id)
    assert batch is not None
    picture = batch.picture(int(number))
    assert picture is not None
    return walk.home.truth[picture.image_id] is Answer.PRESENT


def bottom(walk: Walk, selector: str) -> float:
    return float(walk.page.locator(selector).first.evaluate("each => each.getBoundingClientRect().bottom"))


def top(walk: Walk, selector: str) -> float:
    return float(walk.page.locator(selector).first.evaluate("each => each.getBoundingClientRect().top"))


def look_at_what_is_new(walk: Walk) -> None:
    walk.click("link", "New")
    walk.step("new", "18 pictures in 13 visits: yard 8, gate 6, garden 4")
    with walk.page.expect_navigation():
        walk.page.locator(".visit a:has(img)").first.click()
    walk.step("image", "Person", "Face", "AB 123")
    walk.click("link", "New")
    walk.press("s")
    walk.step("seen", "18 pictures marked as seen", "Nothing new", high=300)
    walk.seen.go(f"/day?day={SUNDAY}")
    walk.step("day", "9 pictures in 7 visits")


def see_patterns_and_figures(walk: Walk) -> None:
    walk.click("link", "Patterns")
    walk.step("heat", "When Person is seen", high=680)
    walk.home.roll_up()
    walk.home.house.console.reports.drop(lambda _: True)
    walk.click("link", "Accuracy")
    walk.step("accuracy", "Another threshold")
    walk.click("link", "Status")
    walk.step("status", "All is well")


def small(picture: Image.Image) -> bytes:
    """Return a WebP of the best quality that is small enough."""
    written = (written_with(picture, quality) for quality in range(85, 40, -10))
    return next(each for each in written if len(each) <= MOST_BYTES_OF_A_PICTURE)


def written_with(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=6)
    return file.getvalue()
