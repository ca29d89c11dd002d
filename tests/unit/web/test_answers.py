"""What every answer bears, hostile names, and how errors are told."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.exceptions import RequestValidationError
from structlog.testing import capture_logs

from sightline.errors import Unavailable
from sightline.models.answers import Answer, Detection
from sightline.storage.dead_letters import DeadLetter
from sightline.testing.fake import picture
from sightline.web.answering import CONTENT_SECURITY_POLICY
from sightline.web.errors import problem_of
from tests.unit.web.house import DAY, FROM_HERE, URI, build

PAGES = [
    "/",
    "/new",
    "/day",
    "/calendar",
    "/search?label=Person",
    "/heat",
    "/months",
    "/confidence",
    f"/image?id={URI}",
    "/me",
    "/accuracy",
    "/agreement",
    "/review/people",
    "/review/people/said",
    "/status",
    "/status.json",
    "/dead",
    "/cost",
    "/rates",
    "/people",
    "/log",
    "/api",
    "/login",
    "/static/console.css",
    "/healthz",
]
COMPARISON = f"/api/v1/comparisons/{'0' * 64}"
OTHERS = [
    "/nothing",
    "/image?id=nonsense",
    "/day?day=yesterday",
    "/picture/320/0.jpg?id=x&t=y",
    "/api/v1/status",
    COMPARISON,
    "/api/v1/candidates",
]

SCRIPT, BRACES, TURNED = "<script>alert(1)</script>", "{{7*7}}", "a\u202egpj.exe"
HOSTILE = [SCRIPT, BRACES, TURNED, '"onmouseover=alert(1) x="', "..%2f..%2fetc", "'; DROP TABLE", "a\u200bb", "#?&="]


class Away:
    """A store that is away."""

    def __getattr__(self, name):
        raise Unavailable("DynamoDB")


@pytest.mark.parametrize("who", [None, "all", "reviewer"])
def test_every_answer_bears_the_headers(looked_at, who):
    for path in PAGES + OTHERS:
        check_headers(path, looked_at.client(who).get(path).headers)


def check_headers(path, headers):
    assert CONTENT_SECURITY_POLICY == headers["content-security-policy"]
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert ("nosniff", "DENY", "same-origin") == (
        headers["x-content-type-options"],
        headers["x-frame-options"],
        headers["referrer-policy"],
    )
    assert {"same-origin"} == {headers["cross-origin-opener-policy"], headers["cross-origin-resource-policy"]}
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    assert "no-store" in headers["cache-control"] or path.startswith("/static/")
    assert headers["x-request-id"]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "169.254.169.254", ""])
def test_a_name_that_is_not_ours_is_refused_with_the_headers(looked_at, host):
    answer = looked_at.client("all").get("/day", headers={"host": host})
    assert 400 == answer.status_code
    assert "content-security-policy" in answer.headers


def test_a_failure_tells_nothing_of_itself_and_bears_the_headers(looked_at):
    looked_at.console.signer = None
    with capture_logs() as logged:
        answer = looked_at.client("all").get("/day")
    assert "A request failed" in [line["event"] for line in logged]
    assert 500 == answer.status_code
    assert "It failed, and that is our fault" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "content-security-policy" in answer.headers
    assert "signer" not in answer.text
    assert "Traceback" not in answer.text


def test_a_store_that_is_away_is_named_and_one_may_try_again(looked_at):
    looked_at.console.services = replace(looked_at.console.services, images=Away())
    page = looked_at.client("all").get(f"/image?id={URI}")
    call = looked_at.client().get("/api/v1/image", params={"id": URI}, headers=looked_at.token("owner", "owner"))
    assert (503, 503) == (page.status_code, call.status_code)
    assert ("10", "10") == (page.headers["retry-after"], call.headers["retry-after"])
    assert "DynamoDB" in page.text
    assert "application/problem+json" == call.headers["content-type"]
    assert {"type", "title", "status", "detail", "remedy", "instance"} == set(call.json())


def test_a_body_that_is_too_large_is_refused(house):
    answer = house.client().post("/login", data={"name": "x" * 70_000, "password": "y"}, headers=FROM_HERE)
    assert 413 == answer.status_code
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("PUT", "/day", 405), ("GET", "/api/v1/nothing", 404), ("GET", "/day/", 404)],
)
def test_what_is_not_there_is_told_in_our_words(house, method, path, status):
    answer = house.client("all").request(method, path, headers=FROM_HERE)
    assert status == answer.status_code
    assert "Not Found" not in answer.text or path.startswith("/api")


def hostile_key(name):
    return f"{name[:200]}/2026-11-02/Hour-11/snap/MDAlarm_20261102-110001.jpg"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text_on_every_page(house, name):
    uri = f"s3://frames/{hostile_key(name.replace('/', '|'))}"
    found = {"labels": Answer((Detection(name, 90.0, attributes={"parents": [name]}),), name, 30.0)}
    texts = {"text": Answer((Detection(name, 90.0, attributes={"type": "line"}),), name)}
    house.analyse(uri, found | texts)
    client = house.client("all")
    client.post("/me/tokens", data={"title": name, "roles": "owner"}, headers=FROM_HERE)
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    listed = [client.get(path) for path in ("/new", "/day", "/calendar", "/me")]
    graph, taken_at = house.world.graph, "2026-11-02T11:00:01+00:00"
    graph.answers["images-with-text"] = [{"image_id": uri, "taken_at": taken_at, "confidence": 90.0, "text": name}]
    graph.answers["label-by-time"] = [{"weekday": 1, "hour": 11, "images": 1}]
    graph.answers["label-by-confidence"] = [{"from_percent": 90, "images": 1}]
    graph.answers["labels-of-days"] = [
        {"label": each, "images": 1, "percents": [90], "of_percents": [1]} for each in (name, None)
    ]
    asked = {"label": name, "camera": name.replace("/", "|")}
    listed += [client.get(path, params=asked) for path in ("/heat", "/confidence", "/months", "/heat.png")]
    listed.append(client.get("/search", params=asked | {"text": f"{name} "}))
    for page in (*listed, client.get("/day", params={"label": name}), client.get("/image", params={"id": uri})):
        assert 200 == page.status_code, page.text
        assert "<script>alert" not in page.text
        assert '"onmouseover' not in page.text
        assert ">49<" not in page.text
        assert not {"\u202e", "\u200b"} & set(re.sub(r'value="[^"]*"', "", page.text))  # a form sends the name itself
    shown = client.get("/image", params={"id": uri}).text
    if name == BRACES:
        assert BRACES in shown


@pytest.mark.parametrize(
    ("path", "what", "why"),
    [
        ("/months?at_least=abc", "The field “from %”", "It must be a number"),
        ("/months?at_least=abc&before=x", "The fields “Before”, “from %”", "It must be a month of the calendar"),
        ("/nothing", "This address", "There is nothing at this address."),
        ("/day?camera=none", "none", "No camera of this name has taken a picture."),
        ("/accuracy/accuracy.exe", "This file", "The figures are to be had as"),
    ],
)
def test_a_page_of_an_error_names_the_input_and_speaks_in_sentences(looked_at, path, what, why):
    html = looked_at.client("all").get(path).text
    assert f'<h1 id="what"><bdi>{what}</bdi></h1>' in html
    assert f"<p><bdi>{why}" in html.replace("</bdi>.", ".")


def test_what_is_wrong_with_each_input_is_told_to_programs(house):
    client = house.client("all")
    one, several = (
        client.get("/api/v1/images", params={"day": day, "limit": "x"}).json()["detail"] for day in (DAY, "x")
    )
    assert one == "The input limit: it must be a whole number"
    a_day = "it must be a day of the calendar, written as 2026-11-27"
    assert several == f"The inputs day, limit: {a_day} (day); it must be a whole number (limit)"


def test_a_body_that_is_no_json_has_no_name():
    error = {"type": "json_invalid", "loc": ("body", 17), "msg": "JSON decode error"}
    missing = {"type": "missing", "loc": ("body",), "msg": "Field required"}
    for each, why in ((error, "it must be JSON"), (missing, "it must be given")):
        told = problem_of(RequestValidationError([each]))
        assert ("The request", why) == (told.what, told.why)


def test_a_key_of_1024_bytes_is_shown(house):
    key = f"yard/{'é' * 509}x"
    assert 1024 == len(key.encode())
    uri = f"s3://frames/{key}"
    house.analyse(uri)
    client = house.client("all")
    page = client.get("/image", params={"id": uri})
    assert 200 == page.status_code
    row = house.world.images.get(uri)
    listed = client.get("/day", params={"camera": "yard", "day": row.capture.day})
    assert 1 == listed.text.count("<img")


def test_hostile_parameters_are_answered_and_shown_as_text(looked_at):
    for value in [*HOSTILE, "s3://frames/../../x", "s3://frames/\0", "s3://", "é" * 3000, ""]:
        check_parameter(looked_at.client("all"), value)


def check_parameter(client, value):
    for path, name in (
        ("/image", "id"),
        *(("/day", each) for each in ("camera", "day", "before", "label", "at_least")),
        *(("/search", each) for each in ("q", "label", "text", "camera", "since", "at_least", "hour", "after")),
        *(("/heat", each) for each in ("label", "camera", "weeks", "day", "at_least")),
        *(("/confidence", each) for each in ("label", "camera")),
        *(("/months", each) for each in ("before", "after", "camera")),
        ("/image", "end"),
        ("/calendar", "month"),
        ("/calendar", "label"),
        ("/new", "seen"),
        *(("/review/people/said", each) for each in ("told", "after", "end")),
        ("/review/people", "after"),
        ("/login", "next"),
    ):
        answer = client.get(path, params={name: value})
        assert answer.status_code in {200, 303, 404, 409, 422}, (path, answer.text)  # 409: known people are off
        assert "<script>alert" not in answer.text
        assert '"onmouseover' not in answer.text
    for text in ("label", "text"):
        answer = client.get("/api/v1/images", params={text: value, "camera": value})
        assert answer.status_code in {200, 422}, answer.text
    for path, name in (("/images", "cursor"), ("/images", "label"), ("/image", "id"), ("/dead-letters", "cursor")):
        answer = client.get(f"/api/v1{path}", params={"day": DAY, name: value})
        assert answer.status_code in {200, 404, 422}, (path, answer.text)


def test_half_a_surrogate_pair_in_a_dead_letter_can_be_read(looked_at):
    now = looked_at.world.clock.now
    odd = DeadLetter("InvalidUri", "s3://\ud800", "rule", "remedy", "ingest_image", {"a": ["\udfff"]}, now, now)
    looked_at.world.operations.dead_letters.write(odd)
    answer = looked_at.client("all").get("/api/v1/dead-letters")
    assert 200 == answer.status_code
    assert ["\\udfff"] == answer.json()["dead_letters"][0]["message"]["a"]


def test_the_log_line_names_route_and_user_and_no_query(looked_at, capsys):
    looked_at.client("all").get("/login", params={"next": "/secret-place"})
    said = capsys.readouterr().out
    assert "route=/login" in said
    assert "user=all" in said
    assert "secret-place" not in said


def test_a_page_of_https_says_so_for_a_year(tmp_path):
    house = build(tmp_path, is_https=True)
    assert "max-age=31536000" == house.client().get("/healthz").headers["strict-transport-security"]
    house.console.close()


def test_what_a_template_lacks_is_an_error(house):
    house.analyse(data=picture(3))
    assert "undefined" not in house.client("all").get("/day").text.lower()
