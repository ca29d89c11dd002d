"""Inputs that cannot be read: each is named as its page names it, with its rule and what to do, in our words."""

import re
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from sightline.web.app import CALLS, PAGES, guarded
from sightline.web.inputs import DAY_RULE, MONTH_RULE
from sightline.web.rendering import API
from tests.unit.web.house import DAY, FROM_HERE, URI
from tests.unit.web.test_access import CASES, send

PYDANTICS = re.compile(r"\bshould\b|Field required|Value error|unable to|\bvalid (string|number|integer|list|date)\b")
"""Words in which pydantic tells of an input, and nothing of ours does."""

RUBBISH = ("", "x", "-1", "1e999", "9" * 30, "é" * 9_000, "2030-13-45", "\0", "0001-01-05", "9999-12-31")


def told(html: str) -> tuple[str, str, str]:
    """Return what a page of an error says."""
    text = re.sub(r"</?bdi>", "", html)
    (what,), (why, *_) = re.findall(r'<h1 id="what">(.*?)</h1>', text), re.findall(r"<p>(.*?)</p>", text)
    (remedy,) = re.findall(r"What to do:</strong> (.*?)</p>", text)
    return what, why, remedy


def inputs() -> Iterator[tuple[str, str]]:
    """Return each input of an address that the console reads, with the path of its route."""
    for prefix, routers in (("", PAGES), (API, CALLS)):
        for route in (route for router in routers for route in guarded(router) if "GET" in (route.methods or ())):
            yield from ((prefix + route.path, name) for name in names(route.dependant))


def names(asked: Dependant) -> Iterator[str]:
    for each in asked.query_params:
        kind = each.field_info.annotation
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        yield from kind.model_fields if is_model else [each.alias]
    for other in asked.dependencies:
        yield from names(other)


def test_whatever_an_input_holds_is_told_of_in_our_words(looked_at):
    cases, client, refused = {(case.method, case.path): case for case in CASES}, looked_at.client("all"), set()
    for path, name in inputs():
        case = cases["GET", path]
        for value in RUBBISH:
            answer = send(client, type(case)("GET", path, case.open_to, case.query | {name: value}))
            assert answer.status_code < 500, (path, name, value)
            if answer.status_code == 422 and "svg" not in answer.headers["content-type"]:
                refused.add((path, name))
                assert not PYDANTICS.search(answer.text), (path, name, value, answer.text)
    assert len(refused) > 50


GIVEN = [case for case in CASES if case.query or case.form or case.json]


@pytest.mark.parametrize("case", GIVEN, ids=lambda case: f"{case.method} {case.path}")
def test_what_is_not_given_is_named_with_what_to_do(looked_at, case):
    bare = type(case)(case.method, case.path, case.open_to)
    answer = send(looked_at.client("all"), bare, **FROM_HERE)
    assert not PYDANTICS.search(answer.text)
    assert answer.status_code < 500
    if answer.status_code == 422 and case.path.startswith(API):
        assert answer.json()["detail"].startswith(("The input", "The request", "Images of all days"))
        assert "application/problem+json" == answer.headers["content-type"]


def test_an_image_without_its_address_is_told_of(looked_at):
    expected = "It must be given: an image&#39;s address, such as s3://bucket/key."
    assert ("The input id", expected, "Open it by a link of the console, whose address is whole.") == told(
        looked_at.client("all").get("/image").text
    )
    problem = looked_at.client("all").get("/api/v1/image").json()
    assert "The input id: it must be given: an image's address, such as s3://bucket/key" == problem["detail"]
    assert "Send it; /api describes each" == problem["remedy"]


def test_a_form_of_which_something_is_missing_that_its_page_shows_nowhere_is_to_be_sent_again(looked_at):
    some = {"id": URI, "label": "Person", "content": ""}
    forms: list[tuple[str, dict[str, str]]] = [
        ("/image/verdict", some),
        ("/image/verdict", some | {"answer": "perhaps"}),
        ("/new/undo", {}),
    ]
    for path, form in forms:
        answer = looked_at.client("all").post(path, data=form, headers=FROM_HERE)
        assert 422 == answer.status_code
        assert "Go back to the page and send its form again." == told(answer.text)[2], (path, form)


def test_a_page_without_fields_calls_its_inputs_by_their_names_and_has_the_address_corrected(looked_at):
    asked = {"why": "held", "label": "Person"}
    for name in ("day", "window", "label", "camera"):
        answer = looked_at.client("all").get("/review/left", params=asked | {name: "é" * 9_000})
        what, _, remedy = told(answer.text)
        assert (f"The input {name}", "Correct the address.") == (what, remedy)


DAYS = [
    ("/day", "day", "Day"),
    ("/accuracy", "day", "Last day"),
    ("/accuracy/accuracy.csv", "day", "Last day"),
    ("/heat", "day", "Last day"),
    ("/heat.png", "day", "Last day"),
    ("/confidence", "day", "Last day"),
    ("/search", "since", "Days from"),
    ("/search", "until", "to"),
    ("/dead", "since", "Last seen from"),
    ("/dead", "until", "to"),
]


@pytest.mark.parametrize("written", ["2030-13-45", "2026-02-29", "yesterday", "2026-W48-5"])
def test_a_day_that_is_in_no_calendar_is_refused_everywhere(looked_at, written):
    client = looked_at.client("all")
    for path, name, label in DAYS:
        answer = client.get(path, params={name: written})
        rule = f"{DAY_RULE[0].upper()}{DAY_RULE[1:]}."
        assert (422, f"The field “{label}”", rule) == (answer.status_code, *told(answer.text)[:2]), path
    for path, name in (("images", "day"), ("images", "since"), ("accuracy", "day"), ("accuracy/thresholds", "day")):
        answer = client.get(f"{API}/{path}", params={name: written})
        assert (422, f"The input {name}: {DAY_RULE}") == (answer.status_code, answer.json()["detail"])


AT_AN_END = ("0001-01-05", "9999-12-31")


@pytest.mark.parametrize("written", AT_AN_END)
def test_a_day_whose_window_the_calendar_does_not_hold_is_refused_where_days_around_it_are_read(looked_at, written):
    client, reading = looked_at.client("all"), {"label": "Person", "error": "x", "window": "28"}
    for path, name in (
        ("/accuracy", "day"),
        *((f"/accuracy/accuracy.{form}", "day") for form in ("csv", "png", "html")),
        (f"{API}/accuracy", "day"),
        (f"{API}/accuracy/thresholds", "day"),
        ("/day", "day"),
        ("/dead", "since"),
        ("/dead", "until"),
        ("/review/left", "day"),
        (f"{API}/images", "day"),
    ):
        answer = client.get(path, params=reading | {"why": "held", name: written})
        assert 422 == answer.status_code, path
        assert DAY_RULE[3:] in answer.text, path
    assert 422 == client.post("/review", data={"label": "Person", "day": written}, headers=FROM_HERE).status_code


@pytest.mark.parametrize("written", AT_AN_END)
def test_days_between_which_is_searched_may_lie_at_an_end_of_the_calendar(looked_at, written):
    for path, name in (
        ("/search", "since"),
        ("/search", "until"),
        ("/heat", "day"),
        ("/heat.png", "day"),
        ("/confidence", "day"),
        (f"{API}/images", "since"),
        (f"{API}/images", "until"),
    ):
        answer = looked_at.client("all").get(path, params={"label": "Person", "weeks": "12", name: written})
        assert 200 == answer.status_code, (path, name)


@pytest.mark.parametrize("written", ["2026-13", "2026-1", "x", "0001-01", "9999-12"])
def test_a_month_that_is_in_no_calendar_is_refused(looked_at, written):
    for path, name in (("/calendar", "month"), ("/months", "before"), ("/months", "after")):
        answer = looked_at.client("all").get(path, params={name: written})
        assert 422 == answer.status_code
        assert MONTH_RULE[3:] in answer.text


def test_a_month_of_a_clock_that_was_never_set_can_be_looked_at(looked_at):
    assert 200 == looked_at.client("all").get("/calendar?month=1970-01").status_code


def test_a_day_that_is_left_empty_is_none(looked_at):
    for path, name, _ in DAYS:
        answer = looked_at.client("all").get(path, params={"label": "Person", "error": "x", name: ""})
        assert DAY_RULE[3:] not in answer.text, path
    assert 200 == looked_at.client("all").get("/day?day=&at_least=").status_code
    assert 200 == looked_at.client("all").get("/new?at_least=").status_code


def test_a_program_that_sends_an_empty_day_is_refused(looked_at):
    for path, name in (("images", "day"), ("accuracy", "day"), ("accuracy/thresholds", "day")):
        answer = looked_at.client("all").get(f"{API}/{path}", params={name: ""})
        assert (422, f"The input {name}: {DAY_RULE}") == (answer.status_code, answer.json()["detail"])


def test_a_field_is_called_what_its_page_calls_it(looked_at):
    client = looked_at.client("all")
    checked = 0
    for path in ("/day", "/new", "/search", "/heat", "/confidence", "/months", "/accuracy", "/calendar"):
        form = client.get(path, params={"day": DAY} if path == "/day" else {}).text
        labels = dict(re.findall(r'<label for="(\w+)"[^>]*>(.*?)</label>', form))
        for name, label in labels.items():
            what = told_of(client.get(path, params={name: "é" * 9_000}))
            if what is not None:
                assert f"The field “{label}”" == what, (path, name)
                checked += 1
    assert checked > 20


def told_of(answer) -> str | None:
    return told(answer.text)[0] if answer.status_code == 422 and 'id="what"' in answer.text else None


def test_the_place_where_a_search_goes_on_is_called_what_the_address_calls_it(looked_at):
    html = looked_at.client("all").get("/search", params={"label": "Person", "after": "x"}).text
    assert "The input after" in html
    assert "Search again" in html


def test_an_input_that_is_no_field_of_its_page_is_not_called_one(looked_at):
    client = looked_at.client("all")
    for path, name in (("/log", "before"), ("/review/people/said", "after"), ("/new", "seen")):
        assert f"The input {name}" == told(client.get(path, params={name: "x"}).text)[0]
    assert "The field “Name”" == told(client.get("/people/user").text)[0]
    assert "Go back and fill it in." == told(client.get("/people/user").text)[2]


def test_a_program_reads_the_names_that_it_sends(looked_at):
    problem = looked_at.client("all").get(f"{API}/images", params={"day": DAY, "at_least": "-1"}).json()
    assert "The input at_least: it must be 0 or more" == problem["detail"]
    problem = looked_at.client("all").get(f"{API}/image", params={"id": URI * 500}).json()
    assert "The input id: it may have at most 4,096 characters" == problem["detail"]
