import json
from datetime import timedelta

import pytest

from sightline.cli.factory import Factory
from sightline.models.answers import Answer, Box, Detection
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.testing.fake import FakeSightline, picture, uri_of

POLICY = PeoplePolicy("who left the gate open", "consent", 30, ("gate",))
GATE = uri_of("01", "gate")
ANN = 'Ann O\'Neil "😀"'


@pytest.fixture
def world():
    return FakeSightline(people_policy=POLICY, known_people=KnownPeople(POLICY, 99.0), features=("faces",))


@pytest.fixture
def consent(tmp_path, world):
    today = world.clock().date()
    path = tmp_path / "consent.toml"
    until = today + timedelta(days=9)
    path.write_text(f"person = '''{ANN}'''\ngiven_on = {today}\nuntil = {until}\npurpose = '{POLICY.purpose}'\n")
    return str(path)


@pytest.fixture
def portrait(tmp_path):
    path = tmp_path / 'it\'s "A".jpg'
    path.write_bytes(picture(7))
    return str(path)


@pytest.fixture
def seen(run, world, consent, portrait):
    """Have one image that may show her."""
    run("people", "enrol", ANN, portrait, "--consent", consent)
    world.put(GATE, picture(1))
    world.detector.script.append(Answer((Detection("Face", 99.0, Box(0.25, 0.25, 0.5, 0.5)),), ""))
    world.add(GATE)
    world.run()
    world.services.searching.run(lambda: True)


def test_a_person_is_enrolled_listed_and_paid_for_once(run, consent, portrait):
    result = run("people", "enrol", ANN, portrait, "--consent", consent)
    assert (0, f"{portrait}: enrolled\n") == (result.exit_code, result.stdout), result.stderr
    assert "nothing paid" in run("people", "enrol", ANN, portrait, "--consent", consent).stdout
    listed = json.loads(run("people", "list", "--json").stdout)["people"]
    assert [(ANN, 1, 0, False)] == [(p["name"], p["pictures"], p["unfinished"], p["is_leaving"]) for p in listed]
    assert ANN in run("people", "list").stdout


def test_its_names_are_stable(run, consent, portrait):
    enrolled = json.loads(run("people", "enrol", ANN, portrait, "--consent", consent, "--json").stdout)
    assert ({"name", "pictures"}, {"picture", "content", "is_new"}) == ({*enrolled}, {*enrolled["pictures"][0]})
    forgotten = json.loads(run("people", "forget", ANN, "--json").stdout)
    assert {"name", "places", "pictures", "hold_nothing", "backups"} == {*forgotten}


def test_without_a_consent_file_nobody_is_enrolled(run, portrait, tmp_path):
    result = run("people", "enrol", ANN, portrait, "--consent", str(tmp_path / "absent.toml"))
    assert 1 == result.exit_code
    assert "absent.toml" in result.stderr
    assert "cannot be read" in result.stderr
    assert 2 == run("people", "enrol", ANN, portrait).exit_code


@pytest.mark.usefixtures("seen")
def test_candidates_are_listed_and_a_reviewer_says_what_they_show(run):
    assert "nothing yet" in run("people", "matches").stdout
    assert 0 == run("people", "confirm", GATE, ANN, "--by", "rita").exit_code
    (match,) = json.loads(run("people", "matches", ANN, "--json").stdout)["matches"]
    assert ("confirmed", "rita", GATE) == (match["word"], match["by"], match["image"])
    assert "denied" in run("people", "deny", GATE, ANN).stdout
    assert 1 == run("people", "confirm", uri_of("05", "gate"), ANN).exit_code


@pytest.mark.usefixtures("seen")
def test_forgetting_lists_where_it_looked_and_what_backups_hold(run, portrait):
    said = " ".join(run("people", "forget", ANN).stdout.split())
    assert "faces in the collection sightline-people-1 1 0" in said
    assert "candidates in the table of operations 1 0" in said
    assert "point-in-time recovery" in said
    assert portrait in said
    again = run("people", "forget", ANN)
    assert (1, True) == (again.exit_code, "somebody must be known by this name" in again.stderr)


@pytest.mark.usefixtures("seen")
def test_while_it_is_off_it_refuses_and_check_reports_who_is_still_enrolled(run, world, settings):
    world.known_people = None
    world.services = world.make_services(world.plan)
    factory = Factory(settings=settings, services=world.services, send=world.send)
    assert (
        "SIGHTLINE_KNOWN_PEOPLE=true" in run("people", "enrol", ANN, "x.jpg", "--consent", "y", factory=factory).stderr
    )
    lines = json.loads(run("check", "--json", factory=factory).stdout)
    assert "1 people are enrolled" in lines["known people"]["problem"]
    assert 0 == run("people", "forget", ANN, factory=factory).exit_code
