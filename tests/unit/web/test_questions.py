"""The review's question is English, whatever the label is."""

import html
import re

import pytest

from sightline.web.rendering import environment


@pytest.mark.parametrize(
    ("label", "asked"),
    [
        ("Person", "Is there a person in this picture?"),
        ("person", "Is there a person in this picture?"),
        ("Animal", "Is there an animal in this picture?"),
        ("Smoke", "Is there smoke in this picture?"),
        ("Traffic Light", "Is “Traffic Light” in this picture?"),
        ("<b>", "Is “<b>” in this picture?"),
    ],
)
def test_the_question_about_a_label(label, asked):
    made = str(environment().get_template("question.html").module.question(label))  # type: ignore[attr-defined]
    assert asked == html.unescape(re.sub(r"</?(em|bdi)>", "", made)).strip()


@pytest.mark.parametrize("template", ["review_picture.html", "together.html"])
def test_every_page_that_asks_it_asks_it_so(template):
    source, _, _ = environment().loader.get_source(environment(), template)
    assert "{{ question(" in source
    assert "in this picture?" not in source
