"""Comparisons over the API: asked for by operators, answered by a worker, kept and refused by the policy."""

from datetime import timedelta

import pytest

from sightline.errors import InvalidParameter
from sightline.models.people_policy import PeoplePolicy
from sightline.services.comparing import compare_step
from sightline.storage.users.protocol import Role
from sightline.testing.fake import ALIKE, FakeSightline, uri_of
from tests.unit.web.house import build

POLICY = PeoplePolicy("who left the gate open", "consent", 30, ("gate",))
SOURCE, TARGET, ELSEWHERE = uri_of("01", "gate"), uri_of("02", "gate"), uri_of("03", "yard")
PATH = "/api/v1/comparisons"


@pytest.fixture
def house(tmp_path):
    house = build(tmp_path, world=FakeSightline(people_policy=POLICY))
    for uri in (SOURCE, TARGET, ELSEWHERE):
        house.analyse(uri)
    house.world.detector.asked.clear()
    return house


@pytest.fixture
def ask(house):
    client, header = house.client(), house.token("operator", Role.OPERATOR)

    def ask(source=SOURCE, target=TARGET, **options):
        return client.post(PATH, json={"source": source, "target": target}, headers=options.get("headers", header))

    return ask


@pytest.fixture
def read(house):
    client, header = house.client(), house.token("operator", Role.OPERATOR)
    return lambda name, **params: client.get(f"{PATH}/{name}", params=params, headers=header)


def test_a_worker_answers_what_an_operator_asks_and_the_console_asks_nothing_of_rekognition(house, ask, read):
    answer = ask()
    assert (202, "waiting", []) == (answer.status_code, answer.json()["state"], answer.json()["faces"])
    assert [] == house.world.detector.asked
    house.world.run()
    told = read(answer.json()["id"]).json()
    assert ("answered", None, 97.25, True) == (
        told["state"],
        told["no_face_in"],
        told["faces"][0]["similarity"],
        told["faces"][0]["is_alike"],
    )
    assert (None, 99.0) == (told["source_face"]["similarity"], told["source_face"]["confidence"])
    assert not read(answer.json()["id"], at_least=98).json()["faces"][0]["is_alike"]
    assert 1 == len(house.world.detector.asked)


def test_what_is_known_is_answered_at_once_and_not_sent_again(house, ask):
    ask()
    house.world.run()
    assert "answered" == ask().json()["state"]
    assert ([], []) == (list(house.world.sent), house.world.operations.comparisons.requests())


def test_a_message_that_is_lost_is_sent_again_if_one_asks_again(house, ask):
    name = ask().json()["id"]
    house.world.sent.clear()
    assert name == ask().json()["id"]
    assert [compare_step(house.world.operations.comparisons.request(name))] == list(house.world.sent)


def test_a_picture_without_a_face_is_an_answer(house, ask, read):
    house.world.detector.script.extend([InvalidParameter("two pictures")] * 2)
    name = ask().json()["id"]
    house.world.run()
    assert ("answered", "source", []) == tuple(read(name).json()[each] for each in ("state", "no_face_in", "faces"))


def test_what_cannot_be_answered_says_why(house, ask, read):
    name = ask().json()["id"]
    house.world.put(TARGET, b"other bytes")
    house.world.run()
    told = read(name).json()
    assert "failed" == told["state"]
    assert TARGET in told["failure"]


@pytest.mark.parametrize(
    ("source", "target", "status", "words"),
    [
        (SOURCE, ELSEWHERE, 409, "SIGHTLINE_PEOPLE_POLICY"),
        (SOURCE, uri_of("09", "gate"), 404, "added"),
        ("gate/a.jpg", TARGET, 422, "s3://"),
    ],
)
def test_what_may_not_be_compared_is_a_problem_with_a_remedy(house, ask, source, target, status, words):
    problem = ask(source, target)
    assert (status, "application/problem+json") == (problem.status_code, problem.headers["content-type"])
    assert words in problem.json()["detail"] + problem.json()["remedy"]
    assert [] == list(house.world.sent)


def test_an_image_that_nobody_has_read_yet_is_not_compared(house, ask):
    house.world.add(uri_of("08", "gate"))
    assert (422, "Wait until it is analysed") == (
        ask(SOURCE, uri_of("08", "gate")).status_code,
        ask(SOURCE, uri_of("08", "gate")).json()["remedy"],
    )


def test_without_a_policy_it_is_refused_and_nothing_is_read(tmp_path):
    house = build(tmp_path)
    house.analyse(SOURCE)
    header = house.token("operator", Role.OPERATOR)
    wanted = {"source": SOURCE, "target": SOURCE}
    problem = house.client().post(PATH, json=wanted, headers=header)
    assert (409, True) == (problem.status_code, "SIGHTLINE_PEOPLE_POLICY" in problem.json()["remedy"])
    assert 409 == house.client().get(f"{PATH}/{'0' * 64}", headers=header).status_code


def test_what_the_policy_has_removed_is_not_found(house, ask, read):
    name = ask().json()["id"]
    house.world.run()
    house.world.clock.move(timedelta(days=30))
    assert (404, 404) == (read(name).status_code, read("0" * 64).status_code)


def test_a_cap_for_comparisons_holds_and_the_api_says_until_when(tmp_path):
    house = build(tmp_path, world=FakeSightline(people_policy=POLICY, budget="compare 0.001 USD/day"))
    for uri in (SOURCE, TARGET):
        house.analyse(uri)
    house.world.detector.asked.clear()
    client, header = house.client(), house.token("operator", Role.OPERATOR)
    names = []
    for source, target in ((SOURCE, TARGET), (TARGET, SOURCE)):
        answer = client.post(PATH, json={"source": source, "target": target}, headers=header)
        assert 202 == answer.status_code
        names.append(answer.json()["id"])
        house.world.run()
    told = [client.get(f"{PATH}/{name}", headers=header).json() for name in names]
    assert [("answered", None), ("waiting", None)] == [(each["state"], each["failure"]) for each in told]
    assert told[0]["waits_for"] is None
    assert "compare 0.001 USD/day" in told[1]["waits_for"]
    tomorrow = house.world.clock().date() + timedelta(days=1)
    assert f"{tomorrow} 00:00 UTC" in told[1]["waits_for"]
    assert 1 == len(house.world.detector.asked)
    house.world.clock.move(timedelta(days=1))
    assert client.get(f"{PATH}/{names[1]}", headers=house.token("operator", Role.OPERATOR)).json()["waits_for"] is None


def test_a_name_that_is_no_name_and_a_threshold_that_is_none_are_refused(read):
    assert (422, 422) == (read("x").status_code, read("0" * 64, at_least=101).status_code)


def test_the_log_says_who_asked_about_whom(house, ask):
    name = ask().json()["id"]
    acts = [(act.user, act.what, act.on) for act in house.world.users.acts(limit=9) if "compar" in act.what]
    assert [("operator", "comparison asked for", SOURCE), ("operator", "compare faces", SOURCE)] == acts
    assert name in str([act.details for act in house.world.users.acts(limit=9)])


def test_a_reviewer_learns_nothing_from_it_about_an_image_that_the_review_asks_about(house, ask):
    house.ask(TARGET)
    header = house.token("all", *Role)
    assert 403 == ask(headers=header).status_code
    assert [] == list(house.world.sent)


def test_an_operator_s_answer_holds_what_was_found(house, ask, read):
    name = ask().json()["id"]
    house.world.run()
    box = ALIKE.faces[0].box
    assert {"left": box.left, "top": box.top, "width": box.width, "height": box.height} == (
        read(name).json()["faces"][0]["box"]
    )
