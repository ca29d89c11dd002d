"""Candidates for known people: asked about blindly, of nobody who must not be known, and answered as by command."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from sightline.errors import Unavailable
from sightline.models.answers import Box
from sightline.models.people import Word
from sightline.models.people_policy import KnownPeople
from sightline.services.people.reviewing import say
from sightline.storage.users.protocol import MarkKind, Role
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.web.candidates import MOST_LOOKED_AT
from tests.unit.web.house import FROM_HERE, build
from tests.unit.web.known import ANN, POLICY, SIMILARITY, keep, know

URIS = [uri_of(f"0{number}", "gate") for number in range(3)]
LIST = "/api/v1/candidates"


@pytest.fixture
def house(tmp_path):
    """Give a house with three candidates for one person."""
    world = FakeSightline(people_policy=POLICY, known_people=KnownPeople(POLICY, 99.0))
    made = build(tmp_path, world=world)
    for uri in URIS:
        made.analyse(uri)
    know(made)
    for uri in URIS:
        keep(made, uri)
    yield made
    made.console.close()


def matches(house):
    return house.world.operations.people.matches()


def first(house):
    return house.world.operations.people.waiting(None, 1)[0]


def listed(house, who="reviewer", **params):
    answer = house.client().get(LIST, params=params, headers=house.token(who, Role.REVIEWER))
    assert answer.status_code == 200, answer.text
    return answer.json()


def images(house, who="reviewer"):
    return {each["image_id"] for each in listed(house, who)["candidates"]}


def answer(house, match, word="yes", who="reviewer", **more):
    body = {"answer": word} | more
    path = f"{LIST}/{match.candidate_id}"
    return house.client().post(path, json=body, headers=house.token(who, Role.REVIEWER))


def page_of(house, match, who="reviewer"):
    return house.client(who).get(f"/review/people/{match.candidate_id}")


def press(house, match, word="yes", who="reviewer", content=None):
    params = {"answer": word, "content": content or match.content}
    return house.client(who).post(f"/review/people/{match.candidate_id}", params=params, headers=FROM_HERE)


def follow(house, done, who="reviewer"):
    """Follow redirections, as a browser does, up to a page."""
    client = house.client(who)
    for _ in range(9):
        if done.status_code != 303:
            return done
        done = client.get(done.headers["location"])
    raise AssertionError(done.headers["location"])


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


# --- blindness


def test_nothing_of_the_similarity_and_no_key_reaches_the_reviewer_before_the_answer(house):
    match = first(house)
    page = page_of(house, match)
    assert "Is this" in text_of(page)
    assert "Ann O&#39;Neil" in page.text
    assert 'x="25.0000%"' in page.text
    api = house.client().get(LIST, headers=house.token("reviewer", Role.REVIEWER)).text
    for said in (page.text + str(page.headers), api):
        assert not re.search(r"99\.4|\b99\b|similarity|alike\W*\d", said)
    for key in ("s3://", "MDAlarm", "Person", "stratum"):
        assert key not in page.text


def test_similarity_is_told_with_the_answer_and_on_the_page_of_answers(house):
    match = first(house)
    assert SIMILARITY == answer(house, match).json()["similarity"]
    page = house.client("reviewer").get("/review/people/said")
    assert "yes 99.4 % alike" in text_of(page)
    assert page_of(house, match).status_code == 200
    assert "99.4" not in page_of(house, match).text


def test_candidates_come_in_an_order_that_their_similarities_do_not_change(house):
    before = [each["id"] for each in listed(house)["candidates"]]
    for number, uri in enumerate(URIS):
        keep(house, uri, similarity=99.0 + number / 10)
    assert before == [each["id"] for each in listed(house)["candidates"]] == sorted(before)


def test_an_image_that_the_review_asks_about_is_no_candidate_for_this_reviewer_until_the_batch_is_closed(house):
    house.add("bob", [Role.REVIEWER])
    client = house.client("reviewer")
    place = client.post("/review", data={"label": "Person"}, headers=FROM_HERE).headers["location"]
    (batch,) = house.world.users.batches.open_of("reviewer")
    asked = {each.image_id for each in batch.pictures}
    assert asked == {*URIS}
    assert set() == images(house)
    hidden = matches(house)[0]
    assert 404 == answer(house, hidden).status_code
    assert "/review/people/said" in press(house, hidden).headers["location"]
    assert 404 == client.get(f"/look/people/{hidden.candidate_id}/320").status_code
    assert [None] * 3 == [each.word for each in matches(house)]
    number = int(place.rsplit("/", 1)[1])
    said = {"answer": "absent", "content": batch.picture(number).content}
    client.post(place, params=said, headers=FROM_HERE)
    assert set() == images(house)
    client.post(f"/review/{batch.batch_id}/done", headers=FROM_HERE)
    assert {batch.picture(number).image_id} <= images(house)


def test_what_was_said_of_an_image_that_the_review_asks_about_now_is_hidden(house):
    match = first(house)
    answer(house, match)
    house.ask(match.image_id)
    assert "99.4" not in house.client("reviewer").get("/review/people/said").text


@pytest.mark.parametrize("by", ["page", "api"])
def test_who_was_shown_a_candidate_has_seen_that_there_is_a_face(house, by):
    users = house.world.users
    if by == "page":
        match = first(house)
        page_of(house, match)
        assert {match.image_id} == {*users.marks("reviewer", MarkKind.VIEWED, URIS)}
    else:
        listed(house)
        assert {*URIS} == {*users.marks("reviewer", MarkKind.VIEWED, URIS)}


# --- who must not be known


def test_while_it_is_off_it_is_refused_and_the_review_does_not_lead_there(tmp_path):
    house = build(tmp_path)
    header = house.token("reviewer", Role.REVIEWER)
    problem = house.client().get(LIST, headers=header)
    assert (409, "application/problem+json") == (problem.status_code, problem.headers["content-type"])
    assert "SIGHTLINE_KNOWN_PEOPLE" in problem.json()["remedy"]
    client = house.client("reviewer")
    assert (409, 409) == tuple(client.get(f"/review/people{each}").status_code for each in ("", "/said"))
    assert "Known people" not in client.get("/review").text
    house.console.close()


def leave(house):
    people = house.world.operations.people
    people.leave(people.get(ANN))


def forget(house):
    house.world.services.forgetting.forget(ANN)


def end_consent(house):
    house.world.clock.move(timedelta(days=10))


def expire(house):
    for each in matches(house):
        keep(house, each.image_id, expires_at=house.world.clock() + timedelta(seconds=1))
    house.world.clock.move(timedelta(seconds=2))


def _policy(house, policy):
    house.world.people_policy, house.world.known_people = policy, KnownPeople(policy, 99.0)
    house.console.services = house.world.services = house.world.make_services(house.world.plan)


def shorten_retention(house):
    for each in matches(house):
        keep(house, each.image_id, at=house.world.clock() - timedelta(days=2))
    _policy(house, replace(POLICY, retention_days=1))


def leave_the_camera_out(house):
    _policy(house, replace(POLICY, cameras=("yard",)))


def overwrite(house):
    for each in matches(house):
        keep(house, each.image_id, content="e" * 64)


ENDS = [leave, forget, end_consent, expire, shorten_retention, leave_the_camera_out, overwrite]


@pytest.mark.parametrize("end", ENDS)
def test_what_must_not_be_shown_any_more_is_listed_shown_and_answered_nowhere(house, end):
    match = first(house)
    end(house)
    assert [] == listed(house)["candidates"]
    problem = answer(house, match)
    assert 404 == problem.status_code
    assert "forgotten" in problem.json()["detail"]
    assert ANN not in problem.text
    for kind in ("320", "face"):
        assert 404 == house.client("reviewer").get(f"/look/people/{match.candidate_id}/{kind}").status_code
    for done in (page_of(house, match), press(house, match)):
        said = text_of(follow(house, done))
        assert "waits for you no more" in said
        assert "Neil" not in said
    assert not any(each.word for each in matches(house))
    assert "Neil" not in house.client("reviewer").get("/review/people/said").text


def test_who_is_forgotten_between_reading_and_writing_is_told_and_nothing_is_kept(house):
    match, people = first(house), house.world.operations.people

    class Forgets:
        def __getattr__(self, name):
            return getattr(people, name)

        def say(self, *arguments):
            forget(house)
            return people.say(*arguments)

    services = house.console.services
    house.console.services = replace(services, operations=replace(services.operations, people=Forgets()))
    assert 404 == answer(house, match).status_code
    assert [] == matches(house)
    assert [] == house.world.graph.people.shown()


def test_pictures_that_cannot_be_shown_lead_to_no_endless_round(house):
    for uri in URIS:
        house.world.put(uri, picture(9))
    said = text_of(follow(house, house.client("reviewer").get("/review/people")))
    assert "waits for you no more" in said
    assert "Go on" in said


# --- answers


@pytest.mark.parametrize(("word", "kept", "shown"), [("yes", Word.CONFIRMED, [True]), ("no", Word.DENIED, [])])
def test_an_answer_is_kept_with_who_gave_it_and_the_graph_shows_it(house, word, kept, shown):
    match = first(house)
    told = answer(house, match, word).json()
    expected = {"id": match.candidate_id, "answer": word, "similarity": SIMILARITY, "replaced": None}
    assert expected | {"is_in_graph": True} == told
    (said,) = [each for each in matches(house) if each.word]
    assert (match.candidate_id, kept, "reviewer") == (said.candidate_id, said.word, said.by)
    assert shown == [each.is_confirmed for each in house.world.graph.people.shown()]
    assert {*URIS} - {match.image_id} == images(house)


def test_the_same_answer_is_written_once_and_the_graph_is_shown_it_again(house):
    match = first(house)
    answer(house, match)
    (before,) = [each for each in matches(house) if each.word]
    house.world.graph.people.hide(match.image_id, ANN)
    house.world.clock.move(timedelta(minutes=1))
    assert 200 == answer(house, match).status_code
    assert [before] == [each for each in matches(house) if each.word]
    assert 1 == len(house.world.graph.people.shown())


def test_the_last_word_stands_as_by_command_and_the_other_reviewer_is_told(house):
    house.add("bob", [Role.REVIEWER])
    match, services = first(house), house.world.services
    answer(house, match)
    assert "yes" == answer(house, match, "no", "bob").json()["replaced"]
    assert (Word.DENIED, "bob") == next((each.word, each.by) for each in matches(house) if each.word)
    say(match.image_id, ANN, Word.CONFIRMED, "rita", forgetting=services.forgetting, searching=services.searching)
    page = follow(house, press(house, match, "no", "bob"), "bob")
    assert "yours stands now" in text_of(page)
    assert (Word.DENIED, "bob") == next((each.word, each.by) for each in matches(house) if each.word)


def test_one_that_another_has_answered_meanwhile_is_not_asked_about(house):
    house.add("bob", [Role.REVIEWER])
    match = first(house)
    answer(house, match, who="bob")
    assert "Another reviewer has answered" in text_of(follow(house, page_of(house, match)))


def test_an_answer_about_other_bytes_than_were_seen_is_not_kept(house):
    match = first(house)
    assert 409 == answer(house, match, sha256="e" * 64).status_code
    assert "waits for you no more" in text_of(follow(house, press(house, match, content="e" * 64)))
    assert not any(each.word for each in matches(house))
    assert 200 == answer(house, match, sha256=match.content).status_code


def test_without_the_graph_the_answer_is_kept_and_the_page_says_so(house):
    class Away:
        def __getattr__(self, name):
            raise Unavailable("Neo4j")

    house.console.services = replace(house.console.services, graph=Away())
    match = first(house)
    assert "from tonight on" in text_of(follow(house, press(house, match)))
    assert [match.candidate_id] == [each.candidate_id for each in matches(house) if each.word]
    assert not answer(house, match).json()["is_in_graph"]


def test_while_the_rows_are_away_the_answer_stays_on_the_page(house):
    match, people = first(house), house.world.operations.people

    class Away:
        def __getattr__(self, name):
            raise Unavailable("DynamoDB")

    services = house.console.services
    house.console.services = replace(services, operations=replace(services.operations, people=Away()))
    page = press(house, match)
    assert 503 == page.status_code
    assert "Your answer is not saved yet: yes" in page.text
    (again,) = re.findall(r'action="([^"]+)" data-once', page.text)
    house.console.services = replace(services, operations=replace(services.operations, people=people))
    assert 303 == house.client("reviewer").post(again.replace("&amp;", "&"), headers=FROM_HERE).status_code
    assert [Word.CONFIRMED] == [each.word for each in matches(house) if each.word]


@pytest.mark.parametrize("word", ["maybe", "confirmed", ""])
def test_an_answer_is_yes_or_no(house, word):
    match = first(house)
    assert (422, 422) == (answer(house, match, word).status_code, press(house, match, word).status_code)


def test_pages_lead_through_all_candidates_back_and_to_the_end(house):
    client = house.client("reviewer")
    done = client.get("/review/people")
    for _ in range(3):
        match = first(house)
        page = follow(house, done)
        assert f"/look/people/{match.candidate_id}/1280" in page.text
        done = press(house, match, "no")
    end = follow(house, done)
    assert "No candidate waits for you" in text_of(end)
    assert 3 == end.text.count("% alike")
    assert "You said: no" in text_of(page_of(house, match))


def test_the_face_is_cut_out_of_the_picture_and_kept_nowhere(house):
    uri = uri_of("09", "gate")
    house.analyse(uri, data=picture(5, (1000, 800)))
    keep(house, uri, box=Box(0.4, 0.4, 0.2, 0.2))
    (match,) = house.world.operations.people.matches(image_id=uri)
    before = sorted(house.console.thumbnails._folder.rglob("*"))
    cut = house.client("reviewer").get(f"/look/people/{match.candidate_id}/face")
    shown = Image.open(io.BytesIO(cut.content))
    assert (600, 480) == shown.size
    line, *inside = (shown.tobytes()[3 * (240 * 600 + x)] for x in (198, 206, 300))  # of red
    assert line > 200
    assert max(inside) < 60
    assert "no-store" in cut.headers["cache-control"]
    assert before == sorted(house.console.thumbnails._folder.rglob("*"))
    house.world.put(uri, picture(6))
    assert 409 == house.client("reviewer").get(f"/look/people/{match.candidate_id}/face").status_code


def test_one_that_is_put_off_comes_again_after_the_others(house):
    client = house.client("reviewer")
    seen, path = [], "/review/people"
    for _ in range(4):
        page = follow(house, client.get(path))
        (path,) = re.findall(r'href="(/review/people\?after=[^"]+)"', page.text)
        seen.append(path)
    assert 3 == len({*seen})
    assert seen[0] == seen[3]


def test_the_list_goes_on_with_its_cursor_though_the_one_before_is_answered(house):
    page = listed(house, limit=1)
    answer(house, first(house))
    rest = listed(house, limit=9, cursor=page["cursor"])
    assert {*URIS} == {each["image_id"] for each in page["candidates"] + rest["candidates"]}
    assert rest["cursor"] is None
    for wrong in ({"cursor": "x"}, {"limit": 0}, {"limit": 101}):
        assert 422 == house.client().get(LIST, params=wrong, headers=house.token("all", Role.REVIEWER)).status_code


def test_a_long_row_of_candidates_without_their_images_ends_a_page_with_a_cursor(house):
    house.world.operations.people.drop_matches("1" * 32)
    for number in range(MOST_LOOKED_AT + 1):
        keep(house, f"s3://frames/gate/{number}.jpg", content="e" * 64)
    page = listed(house)
    assert ([], True) == (page["candidates"], page["cursor"] is not None)
    said = follow(house, house.client("reviewer").get("/review/people"))
    assert "Go on" in text_of(said)
    assert page["cursor"] in said.text
    assert ([], None) == tuple(listed(house, cursor=page["cursor"])[each] for each in ("candidates", "cursor"))


def test_the_pictures_of_the_api_open_without_a_session(house):
    (entry, *_) = listed(house)["candidates"]
    assert 200 == house.client().get(entry["pictures"]["preview"]).status_code
    assert {"left": 0.25, "top": 0.25, "width": 0.5, "height": 0.5} == entry["box"]
    assert ("gate", ANN) == (entry["camera"], entry["name"])


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{7*7}}", "a\u202egpj", '"onmouseover=alert(1) x="'])
def test_hostile_names_are_shown_as_text(house, name):
    know(house, name, "2" * 32)
    for uri in URIS:
        keep(house, uri, name)
    for match in matches(house):
        pages = [page_of(house, match)]
        press(house, match)
        pages.append(house.client("reviewer").get("/review/people/said"))
        for page in pages:
            assert 200 == page.status_code
            assert "<script>alert" not in page.text
            assert '"onmouseover' not in page.text
            assert ">49<" not in page.text
            assert "\u202e" not in page.text


def test_nothing_that_an_answer_leaves_behind_names_the_person(house):
    press(house, first(house))
    assert not any(ANN in str(act) or "1" * 32 in str(act) for act in house.world.users.acts())
