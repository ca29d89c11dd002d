"""The pages of operators as a person sees them: whole on every screen, by keyboard, without script, and read anew."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sightline.models.budgets import Account, Purse
from sightline.models.images import Lane
from sightline.queues.redis import Waiting
from sightline.queues.steps import lane_queue
from sightline.services.need import Ask, Need
from sightline.services.need_estimate import NAME
from sightline.storage.pauses import Cause, Stop
from sightline.testing.fake import picture, uri_of
from sightline.testing.money import treasury_of

INGEST = lane_queue("ingest", Lane.LIVE)
LONG = "a camera with a rather long name behind the barn " * 4


@pytest.fixture
def operated(served):
    """Serve a house with dead letters, a stopped camera, a queue that waits, and a month of costs."""
    house, world = served.house, served.house.world
    house.analyse()
    for second in range(10, 16):
        world.put(uri_of(str(second)), b"no picture")
        world.add(uri_of(str(second)))
    world.put(f"s3://frames/{LONG.strip()}/2026-11-02/{'x' * 700}.jpg", picture(7, (20, 20)))
    world.add(f"s3://frames/{LONG.strip()}/2026-11-02/{'x' * 700}.jpg")
    world.run()
    now = world.clock.now
    world.operations.pauses.stop(
        Stop(INGEST, Cause.CAMERA, f"NotAnImage rejected most images: see `{LONG}`", now, None, LONG.strip())
    )
    world.queues.now = {INGEST: Waiting(3, now - timedelta(minutes=30))}
    for back in range(20):
        day = (now - timedelta(days=back)).date().isoformat()
        counts = {("labels", "cost_micro_usd"): 900_000 + 70_000 * (back % 7), ("faces", "cost_micro_usd"): 250_000}
        world.operations.usage.count(day, counts | {("labels", "unknown"): 100 * (back % 3)})
    set_money(house)
    return served


def set_money(house):
    """Set caps, of which one was reached and one will be; and have images paid for by need."""
    world, services = house.world, house.console.services
    treasury = treasury_of("100 USD/month, 1 USD/day, labels live 6 USD/month", world.operations, world.clock)
    live = Purse("labels", Lane.LIVE)
    days = [world.clock.now.date() - timedelta(days=back) for back in range(15)]
    taken = {str(day): {live: 400_000 + 900_000 * (day.day % 2), Purse("faces", Lane.LIVE): 5_000_000} for day in days}
    month = str(days[0])[:7]
    world.operations.budget_accounts.replace(Account(month, {day: taken[day] for day in taken if day[:7] == month}))
    plan = replace(services.plan, need=Need(asks={"faces": Ask(labels={"Person": 50})}))
    facts = {"images": 41_000, "saved_usd": 41.0, "compared": 900, "missed": 3.2, "missed_low": 0.0, "missed_high": 9.0}
    none = {"images": 12, "saved_usd": 0.012, "compared": 0, "missed": None, "missed_low": 0.0, "missed_high": 12.0}
    why = {"faces": {**facts, "reason": None}, "text": {**none, "reason": "no burst of the control slice was compared"}}
    kept = {"first_day": str(days[-1]), "last_day": str(days[0]), "features": why}
    world.operations.checkpoints.keep(NAME, kept, timedelta(days=1))
    house.console.services = replace(services, plan=plan, treasury=treasury)


PAGES = {
    "status": "/status",
    "resume": "/status/resume?stop=camera%23ingest%23" + LONG.strip().replace(" ", "%20"),
    "dead": "/dead",
    "dead-group": "/dead?error=NotAnImage",
    "dead-confirm": "/dead/confirm?error=NotAnImage&act=redrive&whole=1",
    "cost": "/cost",
    "rates": "/rates",
    "people": "/people",
    "person": "/people/user?name=owner",
    "log": "/log",
}


def test_the_pages_of_operators_are_whole_on_every_screen(operated, visit):
    assert operated
    with visit() as seen:
        seen.sign_in()
        for name, path in PAGES.items():
            seen.go(path)
            seen.look_on_every_screen(f"operators-{name}")


BROKEN_OPERATIONS = """
[...document.querySelectorAll("[data-part=calls] td:first-child bdi")]
  .filter((each) => each.getClientRects().length > 1).map((each) => each.textContent)
"""


def test_no_name_of_an_operation_goes_on_in_the_next_line(operated, visit):
    assert operated
    with visit() as seen:
        seen.sign_in("operator")
        seen.go("/status")
        expect(seen.page.locator("[data-part=calls]")).to_contain_text("DetectLabels")
        for width in (360, 800, 1000):
            seen.show_on(width, "light")
            assert [] == seen.page.evaluate(BROKEN_OPERATIONS), width


def test_the_status_is_read_anew_until_it_is_paused(operated, visit):
    with visit() as seen:
        seen.page.clock.install()
        seen.sign_in("operator")
        seen.go("/status")
        queues, pause = seen.page.locator('[data-part="queues"]'), seen.page.get_by_role("button", name="Pause")
        expect(queues.locator("td").nth(1)).to_have_text("3")
        operated.house.world.queues.now = {INGEST: Waiting(4321)}
        operated.house.world.clock.move(timedelta(seconds=10))
        seen.page.clock.fast_forward(10_000)
        expect(queues.locator("td").nth(1)).to_have_text("4,321")
        expect(seen.page.locator("[data-alarms]")).not_to_contain_text("has waited")
        seen.page.keyboard.press("p")
        expect(pause).to_have_count(0)
        asked = []
        seen.page.on("request", lambda request: asked.append(request.url))
        seen.page.clock.fast_forward(60_000)
        assert [] == asked
        operated.house.world.queues.now = {}
        operated.house.world.clock.move(timedelta(seconds=10))
        seen.page.get_by_role("button", name="Go on").press("Enter")
        expect(queues).to_contain_text("waiting: none")
        assert [] == seen.wrong


def test_dead_letters_are_chosen_as_visits_are(operated, visit):
    assert operated
    with visit() as seen:
        seen.sign_in("operator")
        seen.go("/dead?error=NotAnImage")
        boxes, redrive = seen.page.locator("[name=pick]"), seen.page.get_by_role("button", name="Redrive").first
        boxes.nth(1).click()
        expect(redrive).to_have_text("Redrive 1 chosen…")
        boxes.nth(4).click(modifiers=["Shift"])
        assert [False, True, True, True, True, False] == [box.is_checked() for box in boxes.all()]
        boxes.nth(3).click(modifiers=["Shift"])
        assert [False, True, True, False, False, False] == [box.is_checked() for box in boxes.all()]
        seen.page.keyboard.press("Control+a")
        expect(redrive).to_have_text("Redrive 6 chosen…")
        assert [] == seen.wrong


@pytest.mark.parametrize("script", [True, False])
def test_dead_letters_are_redriven_by_keyboard_and_without_script(operated, visit, script):
    with visit(360, "dark", script=script) as seen:
        seen.sign_in("operator")
        seen.go("/dead?error=NotAnImage")
        for place in (0, 2):
            box = seen.page.locator("[name=pick]").nth(place)
            box.focus()
            seen.page.keyboard.press("Space")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="chosen").first.press("Enter")
        assert "2 images are looked at again" in seen.page.locator("main").inner_text()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Redrive 2").press("Enter")
        assert "2 sent again" in seen.page.locator("main").inner_text()
        assert 2 == len(operated.house.world.sent)
        assert [] == seen.wrong
