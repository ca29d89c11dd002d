"""The console as a person sees it: whole on every screen, boxes where they belong, by keys and without script."""

import pytest

from sightline.models.answers import Answer, Detection
from sightline.testing.fake import uri_of
from tests.browser.boxes import BOXES, FACE, LINE, assert_boxes_fit, photo
from tests.browser.visiting import WIDTHS
from tests.unit.web.house import DAY

PLAIN, TURNED, OTHER = uri_of("01"), uri_of("02"), uri_of("03")

ANSWERS = {
    "faces": Answer((Detection("Face", 99.0, FACE),), ""),
    "labels": Answer(
        (
            Detection(
                "Person",
                97.5,
                attributes={
                    "parents": ["Human"],
                    "instances": [
                        {
                            "box": {"left": 0.25, "top": 0.5, "width": 0.125, "height": 0.25},
                            "confidence": 97.5,
                        }
                    ],
                },
            ),
            Detection("Plant", 61.0),
            Detection("A" * 120, 40.0),
        ),
        "model-1",
        30.0,
    ),
    "text": Answer((Detection("AB 123 <script>", 88.0, LINE, {"type": "line"}),), "t-1"),
}


@pytest.fixture
def filled(served):
    """Serve three images: one lying, one standing that is stored turned, one without boxes."""
    served.house.analyse(PLAIN, ANSWERS, photo((1920, 1080)))
    served.house.analyse(TURNED, ANSWERS, photo((900, 1600), orientation=6))
    served.house.analyse(OTHER, dict.fromkeys(ANSWERS, Answer((), "")), photo((640, 480)))
    return served


def test_every_page_is_whole_on_every_screen(filled, visit):
    with visit() as seen:
        seen.go("/login")
        seen.look_on_every_screen("login")
        seen.sign_in_by_form()
        pages = {"day": f"/day?day={DAY}", "image": f"/image?id={PLAIN}", "me": "/me", "api": "/api"}
        for name, path in pages.items():
            seen.go(path)
            seen.look_on_every_screen(name)
        filled.house.ask(PLAIN)
        seen.go(f"/image?id={PLAIN}")
        seen.look_on_every_screen("image-in-review")


@pytest.mark.parametrize("uri", [PLAIN, TURNED], ids=["lying", "turned"])
@pytest.mark.parametrize("width", WIDTHS)
def test_each_box_is_where_it_was_found_to_a_pixel(filled, visit, width, uri):
    assert filled
    with visit(width) as seen:
        seen.sign_in()
        seen.go(f"/image?id={uri}")
        seen.look(f"boxes-{'turned' if uri == TURNED else 'lying'}")
        wide, high = assert_boxes_fit(seen.page, BOXES)
        assert (wide > high) == (uri == PLAIN)


def test_a_row_lights_its_boxes_and_a_box_its_row(filled, visit):
    assert filled
    with visit() as seen:
        seen.sign_in()
        seen.go(f"/image?id={PLAIN}")
        row, box = seen.page.locator('[data-boxes="2"]'), seen.page.locator('[data-box="2"]')
        assert "Person" in row.inner_text()
        row.focus()
        assert "lit" in box.get_attribute("class")
        seen.page.locator('[data-boxes="1"]').focus()
        assert "lit" not in box.get_attribute("class")
        box.locator("rect").hover(force=True, position={"x": 3, "y": 100})
        assert "lit" in (row.get_attribute("class") or "")
        assert [] == seen.wrong


def test_keys_press_the_pages_own_buttons(filled, visit):
    assert filled
    with visit() as seen:
        seen.sign_in()
        seen.go(f"/image?id={PLAIN}")
        boxes, faces = seen.page.locator("svg.boxes"), seen.page.locator('[data-box="1"]')
        seen.page.keyboard.press("b")
        assert boxes.is_hidden()
        seen.page.keyboard.press("B")
        assert boxes.is_visible()
        seen.page.keyboard.press("1")
        assert faces.is_hidden()
        seen.page.keyboard.press("Control+b")
        assert boxes.is_visible()
        seen.page.keyboard.press("?")
        assert "Boxes on or off" in seen.page.locator("dialog[open]").inner_text()
        seen.page.keyboard.press("b")
        assert boxes.is_visible()
        seen.page.keyboard.press("Escape")
        with seen.page.expect_navigation():
            seen.page.keyboard.press("ArrowRight")
        assert "110002" in seen.page.url
        assert [] == seen.wrong


def test_keys_that_are_switched_off_do_nothing(filled, visit):
    assert filled
    with visit() as seen:
        seen.sign_in()
        seen.go("/me")
        seen.page.get_by_label("Single keys are on").uncheck()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Keep").click()
        seen.go(f"/image?id={PLAIN}")
        seen.page.keyboard.press("b")
        assert seen.page.locator("svg.boxes").is_visible()


def test_without_script_all_is_there_and_every_form_works(filled, visit):
    with visit(script=False) as seen:
        seen.sign_in_by_form()
        seen.page.goto(f"{seen.origin}/image?id={PLAIN}")
        assert len(BOXES) == seen.page.locator(".boxes rect").count()
        seen.page.get_by_label("Boxes").first.uncheck()
        assert seen.page.locator("svg.boxes").is_hidden()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="absent").first.click()
        assert "Kept: absent" in seen.page.locator("main").inner_text()
        assert 1 == len(filled.house.world.verdicts.of_image(PLAIN))
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Sign out").click()
        assert seen.page.url.endswith("/login")


def test_who_signs_in_late_comes_back_to_the_same_image(filled, visit):
    assert filled
    with visit() as seen:
        seen.go(f"/image?id={PLAIN}")
        assert "/login" in seen.page.url
        seen.page.get_by_label("Name").fill("owner")
        seen.page.get_by_label("Password").fill("correct horse battery")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Sign in").click()
        assert seen.page.url.endswith("110001.jpg")
        assert seen.page.locator("figure img").evaluate("image => image.naturalWidth") == 1280


def test_another_sites_page_shows_pictures_by_the_apis_addresses_alone(filled, visit):
    header = filled.house.token("owner", "owner")
    address = filled.house.client(base_url=filled.origin).get(
        "/api/v1/image", params={"id": PLAIN}, headers=header | {"host": "127.0.0.1"}
    )
    pictures = address.json()["pictures"]
    with visit() as seen:
        foreign = f"<img src='{seen.origin}{pictures['thumbnail']}'><img src='{seen.origin}/static/icon.svg'>"
        seen.page.route("http://shop.test/", lambda route: route.fulfill(body=foreign, content_type="text/html"))
        seen.page.goto("http://shop.test/")
        widths = seen.page.eval_on_selector_all("img", "images => images.map((image) => image.naturalWidth)")
        assert [320, 0] == widths
