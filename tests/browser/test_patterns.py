"""Search and patterns as a person sees them: whole on every screen, each number readable, and its link to pictures."""

import re
from datetime import timedelta

import pytest

from sightline.models.answers import Answer, Detection
from sightline.models.images import CameraDay
from tests.browser.boxes import photo
from tests.browser.visiting import THEMES
from tests.unit.web.house import DAY, TEXT

LONG = "the-camera-at-the-end-of-the-drive-behind-the-old-oak"
COUNTS = (1, 22, 400, 1_000, 3_000, 6_000, 12_345)
"""Of these every step of the heat map has one, and the last is shortened."""

URIS = [
    f"s3://frames/{camera}/{DAY}/Hour-07/snap/MDAlarm_20261102-0700{number:02}.jpg"
    for number, camera in enumerate(("yard", "gate", LONG))
]


@pytest.fixture
def counted(served):
    """Serve three pictures, and what the graph would count and find."""
    house, graph = served.house, served.house.world.graph
    for number, uri in enumerate(URIS):
        labels = Answer((Detection("Person", 90.0 + number),), "m-1", 30.0)
        house.analyse(uri, {"labels": labels, "text": TEXT}, photo((640 + 2 * number, 480)))
    house.world.operations.dirty_days.mark([CameraDay("yard", f"2026-10-{day:02}") for day in range(1, 31)])
    house.console.known_days.drop(lambda _: True)
    found = [
        {"image_id": uri, "camera": "x", "taken_at": f"{DAY}T07:00:0{number}+00:00", "confidence": 90.0 + number}
        for number, uri in reversed([*enumerate(URIS)])
    ]
    graph.answers |= {
        "newest-with-label": found,
        "images-with-text": [{**each, "text": "AB 123"} for each in found],
        "labels": [{"label": "Person"}],
        "label-by-time": [
            {"weekday": 1 + place % 7, "hour": (7 + 5 * place) % 24, "images": images}
            for place, images in enumerate(COUNTS)
        ],
        "label-by-confidence": [{"from_percent": begin, "images": begin} for begin in range(30, 100, 5)],
        "labels-of-days": lambda asked: [
            {"label": None, "images": 9_000 if asked["first"] == "2026-10-01" else 12_000},
            *(
                {
                    "label": f"{name} of a rather long name" if number == 2 else name,
                    "percents": [90],
                    "of_percents": [40 * number if asked["first"] == "2026-10-01" else 900 - 70 * number],
                }
                for number, name in enumerate(("Person", "Dog", "Cat", "Car", "Bicycle"))
            ),
        ],
    }
    house.world.clock.move(timedelta(minutes=1))
    return served


PAGES = {
    "heat": "/heat",
    "confidence": "/confidence",
    "months": "/months",
    "search": "/search?label=Person&text=AB 123&at_least=80&since=2026-11-01&weekday=1",
}


def test_the_pages_of_patterns_are_whole_on_every_screen(counted, visit):
    assert counted
    with visit() as seen:
        seen.sign_in("owner")
        for name, path in PAGES.items():
            seen.go(path)
            for each in seen.page.locator("details:not([open]) > summary").all():
                each.click()
            seen.look_on_every_screen(f"patterns-{name}")
        seen.go("/heat")
        for theme in THEMES:
            seen.show_on(1600, theme)
            told = seen.page.locator(".heat a").evaluate_all(
                "links => links.map(link => [...link.children].map(each => getComputedStyle(each).fill))"
            )
            assert 5 == len({square for square, _ in told})
            assert [] == [each for each in told if contrast(*each) < 4.5]


def contrast(one, other):
    """Return the contrast of two colours, as WCAG defines it."""
    lighter, darker = sorted(map(luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    shares = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares]
    return sum(share * weight for share, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def test_a_number_of_the_map_leads_to_its_pictures_and_a_line_finds_them(counted, visit):
    with visit() as seen:
        seen.sign_in("owner")
        seen.go("/heat")
        with seen.page.expect_navigation():
            seen.page.get_by_role("link", name="Mon 07–08 h: 1", exact=True).click()
        name, asked = counted.house.world.graph.asked[-1]
        assert ("newest-with-label", "Person", 1, 7) == (name, asked["label"], asked["weekday"], asked["hour"])
        assert 3 == seen.page.locator(".hit").count()
        assert "on:Mon at:07" in seen.page.locator("#q").input_value()
        seen.page.keyboard.press("/")
        assert "q" == seen.page.evaluate("document.activeElement.id")
        seen.page.locator("#q").fill('person text:"AB 123" >80')
        with seen.page.expect_navigation():
            seen.page.keyboard.press("Enter")
        assert re.search(r"/search\?.*label=Person", seen.page.url)
        assert "AB 123" in seen.page.locator(".hit").first.inner_text()
        assert "80" == seen.page.get_by_label("Confidence from %").input_value()
        with seen.page.expect_navigation():
            seen.page.locator(".hit a").first.click()
        assert "/image?id=" in seen.page.url
        assert [] == seen.wrong
