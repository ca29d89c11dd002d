"""The API's page for people says what its code says of it."""

from sightline.web.api.description import coded


def test_names_between_backticks_are_shown_as_code():
    assert coded("fewer than `limit`, <even> none") == "fewer than <code>limit</code>, &lt;even&gt; none"


def test_the_page_shows_no_backtick(house):
    page = house.client("operator").get("/api").text
    assert "<code>limit</code>, even none" in page
    assert "`" not in page
