"""Candidates for known people as a reviewer answers them: by keys, without script, and with each box in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sightline.models.people_policy import KnownPeople
from sightline.testing.fake import FakeSightline, uri_of
from tests.browser.boxes import FACE, assert_boxes_fit, photo
from tests.browser.conftest import HOST, Served, serve
from tests.browser.judging import press, wait
from tests.browser.visiting import WIDTHS
from tests.unit.web.house import build
from tests.unit.web.known import POLICY, keep, know

URIS = [uri_of(f"0{number}", "gate") for number in range(3)]
SIZES = ((1920, 1080), (900, 1600), (640, 480))
LONG = "Annemarie Constance Featherstonehaugh-Cholmondeley of the house behind the barn"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve three candidates; the picture of one is stored turned."""
    world = FakeSightline(people_policy=POLICY, known_people=KnownPeople(POLICY, 99.0))
    house = build(tmp_path, host=HOST, world=world)
    know(house, LONG)
    for number, (uri, size) in enumerate(zip(URIS, SIZES, strict=True)):
        house.analyse(uri, data=photo(size, orientation=6 if number == 1 else 1))
        keep(house, uri, LONG, box=FACE, similarity=99.25)
    with serve(house) as made:
        yield made


def begin(seen):
    seen.sign_in("reviewer")
    seen.go("/review/people")
    wait(seen)


def words(served):
    return [each.word for each in served.house.world.operations.people.matches() if each.word]


def test_every_page_of_candidates_is_whole_on_every_screen(served, visit):
    assert served
    with visit() as seen:
        begin(seen)
        seen.look_on_every_screen("candidate")
        for width in WIDTHS:
            seen.show_on(width, "light")
            heights = seen.page.eval_on_selector_all(
                "[data-judges]", "all => all.map((each) => each.getBoundingClientRect().height)"
            )
            assert 2 == len(heights)
            assert min(heights) >= 56
        seen.page.keyboard.press("c")
        assert seen.page.locator(".face img").evaluate("picture => picture.decode().then(() => picture.naturalWidth)")
        assert seen.page.locator("[data-judged]").is_hidden()
        seen.look_on_every_screen("candidate-close")
        press(seen, "1")
        press(seen, "z")
        assert "You said: yes" in seen.page.locator("[role=status]").inner_text()
        seen.look_on_every_screen("candidate-again")
        press(seen, "Escape", is_last=True)
        expect(seen.page.locator("main")).to_contain_text("99.2 % alike")
        seen.look_on_every_screen("candidates-said")
        seen.go("/review")
        seen.look_on_every_screen("review-start-with-people")


def test_keys_alone_answer_all_and_nothing_leaks_before_the_reviewer_stops(served, visit):
    said: list[str] = []
    with visit() as seen:
        begin(seen)
        seen.page.on("response", lambda answer: said.append(f"{answer.url} {answer.headers}"))
        for key, is_last in (("l", False), ("y", False), ("0", False), ("n", True)):
            assert "question" == seen.page.evaluate("document.activeElement.id")
            said.append(seen.page.content())
            press(seen, key, is_last=is_last)
            if is_last:
                break
        assert ["confirmed", "denied", "denied"] == sorted(words(served))
        expect(seen.page.locator("main")).to_contain_text("No candidate waits for you")
        assert 3 == seen.page.locator(".card").count()
        hidden = ("99.2", "similarity", "s3://", "MDAlarm")
        assert [] == [word for word in hidden for text in said if word in text]
        assert [] == seen.wrong


@pytest.mark.parametrize("width", WIDTHS)
def test_the_box_is_where_the_face_was_found_to_a_pixel(served, visit, width):
    assert served
    with visit(width) as seen:
        begin(seen)
        turned = set()
        for _ in URIS:
            wide, high = assert_boxes_fit(seen.page, [FACE])
            turned.add(wide > high)
            press(seen, "l")
        assert {True, False} == turned
        seen.page.keyboard.press("b")
        assert seen.page.locator("svg.boxes").is_hidden()
        assert [] == seen.wrong


def test_without_script_the_buttons_answer(served, visit):
    with visit(script=False) as seen:
        seen.sign_in("reviewer")
        seen.page.goto(f"{seen.origin}/review")
        with seen.page.expect_navigation():
            seen.page.get_by_role("link", name="Known people").click()
        for button in ("Yes", "No"):
            with seen.page.expect_navigation():
                seen.page.get_by_role("button", name=button).click()
        assert ["confirmed", "denied"] == sorted(words(served))


def test_a_second_key_and_a_held_key_answer_nothing(served, visit):
    with visit() as seen:
        begin(seen)
        with seen.page.expect_navigation():
            seen.page.evaluate(
                """() => {
                  for (const [key, repeat] of [["1", false], ["0", false], ["0", true]])
                    document.dispatchEvent(new KeyboardEvent("keydown", { key, repeat, bubbles: true }));
                }"""
            )
        wait(seen)
        assert ["confirmed"] == words(served)
