"""The review as a person does it: by keys, without script, on a phone, and with nothing that leaks."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Response, Route

from sightline.models.answers import Answer as Found
from sightline.models.answers import Detection
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.stats.verdicts import Answer, Source
from sightline.testing.fake import picture, uri_of
from tests.browser.judging import press, wait
from tests.browser.visiting import WIDTHS

URIS = [uri_of(f"{second:02}") for second in range(6)]
MARKED = ("ZzLabel", "43.21", "87.65", "stratum", "MDAlarm", "s3://")

BELOW_THE_FOLD = """[...document.querySelectorAll("main h1, main button, main .button, main figure img")]
  .filter((each) => each.getBoundingClientRect().bottom > innerHeight).map((each) => each.textContent.trim())"""
"""What of a picture's page is not seen without scrolling."""


@pytest.fixture
def yard(served):
    """Serve six pictures, in one of which the detector found somebody."""
    for shade, uri in enumerate(URIS):
        person = [Detection("Person", 87.65)] if shade == 0 else []
        answers = {"labels": Found((*person, Detection("ZzLabel", 43.21)), "m-1", 30.0)}
        served.house.analyse(uri, answers, picture(40 * shade, (1600, 1200)))
    return served


def begin(seen, name="reviewer"):
    seen.sign_in(name)
    seen.go("/review")
    with seen.page.expect_navigation():
        seen.page.get_by_role("button", name="Start").click()
    wait(seen)


def verdicts(served):
    return [kept.verdict for uri in URIS for kept in served.house.world.verdicts.of_image(uri)]


def test_keys_alone_review_a_whole_batch_and_nothing_leaks_before_the_reveal(yard, visit):
    said: list[str] = []

    def note(answer: Response) -> None:
        body = answer.text() if "html" in answer.headers.get("content-type", "") else ""
        said.append(f"{answer.url} {answer.headers} {body}")

    with visit() as seen:
        begin(seen)
        seen.page.on("response", note)
        for key in ("1", "0", "u", "P", "a"):
            assert "question" == seen.page.evaluate("document.activeElement.id")
            press(seen, key)
        press(seen, "0", is_last=True)
        assert [Source.SAMPLED] * 6 == [each.source for each in verdicts(yard)]
        assert "6 of 6 answered" in seen.page.locator("h1").inner_text()
        assert [] == [word for word in MARKED for text in said if word in text]
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Close it").click()
        assert "stratum" in seen.page.locator("main").inner_text()
        press(seen, "n", is_last=True)
        assert "every picture that was to be looked at has been" in seen.page.locator("[role=status]").inner_text()
        with seen.page.expect_navigation():
            seen.page.get_by_role("link", name="Second looks").click()
        seen.page.go_back()
        assert "all reviewed" in seen.page.locator("h1").inner_text(), "no form is sent again"
        assert [] == seen.wrong


def test_every_page_of_the_review_is_whole_on_every_screen(yard, visit):
    assert yard
    with visit() as seen:
        seen.sign_in("reviewer")
        seen.go("/review")
        seen.look_on_every_screen("review-start")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Start").click()
        wait(seen)
        seen.look_on_every_screen("review-picture")
        for width in WIDTHS:
            seen.show_on(width, "light")
            heights = seen.page.eval_on_selector_all(
                "[data-judges]", "all => all.map((each) => each.getBoundingClientRect().height)"
            )
            assert 3 == len(heights)
            assert min(heights) >= 56
        for key in ("1", "z"):
            press(seen, key)
            seen.show_on(1600, "light")
            assert [] == seen.page.evaluate(BELOW_THE_FOLD)
        seen.look_on_every_screen("review-again")
        seen.page.keyboard.press("Escape")
        seen.page.wait_for_url("**/done")
        seen.look_on_every_screen("review-open")
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Close it").click()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="I doubt it").first.click()
        assert "You doubt your answer" in seen.page.locator("main").inner_text()
        seen.look_on_every_screen("review-revealed")
        seen.go("/review/mine")
        seen.look_on_every_screen("review-mine")


def test_a_second_key_and_a_held_key_judge_nothing(yard, visit):
    with visit() as seen:
        begin(seen)
        number = re.search(r"/(\d+)(\?|$)", seen.page.url)
        assert number
        with seen.page.expect_navigation():
            seen.page.evaluate(
                """() => {
                  for (const [key, repeat] of [["1", false], ["0", false], ["0", true]])
                    document.dispatchEvent(new KeyboardEvent("keydown", { key, repeat, bubbles: true }));
                }"""
            )
        wait(seen)
        assert [Answer.PRESENT] == [each.answer for each in verdicts(yard)]


def test_no_key_judges_before_the_picture_is_there(yard, visit):
    with visit() as seen:
        begin(seen)
        held: list[Route] = []
        seen.page.route("**/look/**", lambda route: held.append(route))  # noqa: PLW0108 - a built-in method is refused
        seen.page.reload(wait_until="domcontentloaded")
        seen.page.keyboard.press("1")
        seen.page.get_by_role("button", name="Absent").click(no_wait_after=True)
        assert [] == verdicts(yard)
        for route in held:
            route.continue_()
        seen.page.unroute("**/look/**")
        wait(seen)
        press(seen, "1")
        assert 1 == len(verdicts(yard))


def test_back_and_another_answer(yard, visit):
    with visit() as seen:
        begin(seen)
        press(seen, "0")
        press(seen, "z")
        assert "You said: absent" in seen.page.locator("[role=status]").inner_text()
        press(seen, "1")
        assert [Answer.PRESENT] == [each.answer for each in verdicts(yard)]


def test_without_script_the_buttons_review(yard, visit):
    with visit(script=False) as seen:
        seen.sign_in("reviewer")
        seen.page.goto(f"{seen.origin}/review")
        for button in ("Start", "Present", "Unsure"):
            with seen.page.expect_navigation():
                seen.page.get_by_role("button", name=button).click()
        assert sorted([Answer.PRESENT, Answer.UNSURE]) == sorted(each.answer for each in verdicts(yard))


def test_keys_that_are_off_judge_nothing(yard, visit):
    with visit() as seen:
        begin(seen)
        where = seen.page.url
        seen.go("/me")
        seen.page.get_by_label("Single keys are on").uncheck()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Keep").click()
        seen.page.goto(where)
        wait(seen)
        seen.page.keyboard.press("1")
        assert [] == verdicts(yard)


def test_two_browsers_have_no_picture_in_common(yard, visit):
    yard.house.add("bob", ["reviewer"])
    with visit() as one, visit() as other:
        begin(one)
        other.sign_in("bob")
        other.go("/review")
        with other.page.expect_navigation():
            other.page.get_by_role("button", name="Start").click()
        assert "in a batch that is open" in other.page.locator("main").inner_text()
        other.look_on_every_screen("review-nothing")


def test_reviewers_who_differ_look_together(yard, visit):
    world = yard.house.world
    row = world.images.get(URIS[0])
    for name, answer, source in (("reviewer", Answer.PRESENT, Source.SAMPLED), ("bob", Answer.ABSENT, None)):
        world.clock.move(timedelta(minutes=1))
        yard.house.ask(URIS[0])
        said = Said(URIS[0], "Person", name, answer, world.clock.now, row.content.sha256, source)
        world.verdicts.write(verdict_of(said, judge_of(world.services)))
    with visit() as seen:
        seen.sign_in("owner")
        seen.go("/agreement")
        with seen.page.expect_navigation(wait_until="networkidle"):
            seen.page.get_by_role("link", name="look together").click()
        assert "Present is the answer that counts" in seen.page.locator("main").inner_text()
        assert seen.page.locator("figure img").evaluate("image => image.naturalWidth")
        seen.look_on_every_screen("together")
