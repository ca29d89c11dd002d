"""Signing in and out: cookies, limits, and where one goes on."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from starlette.testclient import TestClient

from sightline.storage.users.protocol import Role
from sightline.web.pages.signing_in import within
from sightline.web.sign_in_limits import MINUTE, TRIES_BY_ADDRESS, TRIES_BY_NAME, SignInLimits
from tests.unit.web.house import FROM_HERE, PASSWORD, URI, build


def sign_in(client, name="all", password=PASSWORD, place="/"):
    return client.post("/login", data={"name": name, "password": password, "next": place}, headers=FROM_HERE)


def test_who_signs_in_goes_on_to_where_they_wanted_to_be(looked_at):
    client = looked_at.client()
    sent = client.get("/image", params={"id": URI})
    assert 303 == sent.status_code
    form = client.get(sent.headers["location"])
    assert f"/image?id={URI.replace('/', '%2F').replace(':', '%3A')}" in form.text.replace("&amp;", "&")
    done = sign_in(client, place=f"/image?id={URI}")
    assert (303, f"/image?id={URI}") == (done.status_code, done.headers["location"])
    assert 200 == client.get(done.headers["location"]).status_code
    assert "sign in" == looked_at.world.users.acts()[0].what


def test_the_cookie_is_for_this_host_and_no_script(house):
    cookie = sign_in(house.client()).headers["set-cookie"]
    assert cookie.startswith("sightline=")
    words = {word.strip() for word in cookie.split(";")}
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=43200"} <= words
    assert not any(word.startswith(("Secure", "Domain")) for word in words)


def test_over_https_the_cookie_is_sent_over_https_alone(tmp_path):
    house = build(tmp_path, is_https=True)
    secure = house.client(base_url="https://testserver").post(
        "/login", data={"name": "all", "password": PASSWORD}, headers={"origin": "https://testserver"}
    )
    assert secure.headers["set-cookie"].startswith("__Host-sightline=")
    assert "Secure" in secure.headers["set-cookie"]
    assert "strict-transport-security" in secure.headers
    house.console.close()


def test_each_sign_in_has_a_session_of_its_own_and_a_secret_that_is_not_stored(house):
    client = house.client()
    first, second = (sign_in(client).headers["set-cookie"].split(";")[0] for _ in range(2))
    assert first != second
    secret = first.partition(".")[2]
    assert secret not in str(vars(house.world.users))


@pytest.mark.parametrize(
    ("name", "password"),
    [("all", "wrong"), ("nobody", PASSWORD), ("", ""), ("a" * 300, PASSWORD), ("all", "é" * 2000), ("\0", "x")],
)
def test_what_is_wrong_is_told_without_saying_whether_the_name_is(house, name, password):
    answer = sign_in(house.client(), name, password)
    assert 401 == answer.status_code
    assert "Name and password must go together. Try again" in answer.text
    assert "set-cookie" not in answer.headers
    assert "wrong" not in answer.text


def test_too_many_tries_of_a_name_must_wait(house):
    client = house.client()
    statuses = [sign_in(client, password="wrong").status_code for _ in range(TRIES_BY_NAME + 1)]
    assert [401] * TRIES_BY_NAME + [429] == statuses
    refused = sign_in(client)
    assert (429, "61") == (refused.status_code, refused.headers["retry-after"])
    assert 303 == sign_in(client, "owner").status_code
    house.world.clock.move(MINUTE)
    assert 303 == sign_in(client).status_code


def test_too_many_tries_of_an_address_must_wait_whatever_the_names(house):
    client = house.client()
    statuses = [sign_in(client, f"name{number}").status_code for number in range(TRIES_BY_ADDRESS + 1)]
    assert [401] * TRIES_BY_ADDRESS + [429] == statuses
    named = client.post("/login", data={"name": "z"}, headers=FROM_HERE | {"x-forwarded-for": "203.0.113.9"})
    assert 429 == named.status_code


def test_a_try_that_waits_does_not_make_the_next_one_wait_longer(house):
    limits = SignInLimits(house.world.clock)
    for _ in range(TRIES_BY_NAME):
        assert timedelta(0) == limits.wait("ann", "1")
    house.world.clock.move(MINUTE / 2)
    assert MINUTE / 2 == limits.wait("ann", "2") == limits.wait("ann", "3")
    house.world.clock.move(MINUTE / 2)
    assert timedelta(0) == limits.wait("ann", "4")


def test_who_has_signed_in_may_mistype_again(house):
    client = house.client()
    for _ in range(TRIES_BY_NAME - 1):
        sign_in(client, password="wrong")
    assert 303 == sign_in(client).status_code
    assert [401] * TRIES_BY_NAME == [sign_in(client, password="wrong").status_code for _ in range(TRIES_BY_NAME)]


def test_signing_out_ends_the_session_and_empties_the_cache(house):
    client = house.client("all")
    cookies = dict(client.cookies)
    assert 200 == client.get("/me").status_code
    out = client.post("/logout", headers=FROM_HERE)
    assert ("/login", '"cache"') == (out.headers["location"], out.headers["clear-site-data"])
    again = house.client()
    again.cookies.update(cookies)
    assert "/login?next=%2Fme" == again.get("/me").headers["location"]


class Held:
    """Users whose sessions are read, and told of a moment later. read: the ids of those, in order."""

    def __init__(self, users):
        self._users, self.read, self.begun, self.goes_on = users, [], Event(), Event()

    def __getattr__(self, name):
        return getattr(self._users, name)

    def session(self, user, session_id):
        found = self._users.session(user, session_id)
        self.read.append(session_id)
        self.begun.set()
        assert self.goes_on.wait(60)
        return found


@pytest.fixture
def held(house):
    house.console.services = replace(house.console.services, users=Held(house.world.users))
    return house


def test_a_session_that_is_read_while_it_ends_is_not_kept(held):
    users, client = held.console.services.users, held.client("all")
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(client.get, "/me")
        assert users.begun.wait(60)
        (session_id,) = users.read
        users.end_session("all", session_id)
        held.console.forget_visitors(lambda visitor: visitor.session_id == session_id)
        users.goes_on.set()
        assert 200 == before.result(60).status_code, "it was there when it was read"
    assert "/login?next=%2Fme" == client.get("/me").headers["location"]


def test_what_a_page_asks_for_at_once_reads_its_user_once(held):
    users, cookies = held.console.services.users, held.client("all").cookies
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(TestClient(held.app, cookies=cookies).get, "/me") for _ in range(8)]
        assert users.begun.wait(60)
        users.goes_on.set()
        assert {200} == {each.result(60).status_code for each in asked}
    assert 1 == len(users.read)


def test_a_session_ends_after_its_time(house):
    client = house.client("all")
    house.world.clock.move(house.console.options.session_lasts - timedelta(seconds=1))
    assert 200 == client.get("/me").status_code
    house.world.clock.move(timedelta(seconds=11))
    assert 303 == client.get("/me").status_code


def test_another_password_ends_the_other_sessions_and_not_this_one(house):
    here, there = house.client("all"), house.client("all")
    assert 200 == there.get("/me").status_code
    changed = here.post("/me/password", data={"old": PASSWORD, "new": "another good one"}, headers=FROM_HERE)
    assert 303 == changed.status_code
    assert (200, 303) == (here.get("/me").status_code, there.get("/me").status_code)
    assert (401, 303) == (sign_in(there).status_code, sign_in(there, password="another good one").status_code)


@pytest.mark.parametrize(
    ("old", "new", "status"), [("wrong", "another good one", 401), (PASSWORD, "short", 422), (PASSWORD, "", 422)]
)
def test_a_password_is_not_changed_by_what_is_wrong(house, old, new, status):
    client = house.client("all")
    assert status == client.post("/me/password", data={"old": old, "new": new}, headers=FROM_HERE).status_code
    assert 303 == sign_in(client).status_code


def test_the_old_password_cannot_be_guessed_from_a_session_that_was_left_open(house):
    client = house.client("all")
    tries = [
        client.post(
            "/me/password", data={"old": f"guess {n}", "new": "another good one"}, headers=FROM_HERE
        ).status_code
        for n in range(TRIES_BY_NAME + 1)
    ]
    assert [401] * TRIES_BY_NAME + [429] == tries


def test_a_token_is_shown_once_works_and_can_be_withdrawn(looked_at):
    client = looked_at.client("owner")
    form = {"title": "the shop's page", "roles": "owner", "days": "30"}
    made = client.post("/me/tokens", data=form, headers=FROM_HERE)
    token = made.text.partition('class="token">')[2].partition("<")[0]
    assert token
    assert token not in client.get("/me").text
    header = {"authorization": f"Bearer {token}"}
    assert 200 == looked_at.client().get("/api/v1/cameras", headers=header).status_code
    (kept,) = looked_at.world.users.tokens("owner")
    assert frozenset({Role.OWNER}) == kept.roles
    client.post("/me/tokens/withdraw", data={"token_id": kept.token_id}, headers=FROM_HERE)
    assert 401 == looked_at.client().get("/api/v1/cameras", headers=header).status_code


@pytest.mark.parametrize(
    ("form", "remedy"),
    [
        ({"title": "t"}, "Tick at least one role"),
        ({"title": " ", "roles": "owner"}, "Say what it is for"),
        ({"title": "t", "roles": "operator"}, "Tick only roles that you have"),
    ],
)
def test_what_a_token_lacks_is_told_with_what_to_do_on_the_page(house, form, remedy):
    answer = house.client("owner").post("/me/tokens", data=form, headers=FROM_HERE)
    assert (422, True) == (answer.status_code, f"<bdi>{remedy}</bdi>." in answer.text)


@pytest.mark.parametrize(
    "form",
    [
        {"title": "t", "roles": "operator"},
        {"title": " ", "roles": "owner"},
        {"title": "t"},
        {"title": "t" * 81, "roles": "owner"},
        {"title": "t", "roles": "owner", "days": "0"},
    ],
)
def test_a_token_has_a_title_and_no_role_that_its_user_lacks(house, form):
    answer = house.client("owner").post("/me/tokens", data=form, headers=FROM_HERE)
    assert 422 == answer.status_code
    assert [] == house.world.users.tokens("owner")


def test_keys_are_switched_off_for_a_user(house):
    client = house.client("all")
    assert 'data-keys="on"' in client.get("/me").text
    client.post("/me/keys", data={}, headers=FROM_HERE)
    assert 'data-keys="off"' in client.get("/me").text
    client.post("/me/keys", data={"keys": "true"}, headers=FROM_HERE)
    assert 'data-keys="on"' in client.get("/me").text


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "/\\evil.example", "https://evil.example", "", "javascript:x", "/a\nb", "/" + "a" * 5000],
)
def test_nobody_is_sent_to_another_host(place):
    assert "/" == within(place)
    assert "/image?id=s3://a/b" == within("/image?id=s3://a/b")
