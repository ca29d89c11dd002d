"""Search by label, text and confidence: what it asks the graph, what it shows, and that no page loses one."""

import re
from dataclasses import replace
from datetime import date
from urllib.parse import unquote

import pytest

from sightline.errors import Unavailable
from sightline.storage.users.protocol import MarkKind, Role
from sightline.testing.fake import picture, uri_of
from sightline.web.errors import InvalidRequest
from sightline.web.search_line import line_of, read_line
from sightline.web.sought import Sought
from tests.unit.web.house import DAY, URI

LINE = 'label:Person camera:"the gate" text:"AB 123" 2026-11-20..2026-11-27 >80 <95.5 on:Fri at:07'
FIELDS = {
    "label": "Person",
    "camera": "the gate",
    "text": "AB 123",
    "since": "2026-11-20",
    "until": "2026-11-27",
    "at_least": "80",
    "below": "95.5",
    "weekday": "5",
    "hour": "7",
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LINE, FIELDS),
        ("person", {"label": "Person"}),
        ("traffic light", {"label": "Traffic Light"}),
        ("Person door", {"label": "Person", "text": "door"}),
        ("label:PERSON", {"label": "Person"}),
        ("label:Fox", {"label": "Fox"}),
        ("AB 123", {"text": "AB 123"}),
        ('"2026-11-20"', {"text": "2026-11-20"}),
        (r'text:"say \"no\""', {"text": 'say "no"'}),
        ("2026-11-20", {"since": "2026-11-20", "until": "2026-11-20"}),
        ("2026-11-20..", {"since": "2026-11-20"}),
        ("..2026-11-20", {"until": "2026-11-20"}),
        (">=80% on:sunday at:7h", {"at_least": "80", "weekday": "7", "hour": "7"}),
        ("what:ever label: ..", {"text": "what:ever label: .."}),
        ("12:30", {"text": "12:30"}),
    ],
)
def test_a_line_is_read_as_fields(line, expected):
    assert expected == read_line(line).with_labels(["Person", "Traffic Light"])


@pytest.mark.parametrize("line", ["label:Cat label:Dog", "2026-13-01", "on:Someday", "at:24", ">1 >2", "text:ab door"])
def test_a_line_that_asks_for_what_no_search_can_is_refused(line):
    with pytest.raises(InvalidRequest):
        read_line(line).with_labels(["Person"])


def test_the_fields_written_as_a_line_are_read_as_the_same_fields():
    sought = Sought("Person", "AB 123", "the gate", date(2026, 11, 20), date(2026, 11, 27), 80, 95.5, 5, 7)
    assert LINE == line_of(sought)
    odd = Sought(label='a "b"', camera="c\\d")
    assert {"label": 'a "b"', "camera": "c\\d"} == read_line(line_of(odd)).fields


def row(uri, confidence=97.5, **more):
    time = re.search(r"-(\d\d)(\d\d)(\d\d)\.jpg", uri)
    assert time
    taken_at = f"{DAY}T{time[1]}:{time[2]}:{time[3]}+00:00"
    return {"camera": "yard", "image_id": uri, "taken_at": taken_at, "confidence": confidence, **more}


class Paged:
    """A graph that finds these rows, a page after another, as the real one does."""

    def __init__(self, rows):
        self.rows, self.asked = rows, []

    def query(self, name, parameters):
        self.asked.append((name, parameters))
        if name == "labels":
            return []
        place = parameters.get("beyond_id", parameters.get("after"))
        start = next((n for n, each in enumerate(self.rows, 1) if each["image_id"] == place), 0)
        return self.rows[start : start + parameters["limit"]]


def with_graph(house, graph):
    house.console.services = replace(house.console.services, graph=graph)
    return graph


@pytest.fixture
def nine(house):
    """Return a house of nine pictures, all of which the graph finds."""
    for second in range(9):
        house.analyse(uri_of(f"{second:02}"), data=picture(second))
    with_graph(house, Paged([row(uri_of(f"{second:02}")) for second in reversed(range(9))]))
    return house


def test_what_is_sought_is_asked_of_the_graph_and_nothing_is_spliced(looked_at):
    graph = looked_at.world.graph
    graph.answers["images-with-text"] = [row(URI, 88.0, text="AB 123")]
    hostile = "Person'}) DETACH DELETE"
    html = looked_at.client("owner").get("/search", params=FIELDS | {"label": hostile}).text
    ((name, asked),) = graph.asked
    assert "images-with-text" == name
    assert {"label": hostile, "text": "AB 123", "first": "2026-11-20", "last": "2026-11-27"}.items() <= asked.items()
    assert {"weekday": 5, "hour": 7, "at_least": 80, "below": 95.5, "limit": 61}.items() <= asked.items()
    assert ("<bdi>AB 123</bdi> 88\N{NO-BREAK SPACE}%" in html, "1 picture," in html) == (True, True)


def test_a_line_becomes_fields_and_an_address_of_an_image_opens_it(looked_at):
    looked_at.world.graph.answers["labels"] = [{"label": "Person"}]
    client = looked_at.client("owner")
    place = client.get("/search", params={"q": "person >80"}).headers["location"]
    assert "/search?at_least=80&label=Person" == place
    assert f"/image?id={URI}" == unquote(client.get("/search", params={"q": f" {URI}"}).headers["location"])
    wrong = client.get("/search", params={"q": "on:Someday"})
    assert (422, True) == (wrong.status_code, "a weekday is one of Mon, Tue" in wrong.text)
    assert 'value="on:Someday"' in wrong.text


def test_empty_fields_of_the_form_are_left_out(looked_at):
    answer = looked_at.client("owner").get("/search", params=dict.fromkeys(FIELDS, "") | {"label": "Person"})
    assert 200 == answer.status_code
    (_, asked), *_ = looked_at.world.graph.asked
    assert {"camera", "first", "last", "weekday", "hour", "below"} <= {n for n, value in asked.items() if value is None}


@pytest.mark.parametrize("asked", [(), (uri_of("07"),), tuple(uri_of(f"{n:02}") for n in (8, 7, 6, 5, 2, 0))])
def test_page_after_page_each_picture_is_there_once_but_none_that_the_review_asks_about(nine, asked):
    for uri in asked:
        nine.ask(uri)
    header, found, pages = nine.token("all", Role.OWNER), [], 0
    cursor: str | None = ""
    while cursor is not None:
        params = {"label": "Person", "limit": 2, "cursor": cursor}
        page = nine.client().get("/api/v1/images", params=params, headers=header).json()
        found += [each["image_id"] for each in page["images"]]
        cursor, pages = page["cursor"], pages + 1
        assert cursor is None or len(page["images"]) == 2
    expected = [uri_of(f"{n:02}") for n in reversed(range(9)) if uri_of(f"{n:02}") not in asked]
    assert expected == found
    assert max(1, (len(expected) + 1) // 2) == pages


def test_a_picture_that_arrives_between_two_pages_shifts_none(nine):
    header, params = nine.token("owner", Role.OWNER), {"label": "Person", "limit": 4}
    first = nine.client().get("/api/v1/images", params=params, headers=header).json()
    nine.analyse(uri_of("30"), data=picture(30))
    nine.console.services.graph.rows.insert(0, row(uri_of("30")))
    second = nine.client().get("/api/v1/images", params=params | {"cursor": first["cursor"]}, headers=header).json()
    found = [each["image_id"] for page in (first, second) for each in page["images"]]
    assert [uri_of(f"{n:02}") for n in reversed(range(1, 9))] == found


def test_the_next_page_keeps_what_was_asked_for(house):
    uris = [uri_of(f"{n:02}", "gate" if n % 2 else "yard") for n in range(60)] + [uri_of("00", "door")]
    for shade, uri in enumerate(uris):
        house.analyse(uri, data=picture(shade))
    with_graph(house, Paged([row(uri) for uri in uris]))
    client = house.client("owner")
    html = client.get("/search?label=Person&at_least=50&hour=0").text
    onward = re.search(r'rel="next"[^>]*href="([^"]*)"', html)
    assert onward
    assert all(each in onward[1] for each in ("label=Person", "at_least=50", "hour=0"))
    assert (60, 1) == (html.count("<img"), client.get(onward[1].replace("&amp;", "&")).text.count("<img"))


def test_a_page_that_is_not_full_says_how_far_back_it_looked_and_goes_on_from_there(nine):
    older = [row(uri_of("00", "gone")) | {"camera": None, "confidence": None}, row(uri_of("03")), row(uri_of("02"))]
    graph = with_graph(nine, Paged([]))
    for rows, shown in ((older[:1], 0), ([row(uri_of("04")), older[0]], 1)):
        graph.rows = rows
        html = nine.client("owner").get("/search?label=Person").text
        assert (shown, 1) == (html.count("<img"), html.count("20,000 pictures were looked through, back to"))
        assert "Older pictures" in html
    graph.rows = [row(uri_of("04")), *older]
    header, params = nine.token("owner", Role.OWNER), {"label": "Person", "limit": 1}
    first = nine.client().get("/api/v1/images", params=params, headers=header).json()
    assert [uri_of("04")] == [each["image_id"] for each in first["images"]]
    second = nine.client().get("/api/v1/images", params=params | {"cursor": first["cursor"]}, headers=header).json()
    assert [uri_of("03")] == [each["image_id"] for each in second["images"]]


def test_to_fill_a_page_no_more_pictures_are_looked_through_however_many_of_them_the_review_hides(nine):
    for n in (6, 5, 4, 3):
        nine.ask(uri_of(f"{n:02}"))
    header, graph = nine.token("all", Role.OWNER), nine.console.services.graph
    first = nine.client().get("/api/v1/images", params={"label": "Person", "limit": 1}, headers=header).json()
    graph.asked.clear()
    params = {"label": "Person", "limit": 1, "cursor": first["cursor"]}
    second = nine.client().get("/api/v1/images", params=params, headers=header).json()
    assert [uri_of("07")] == [each["image_id"] for each in second["images"]]
    asked = [(each["after"], each.get("beyond_id")) for name, each in graph.asked if name == "newest-with-label"]
    assert [(uri_of("08"), None), (uri_of("08"), uri_of("06")), (uri_of("08"), uri_of("04"))] == asked[:3]


def test_a_page_that_would_read_very_many_hidden_pictures_ends_with_words(house):
    house.analyse()
    graph = with_graph(house, Paged([row(uri_of(f"{n % 60:02}", f"gone{n}")) for n in range(2_000)]))
    answer = house.client("owner").get("/search?label=Person")
    assert (400, True) == (answer.status_code, "Choose other days" in answer.text)
    assert len(graph.asked) < 20


def test_what_a_reviewer_has_seen_in_a_list_is_noted(nine):
    nine.ask(uri_of("03"))
    html = nine.client("all").get("/search?label=Person").text
    assert "are not in this list" in html
    seen = nine.world.users.marks("all", MarkKind.VIEWED, [uri_of(f"{n:02}") for n in range(9)])
    assert {uri_of(f"{n:02}") for n in range(9) if n != 3} == {*seen}


def test_a_reviewer_is_told_of_no_label_that_is_not_watched(looked_at):
    looked_at.world.graph.answers["labels"] = [{"label": "Persian"}]
    for who, near in (("owner", "Persian"), ("all", "Person")):
        html = looked_at.client(who).get("/search?label=Persien").text
        assert [near] == re.findall(r'Is the label <a href="[^"]*"><bdi>(\w+)</bdi>', html)


def test_nothing_found_says_what_may_be_left_out(looked_at):
    html = looked_at.client("owner").get("/search?label=Person&camera=yart&at_least=90&hour=0").text
    assert ["any confidence", "all cameras", "all hours"] == re.findall(
        r">(a[nl][^<]*)</a>", html.split("Look again")[1]
    )
    assert "Is the camera <a" in html
    assert "/search?label=Person&amp;camera=yard&amp;at_least=90.0&amp;hour=0" in html


def test_an_empty_house_says_how_to_begin(house):
    assert "sightline add" in house.client("owner").get("/search").text


class Away:
    def query(self, name, parameters=None):  # noqa: ARG002
        raise Unavailable("Neo4j", rule="the server did not answer")


def test_without_the_graph_the_page_says_so_and_what_does_without_it(looked_at):
    with_graph(looked_at, Away())
    client = looked_at.client("owner")
    for path in ("/search?label=Person", "/search?q=person"):
        answer = client.get(path)
        assert (503, "10") == (answer.status_code, answer.headers["retry-after"])
        assert all(each in answer.text for each in ("Neo4j", "tell an operator", 'href="/day"', 'name="label"'))
    header = looked_at.token("owner", Role.OWNER)
    call = looked_at.client().get("/api/v1/images?label=Person", headers=header)
    assert (503, "application/problem+json") == (call.status_code, call.headers["content-type"])


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("", "listed by a label or a text"),
        ("?label=P&since=2026-11-02&until=2026-11-01", "must not be before"),
        ("?text=A", "2 characters or more"),
        (f"?day={DAY}&since={DAY}", "lists without a day"),
        ("?label=P&cursor=x", "one that a list has returned"),
        ("?label=P&cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA==", "one that a list has returned"),
    ],
)
def test_a_call_that_asks_for_nothing_sensible_is_refused_with_its_rule(looked_at, query, rule):
    answer = looked_at.client().get(f"/api/v1/images{query}", headers=looked_at.token("owner", Role.OWNER))
    assert (422, True) == (answer.status_code, rule in answer.text), answer.text
