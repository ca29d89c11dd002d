"""Enrolling: by a consent that holds, one face a picture, paid for once."""

from datetime import date, timedelta

import pytest

from sightline.errors import (
    NoPeoplePolicy,
    OtherCamera,
    OutcomeUnknown,
    Throttled,
)
from sightline.models.comparisons import Compared, ComparedFace, Side
from sightline.models.people import EnrolmentState
from sightline.rekognition.known_faces import ENROL
from sightline.services.people.consent import NoConsent
from sightline.services.people.enrolling import NameTaken, NotOneFace, OtherPersonsPicture, PersonLeaves, UnusableName
from sightline.testing.fake import ALIKE, FakeSightline, picture
from tests.unit.services.people.stories import ANN, FACE, POLICY, YARD, consent, enrol, look, made_face, paid, photo


def test_a_person_is_enrolled_once_and_paid_for_once(world, file, portrait):
    (first,) = enrol(world, file, portrait)
    (again,) = enrol(world, file, portrait)
    assert (True, False) == (first.is_new, again.is_new)
    person = world.operations.people.get(ANN)
    assert [f"{person.person_id}:{first.content[:32]}"] == [each.external_id for each in world.faces.faces()]
    assert 1 == paid(world, ENROL)["answered"]
    assert [ANN] == world.graph.people.names()


@pytest.mark.parametrize("known", [None, POLICY])
def test_without_the_setting_or_the_policy_nobody_is_enrolled(tmp_path, known):
    world = FakeSightline(people_policy=known)
    with pytest.raises(NoPeoplePolicy, match="SIGHTLINE_KNOWN_PEOPLE"):
        enrol(world, tmp_path / "absent.toml", photo(tmp_path, 7))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"until": date(2020, 1, 1), "given_on": date(2019, 1, 1)}, "expired on 2020-01-01"),
        ({"given_on": date(2099, 1, 1), "until": date(2099, 2, 1)}, "comes before the enrolment"),
        ({"person": "Bob"}, "this one is of Bob"),
        ({"purpose": "sell it"}, "this one is for: sell it"),
    ],
)
def test_a_consent_that_does_not_hold_enrols_nobody(world, tmp_path, portrait, changes, rule):
    with pytest.raises(NoConsent, match=rule):
        enrol(world, consent(tmp_path, world, **changes), portrait)
    assert ([], [], []) == (world.operations.people.all(), world.faces.asked, world.detector.asked)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (None, "cannot be read"),
        (b"person = ", "a consent is TOML"),
        (b"\xff\xfe", "a consent is TOML"),
        (b"person = 'a'\ngiven_on = 2026-01-01\nuntil = 2027-01-01\n", "purpose: Field required"),
        (b"person = 'a'\ngiven_on = '2026-01-01'\nuntil = 2027-01-01\npurpose = 'p'\n", "without quotes"),
        (b"person = 'a'\ngiven_on = 2026-01-01T08:00:00\nuntil = 2027-01-01\npurpose = 'p'\n", "without a time"),
        (b"person = ' '\ngiven_on = 2026-01-01\nuntil = 2027-01-01\npurpose = 'p'\n", "person: String"),
        (b"person = 'a'\ngiven_on = 2026-01-01\nuntil = 2027-01-01\npurpose = 'p'\nage = 3\n", "age: Extra"),
    ],
)
def test_a_file_that_is_no_consent_is_named_with_what_is_wrong(world, tmp_path, portrait, text, rule):
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(NoConsent, match=rule) as refused:
        enrol(world, path, portrait)
    assert str(path) == refused.value.subject


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x07", "x" * 201])
def test_a_name_that_cannot_be_one_is_refused(world, file, portrait, name):
    with pytest.raises(UnusableName):
        enrol(world, file, portrait, name=name)


@pytest.mark.parametrize(
    ("compared", "shown"),
    [
        (Compared(None, no_face_in=Side.SOURCE), "no face"),
        (Compared(ALIKE.source, (ALIKE.faces[0],) * 2), "2 faces"),
        (Compared(ALIKE.source, (ComparedFace(FACE, 99.0, 5.0),) * 100), "100 faces or more"),
    ],
)
def test_a_picture_that_does_not_show_one_face_is_named_before_anything_is_indexed(
    world, file, portrait, tmp_path, compared, shown
):
    bad = photo(tmp_path, 9, "bad's.jpg")
    world.detector.script.extend([ALIKE, compared])
    with pytest.raises(NotOneFace, match=f"this one shows {shown}") as refused:
        enrol(world, file, portrait, bad)
    assert bad == refused.value.subject
    assert ([], []) == (world.operations.people.all(), world.faces.asked)


def test_an_image_of_a_camera_that_the_policy_does_not_name_is_refused_and_another_object_is_not(world, file):
    world.put(YARD, picture(3))
    world.put("s3://frames/ann.jpg", picture(4))
    look(world, YARD)
    with pytest.raises(OtherCamera):
        enrol(world, file, YARD)
    assert [True] == [each.is_new for each in enrol(world, file, "s3://frames/ann.jpg")]


def test_somebody_else_of_the_same_name_is_not_the_same_person_and_a_newer_consent_says_so(
    world, file, portrait, tmp_path
):
    enrol(world, file, portrait)
    newer = consent(tmp_path, world, name="newer.toml", until=world.clock().date() + timedelta(days=700))
    with pytest.raises(NameTaken, match="--renew"):
        enrol(world, newer, portrait)
    enrol(world, newer, portrait, renews=True)
    assert world.clock().date() + timedelta(days=700) == world.operations.people.get(ANN).consent.until
    assert 1 == len(world.faces.faces())


def test_one_picture_is_not_two_people(world, file, portrait, tmp_path):
    enrol(world, file, portrait)
    with pytest.raises(OtherPersonsPicture):
        enrol(world, consent(tmp_path, world, person="Bob", name="b.toml"), portrait, name="Bob")
    assert (1, [ANN]) == (len(world.faces.faces()), [each.name for each in world.operations.people.all()])


def test_a_call_without_an_answer_is_looked_for_before_it_is_made_again(world, file, portrait):
    world.faces.script.append(OutcomeUnknown("a picture to enrol"))
    with pytest.raises(OutcomeUnknown):
        enrol(world, file, portrait)
    (enrolment,) = world.operations.people.enrolments()
    assert EnrolmentState.RELEASED is enrolment.state
    world.faces.kept["sightline-people-1"] += [made_face(enrolment, "lost-1"), made_face(enrolment, "lost-2")]
    enrol(world, file, portrait)
    assert ["index"] == world.faces.asked
    assert ["lost-1"] == [each.face_id for each in world.faces.faces()]
    assert "lost-1" == world.operations.people.enrolments()[0].face_id
    assert 1 == paid(world, ENROL)["unknown"]


def test_a_refused_call_leaves_nothing_and_a_face_that_rekognition_does_not_see_is_said(world, file, portrait):
    world.faces.script.append(Throttled("a picture to enrol"))
    with pytest.raises(Throttled):
        enrol(world, file, portrait)
    assert [] == world.operations.people.enrolments()
    world.faces.script.append(None)
    with pytest.raises(NotOneFace, match="IndexFaces sees none"):
        enrol(world, file, portrait)
    assert [] == world.operations.people.enrolments()
    enrol(world, file, portrait)
    assert 1 == len(world.faces.faces())


def test_a_face_that_is_indexed_while_its_person_is_forgotten_is_removed(world, file, portrait):
    def leave():
        world.operations.people.leave(world.operations.people.get(ANN))

    world.faces.after_index = leave
    with pytest.raises(PersonLeaves):
        enrol(world, file, portrait)
    assert [] == world.faces.faces()
    with pytest.raises(PersonLeaves):
        enrol(world, file, portrait)


def test_another_generation_has_another_collection_and_a_face_is_in_one_of_them(world, file, portrait):
    enrol(world, file, portrait)
    world.faces._name = "sightline-people-2"
    enrol(world, file, portrait)
    assert ([], 1) == (world.faces.faces("sightline-people-1"), len(world.faces.faces()))
