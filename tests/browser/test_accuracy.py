"""Accuracy as a person sees it: whole on every screen, and the slider by keyboard and without script."""

import re
from collections.abc import Iterator

import pytest

from sightline.services.review_batches import Wanted, begin_batch
from sightline.stats.verdicts import Answer
from tests.browser.conftest import HOST, Served, serve
from tests.unit.services.rollups.yard import Yard, truth
from tests.unit.web.figures_house import answer, fill, review
from tests.unit.web.house import build


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """Serve two days of two cameras, half of them reviewed, and one camera of which little is."""
    yard = Yard()
    fill(yard)
    for number, uri in enumerate(review(yard, 80)):
        if number % 2:
            answer(yard, uri, "bob", Answer.UNSURE if number % 9 == 0 else truth(uri))
    fill(yard, days=1, cameras=("a camera with a rather long name behind the barn",))
    review(yard, 12, "bob")
    yard.roll_up()
    with serve(build(tmp_path_factory.mktemp("thumbs"), host=HOST, world=yard)) as made:
        yield made


def at(seen):
    return seen.page.locator("output").inner_text()


def test_the_pages_of_accuracy_are_whole_on_every_screen(served, visit):
    assert served
    with visit() as seen:
        seen.sign_in("operator")
        for name, path in {"accuracy": "/accuracy?threshold=65", "agreement": "/agreement"}.items():
            seen.go(path)
            for each in seen.page.locator("summary").all():
                each.click()
            seen.look_on_every_screen(name)


def test_the_slider_goes_by_keyboard_and_keeps_the_focus(served, visit):
    assert served
    with visit() as seen:
        seen.sign_in("operator")
        seen.go("/accuracy")
        slider = seen.page.locator("#threshold")
        slider.focus()
        for expected in (55, 60):
            with seen.page.expect_navigation():
                seen.page.keyboard.press("ArrowRight")
            assert f"{expected} %" == at(seen)
            assert f"From {expected}" in seen.page.locator("#told").inner_text().replace("\N{NO-BREAK SPACE}", " ")
            assert "threshold" == seen.page.evaluate("document.activeElement.id")
        with seen.page.expect_navigation():  # one page for all that follow one another
            for _ in range(3):
                seen.page.keyboard.press("ArrowLeft")
        assert "threshold=45" in seen.page.url
        assert [] == seen.wrong


def test_which_pictures_are_meant_is_told_where_its_link_leads(served, visit):
    assert served
    with visit(script=False) as seen:
        seen.sign_in("operator")
        seen.go("/accuracy")
        words = seen.page.get_by_text("or with a synonym or parent of the label")
        assert not words.is_visible()
        seen.page.get_by_role("link", name="Which pictures are meant").first.click()
        words.wait_for(state="visible")
        assert [] == seen.wrong


def test_without_script_the_slider_has_its_button(served, visit):
    assert served
    with visit(script=False) as seen:
        seen.sign_in("operator")
        seen.go("/accuracy?window=28&camera=yard")
        seen.page.locator("#threshold").press("End")
        with seen.page.expect_navigation():
            seen.page.locator("form.threshold button").click()
        assert re.search(r"camera=yard&window=28&threshold=95", seen.page.url)
        assert "From 95" in seen.page.locator("#told").inner_text()


def test_a_reviewer_is_led_to_their_batch_instead_of_figures(served, visit):
    with visit(360, "dark") as seen:
        seen.sign_in("reviewer")
        seen.go("/review/second")
        seen.look("second-looks")
        seen.go("/accuracy")
        assert "Pictures are left to review." in seen.page.locator("main").inner_text()
        begin_batch("reviewer", Wanted("Person", None, None, 1), served.house.world.services)
        seen.go("/accuracy")
        seen.look("accuracy-hidden")
        with seen.page.expect_navigation():
            seen.page.get_by_role("link", name="To the review").click()
        assert "You have an open batch about" in seen.page.locator("main").inner_text()
        assert [] == seen.wrong
