"""Who may ask for what: every route, for nobody and for each role; and where a request must come from."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import APIRouter

from sightline.storage.users.protocol import Role, UserChange
from sightline.web.access import GuardedRoute, for_roles
from sightline.web.app import CALLS, PAGES, guarded
from sightline.web.rendering import API
from tests.unit.web.house import DAY, FROM_HERE, HOST, PASSWORD, SHOP, URI

OWNER, REVIEWER, OPERATOR = {"owner"}, {"reviewer"}, {"operator"}
ALL = OWNER | REVIEWER | OPERATOR
EVERYBODY = ALL | {"nobody"}


@dataclass(frozen=True)
class Case:
    """A request of a route: to whom it is open, and what it sends."""

    method: str
    path: str
    open_to: set[str]
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    by_session: bool = False


SEEN = {"until": "0" * 26, "read_at": "2026-11-02T07:00:00+00:00", "number": "0"}

CASES = [
    Case("GET", "/healthz", EVERYBODY),
    Case("GET", "/static/{name}", EVERYBODY),
    Case("GET", "/picture/{width}/{sha256}.jpg", EVERYBODY),  # it asks for the signature itself: test_pictures.py
    Case("GET", "/original/{sha256}", OWNER, {"id": URI, "t": "x"}),
    Case("GET", "/login", EVERYBODY),
    Case("POST", "/login", EVERYBODY, form={"name": "x", "password": "y"}),
    Case("POST", "/logout", ALL, by_session=True),
    Case("GET", "/", ALL),
    Case("GET", "/day", OWNER),
    Case("GET", "/calendar", OWNER),
    Case("GET", "/new", OWNER),
    Case("GET", "/search", OWNER),
    *(Case("GET", path, OWNER) for path in ("/heat", "/heat.png", "/months", "/confidence", "/patterns")),
    Case("POST", "/new/seen", OWNER, form=SEEN, by_session=True),
    Case("POST", "/new/undo", OWNER, form={"number": "1"}, by_session=True),
    Case("GET", "/image", OWNER, {"id": URI}),
    Case("GET", "/image/beside", OWNER, {"id": URI, "side": "next"}),
    Case("POST", "/image/verdict", OWNER, form={"id": URI, "label": "Person", "answer": "absent", "content": ""}),
    Case("GET", "/review", REVIEWER, by_session=True),
    Case("POST", "/review", REVIEWER, form={"label": "Person"}, by_session=True),
    Case("GET", "/review/second", REVIEWER, by_session=True),
    Case("POST", "/review/second", REVIEWER, form={"label": "Person"}, by_session=True),
    Case("GET", "/review/mine", REVIEWER, by_session=True),
    Case("GET", "/review/left", REVIEWER, {"why": "held", "label": "Person"}, by_session=True),
    Case("GET", "/review/people", REVIEWER, by_session=True),
    Case("GET", "/review/people/said", REVIEWER, by_session=True),
    Case("GET", "/review/people/{candidate_id}", REVIEWER, by_session=True),
    Case("POST", "/review/people/{candidate_id}", REVIEWER, {"answer": "yes", "content": "x"}, by_session=True),
    Case("GET", "/look/people/{candidate_id}/face", REVIEWER, by_session=True),
    Case("GET", "/look/people/{candidate_id}/{width}", REVIEWER, by_session=True),
    Case("GET", "/review/{batch_id}/done", REVIEWER, by_session=True),
    Case("POST", "/review/{batch_id}/done", REVIEWER, by_session=True),
    Case("POST", "/review/{batch_id}/{number}/doubt", REVIEWER, by_session=True),
    Case("GET", "/review/{batch_id}/{number}", REVIEWER, by_session=True),
    Case("POST", "/review/{batch_id}/{number}", REVIEWER, {"answer": "absent", "content": "x"}, by_session=True),
    Case("GET", "/look/{batch_id}/{number}/{width}", REVIEWER, by_session=True),
    Case("GET", "/accuracy", ALL),
    Case("GET", "/accuracy/{name}", ALL),
    Case("GET", "/agreement", ALL),
    Case("GET", "/status", OPERATOR),
    Case("GET", "/status.json", OPERATOR),
    Case("GET", "/status/resume", OPERATOR, {"stop": "x"}),
    Case("POST", "/status/resume", OPERATOR, form={"stop": "x"}),
    Case("GET", "/operators", OPERATOR),
    Case("GET", "/dead-letters", OPERATOR),
    Case("GET", "/dead", OPERATOR),
    Case("GET", "/dead/confirm", OPERATOR, {"act": "close", "error": "x", "whole": "1"}),
    Case("POST", "/dead/redrive", OPERATOR, form={"error": "x", "once": "0" * 26, "pick": "x"}),
    Case("POST", "/dead/close", OPERATOR, form={"error": "x", "once": "0" * 26, "pick": "x", "reason": "r"}),
    Case("GET", "/cost", OPERATOR),
    Case("GET", "/rates", OPERATOR),
    Case("POST", "/rates", OPERATOR, form={"operation": "x", "per_second": "5", "because": "r"}),
    Case("POST", "/rates/reset", OPERATOR, form={"operation": "x"}),
    Case("GET", "/people", OPERATOR, by_session=True),
    Case("POST", "/people", OPERATOR, form={"name": "x#", "roles": "owner"}, by_session=True),
    Case("GET", "/people/user", OPERATOR, {"name": "x"}, by_session=True),
    Case("POST", "/people/roles", OPERATOR, form={"name": "x", "roles": "owner"}, by_session=True),
    Case("POST", "/people/password", OPERATOR, form={"name": "x"}, by_session=True),
    Case("POST", "/people/sign-out", OPERATOR, form={"name": "x"}, by_session=True),
    Case("POST", "/people/remove", OPERATOR, form={"name": "x", "again": "x"}, by_session=True),
    Case("GET", "/log", OPERATOR),
    Case("GET", "/agreement/together", OWNER | REVIEWER, {"id": URI, "label": "Person", "content": "x"}),
    Case("GET", "/me", ALL, by_session=True),
    Case("POST", "/me/keys", ALL, by_session=True),
    Case("POST", "/me/password", ALL, form={"old": PASSWORD, "new": f"{PASSWORD} 2"}, by_session=True),
    Case("POST", "/me/tokens", ALL, form={"title": "t", "roles": "owner"}, by_session=True),
    Case("POST", "/me/tokens/withdraw", ALL, form={"token_id": "x"}, by_session=True),
    Case("GET", "/api", ALL),
    Case("GET", "/api/v1/openapi.json", ALL),
    Case("GET", "/api/v1/cameras", OWNER),
    Case("GET", "/api/v1/images", OWNER, {"day": DAY}),
    Case("GET", "/api/v1/image", OWNER, {"id": URI}),
    Case("GET", "/api/v1/verdicts", OWNER, {"id": URI}),
    Case("POST", "/api/v1/verdicts", OWNER, json={"image_id": URI, "label": "Person", "answer": "absent"}),
    Case("GET", "/api/v1/accuracy", ALL),
    Case("GET", "/api/v1/accuracy/thresholds", ALL),
    Case("GET", "/api/v1/agreement", ALL),
    Case("GET", "/api/v1/status", OPERATOR),
    Case("GET", "/api/v1/dead-letters", OPERATOR),
    Case("POST", "/api/v1/dead-letters/redrive", OPERATOR, json={"ids": ["x"]}),
    Case("POST", "/api/v1/dead-letters/close", OPERATOR, json={"ids": ["x"], "reason": "r"}),
    Case("GET", "/api/v1/cost", OPERATOR),
    Case("GET", "/api/v1/rates", OPERATOR),
    Case("POST", "/api/v1/rates", OPERATOR, json={"operation": "x", "per_second": 5, "because": "r"}),
    Case("POST", "/api/v1/comparisons", OPERATOR, json={"source": URI, "target": URI}),
    Case("GET", "/api/v1/comparisons/{comparison_id}", OPERATOR),
    Case("GET", "/api/v1/candidates", REVIEWER),
    Case("POST", "/api/v1/candidates/{candidate_id}", REVIEWER, json={"answer": "yes"}),
]


def send(client, case, **headers):
    path = case.path.replace("{name}", "console.css").replace("{width}", "320").replace("{sha256}", "0" * 64)
    path = path.replace("{batch_id}", "01A").replace("{number}", "1")
    path = path.replace("{comparison_id}", "0" * 64).replace("{candidate_id}", f"{'0' * 64}-{'1' * 32}")
    given = {"data": case.form} if case.form else {"json": case.json} if case.json else {}
    return client.request(case.method, path, params=case.query, headers=headers, **given)


def is_refused(case, answer):
    """Say whether who asks was sent away; who has signed out is led to the sign-in as well."""
    if case.path == "/login":  # refuses a wrong password
        return False
    is_sent_away = answer.headers.get("location", "").startswith("/login")
    return answer.status_code in {401, 403} or (is_sent_away and "clear-site-data" not in answer.headers)


def test_every_route_has_its_case():
    routers = [*(("", router) for router in PAGES), *((API, router) for router in CALLS)]
    routes = [(prefix, route) for prefix, router in routers for route in guarded(router)]
    served = {(method, prefix + route.path) for prefix, route in routes for method in route.methods}
    assert {(case.method, case.path) for case in CASES} == served


def test_each_name_of_the_menus_is_an_address_as_well(looked_at):
    client = looked_at.client("all")
    menus = re.findall(r"<nav.*?</nav>", client.get("/status").text, re.DOTALL)
    names = [name for menu in menus for name in re.findall(r"<a [^>]*>([^<]+)</a>", menu)]
    assert {"Patterns", "Dead letters", "Log"} <= {*names}
    for name in [*names, "operators"]:
        answer = client.get(f"/{name.lower().replace(' ', '-')}", follow_redirects=True)
        assert 200 == answer.status_code, name
    nobody = looked_at.client().get("/patterns")
    assert "/login?next=%2Fpatterns" == nobody.headers["location"]


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_a_route_is_open_to_those_whom_it_is_for(looked_at, who):
    for case in CASES:
        answer = send(looked_at.client(None if who == "nobody" else who), case, **FROM_HERE)
        assert (who not in case.open_to) == is_refused(case, answer), (case, answer.text)
        assert answer.status_code != 500, (case, answer.text)


@pytest.mark.parametrize("role", Role)
def test_a_token_opens_what_its_roles_open_but_nothing_that_is_for_persons(looked_at, role):
    for case in CASES:
        answer = send(looked_at.client(), case, **looked_at.token("all", role))
        is_open = case.open_to == EVERYBODY or (str(role) in case.open_to and not case.by_session)
        assert is_open != is_refused(case, answer), (case, answer.text)


FROM_ELSEWHERE = {
    "nothing": {},
    "another site": {"origin": "https://evil.example"},
    "null": {"origin": "null"},
    "a longer name": {"origin": f"{HOST}.evil.example"},
    "no address": {"origin": "http://[::1"},
    "cross-site": {"sec-fetch-site": "cross-site", "origin": HOST},
    "same-site": {"sec-fetch-site": "same-site", "origin": HOST},
}


@pytest.mark.parametrize("headers", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_what_changes_something_must_come_from_a_page_of_the_console(looked_at, headers):
    for case in CASES:
        answer = send(looked_at.client("all"), case, **headers)
        is_foreign = answer.status_code == 403 and "from a page of this console" in answer.text
        assert (case.method == "POST") == is_foreign, (case, answer.text)
    assert [] == looked_at.world.users.acts()
    assert [] == looked_at.world.verdicts.of_image(URI)


@pytest.mark.parametrize("headers", [FROM_HERE, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_a_page_of_the_console_may_change_something(looked_at, headers):
    for case in CASES:
        assert "from a page of this console" not in send(looked_at.client("all"), case, **headers).text


def test_a_program_ignores_the_cookie_that_comes_with_its_token(looked_at):
    client = looked_at.client("all")
    answer = client.get("/api/v1/status", headers=looked_at.token("owner", Role.OWNER))
    assert 403 == answer.status_code
    wrong = client.get("/api/v1/status", headers={"authorization": "Bearer b3duZXI.wrong"})
    assert 401 == wrong.status_code
    assert "Bearer" == wrong.headers["www-authenticate"]


def test_a_token_has_what_its_user_still_has(looked_at):
    header = looked_at.token("all", *Role)
    assert 200 == looked_at.client().get("/api/v1/cameras", headers=header).status_code
    looked_at.world.users.change("all", UserChange(roles=frozenset({Role.REVIEWER})))
    assert 403 == looked_at.client().get("/api/v1/cameras", headers=header).status_code


def test_a_token_of_a_removed_user_is_worth_nothing_to_a_namesake(looked_at):
    header, users = looked_at.token("owner", Role.OWNER), looked_at.world.users
    token = users.tokens("owner")[0]
    users.remove("owner")
    looked_at.world.clock.move(looked_at.console.options.session_lasts)
    looked_at.add("owner", [Role.OWNER])
    users.keep_token(token)  # as if its removal had been interrupted
    assert 401 == looked_at.client().get("/api/v1/cameras", headers=header).status_code


@pytest.mark.parametrize("credential", ["", ".", "x", "!.y", "//8.y", "YW5u.", "YW5u.\N{SNOWMAN}", "A" * 5000 + ".x"])
def test_a_cookie_that_we_never_gave_out_is_nobody(house, credential):
    client = house.client()
    answer = client.get("/day", headers={"cookie": f"sightline={credential}".encode()})
    assert "/login?next=%2Fday" == answer.headers["location"]


def test_a_route_that_declares_nobody_stops_the_console_from_starting():
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="must declare who may ask"):
        router.get("/secret")(lambda: "for whom?")
    router.get("/secret")(for_roles(Role.OWNER)(lambda: "for owners"))


def test_pages_of_named_origins_may_read_the_api_and_no_others(looked_at):
    asking = {"origin": SHOP, "access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    client = looked_at.client()
    allowed = client.options("/api/v1/cameras", headers=asking)
    assert (200, SHOP) == (allowed.status_code, allowed.headers["access-control-allow-origin"])
    assert "access-control-allow-credentials" not in allowed.headers
    refused = client.options("/api/v1/cameras", headers=asking | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers
    read = client.get("/api/v1/cameras", headers={"origin": SHOP, **looked_at.token("owner", Role.OWNER)})
    assert SHOP == read.headers["access-control-allow-origin"]
    page = looked_at.client("all").get("/day", headers={"origin": SHOP})
    assert "access-control-allow-origin" not in page.headers
