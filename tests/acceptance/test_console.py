"""The console in a real browser over a running stack: from an upload to figures, and with Neo4j killed under it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import expect

from dev.stack.layout import Layout
from sightline.models.images import State
from sightline.services.rollups.run import roll_up_now
from tests.acceptance.spine import LYING, TURNED, Spine
from tests.browser.boxes import FACE, PERSON, assert_boxes_fit
from tests.browser.visiting import WIDTHS, Visit, visiting

pytestmark = pytest.mark.acceptance

CAMERA = "porch"
ROLES = ("owner", "reviewer")
TEN = 10
APART = timedelta(minutes=2)
"""Each picture is a visit of its own."""


@dataclass
class Console:
    """The console of a stack, and who may sign in to it."""

    spine: Spine
    origin: str
    passwords: dict[str, str]

    def sign_in(self, seen: Visit, name: str) -> None:
        seen.sign_in_by_form(name, self.passwords[name])


@pytest.fixture(scope="module")
def console(spine):
    """Serve the console as `make up` does, for one owner and one reviewer."""
    passwords = {
        role: spine.command("users", "add", role, "--role", role).stdout.strip() for role in ("owner", "reviewer")
    }
    spine.stack.start_workers({"web": 1})
    yield Console(spine, f"http://127.0.0.1:{Layout(spine.stack.layout.folder).port('web')}", passwords)
    spine.stack.start_workers({"web": 0})


@pytest.fixture(scope="module")
def uploaded(console):
    """Return ten images, uploaded and added as a producer does it: in the first two somebody stands."""
    now, pictures = datetime.now(UTC), [LYING, TURNED, *[None] * (TEN - 2)]
    keys = [f"{CAMERA}/MDAlarm_{now - number * APART:%Y%m%d-%H%M%S}.jpg" for number in range(TEN)]
    uris = [console.spine.put(key, data) for key, data in zip(keys, pictures, strict=True)]
    assert "10 new" in console.spine.command("add", *uris).output
    rows = console.spine.wait(uris)
    assert {State.COMPLETE} == {row.state for row in rows.values()}
    # The scheduled sync notes the days within minutes.
    console.spine.services.operations.dirty_days.mark({row.capture.camera_day for row in rows.values()})
    return uris


def test_ten_pictures_go_from_their_upload_to_ten_blind_verdicts_and_figures(console, uploaded, browser):
    lying, turned, *_ = uploaded
    with visiting(browser, partial(Visit, origin=console.origin)) as seen:
        console.sign_in(seen, "owner")
        see_what_is_new(console, seen)
        for uri, is_wide in ((lying, True), (turned, False)):
            seen.go(f"/image?id={uri}")
            for width in WIDTHS:
                seen.show_on(width, "light")
                wide, high = assert_boxes_fit(seen.page, (FACE, PERSON))
                assert is_wide == (wide > high)
        assert [] == seen.wrong
    with visiting(browser, partial(Visit, origin=console.origin)) as seen:
        console.sign_in(seen, "reviewer")
        review_blindly(seen)
        assert [] == seen.wrong
    services = console.spine.services
    roll_up_now(services, {row.capture.camera_day for row in console.spine.rows(uploaded).values()})
    with visiting(browser, partial(Visit, origin=console.origin)) as seen:
        console.sign_in(seen, "owner")
        seen.go(f"/accuracy?camera={CAMERA}")
        row = seen.page.locator("table.figures tbody tr").first
        figures = {name: row.locator(f'[data-name="{name}"]').inner_text() for name in ("Images", "Reviewed")}
        assert {"Images": "10", "Reviewed": "10"} == figures
        assert [] == seen.wrong


def see_what_is_new(console: Console, seen: Visit) -> None:
    """Find the pictures among what is new, each in its visit; mark them as seen; then they are new no more."""

    def is_listed() -> bool:
        seen.go(f"/new?camera={CAMERA}")  # it leaves out what arrived in the last seconds
        return TEN == seen.page.locator(".visit").count()

    console.spine.until(is_listed, lambda: seen.page.locator("main").inner_text())
    assert "Person" in seen.page.locator(".visit").filter(has=seen.page.locator("img")).first.inner_text()
    with seen.page.expect_navigation():
        seen.page.keyboard.press("s")
    assert "10 pictures marked as seen" in seen.page.locator("[role=status]").inner_text()
    assert 0 == seen.page.locator(".visit").count()


def review_blindly(seen: Visit) -> None:
    """Answer by keys alone, from what the pictures show: the two photos are the large ones."""
    seen.go("/review")
    seen.page.get_by_label("Camera").select_option(CAMERA)
    seen.page.get_by_label("Days up to it").select_option("7")
    with seen.page.expect_navigation():
        seen.page.get_by_role("button", name="Start").click()
    for _ in range(TEN):
        assert "97" not in seen.page.locator("main").inner_text(), "what the detector was sure of"
        judged = seen.page.locator("[data-judged]")
        is_photo = judged.evaluate("picture => picture.decode().then(() => picture.naturalWidth > 200)")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("1" if is_photo else "0")
    assert "10 of 10 answered" in seen.page.locator("h1").inner_text()
    with seen.page.expect_navigation():
        seen.page.get_by_role("button", name="Close it").click()
    assert "The detector agrees with 10 of your 10 answers." in seen.page.locator("main").inner_text()


def test_with_neo4j_killed_the_console_says_so_and_works_again_once_it_is_back(console, uploaded, browser):
    neo4j = console.spine.stack.server("neo4j")
    search = f"/search?label=Person&camera={CAMERA}"
    with visiting(browser, partial(Visit, origin=console.origin)) as seen:
        console.sign_in(seen, "owner")
        main = seen.page.locator("main")

        def finds_both() -> bool:
            seen.go(search)  # a busy Neo4j may be too slow for a page, which then says so
            return 2 == seen.page.locator(".hit").count()

        console.spine.until(finds_both, main.inner_text)
        neo4j.kill()
        try:
            for page in (search, "/heat?label=Plant"):  # of a watched label, ended days are counted already
                seen.go(page)
                told = seen.page.get_by_role("alert").inner_text()
                assert "Neo4j" in told
                assert "What to do: " in told
            with seen.page.expect_navigation():
                seen.page.get_by_role("alert").get_by_role("link", name="Day").click()
            expect(seen.page.locator(".visit").first).to_be_visible()
            seen.go(f"/image?id={uploaded[0]}")
            assert_boxes_fit(seen.page, (FACE, PERSON))
        finally:
            neo4j.start()
        console.spine.until(finds_both, main.inner_text)
