"""Known people, from consent to proof: nobody is enrolled without one, nothing is paid twice, nothing is left."""

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

import pytest

from sightline.errors import (
    AccessDenied,
    NoPeoplePolicy,
    OtherCamera,
    OutcomeUnknown,
    Throttled,
    Unavailable,
)
from sightline.models.answers import Answer, Box, Detection
from sightline.models.comparisons import Compared, ComparedFace, Side
from sightline.models.images import Lane
from sightline.models.people import EnrolmentState, IndexedFace, Word
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.models.spending import Reason
from sightline.rekognition.known_faces import ENROL, PEOPLE
from sightline.services.people.consent import NoConsent
from sightline.services.people.enrolling import NameTaken, NotOneFace, OtherPersonsPicture, PersonLeaves, UnusableName
from sightline.services.people.expiry import expire
from sightline.services.people.forgetting import StillThere, UnknownPerson
from sightline.services.people.reviewing import NoCandidate, say
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import ALIKE, FakeSightline, picture, uri_of

ANN = 'Ann O\'Neil "the ☂️"'
POLICY = PeoplePolicy("find who left the gate open", "consent", 30, ("gate",))
GATE, YARD = uri_of("01", "gate"), uri_of("02", "yard")
FACE = Box(0.25, 0.25, 0.5, 0.5)


def made(**more):
    world = FakeSightline(people_policy=POLICY, known_people=KnownPeople(POLICY, 99.0), features=("faces",), **more)
    world.put(GATE, picture(1))
    return world


@pytest.fixture
def world():
    return made()


@pytest.fixture
def file(tmp_path, world):
    return consent(tmp_path, world)


def consent(folder, world, person=ANN, name="consent.toml", **changes):
    today = world.clock().date()
    told = {"given_on": today, "until": today + timedelta(days=365)} | changes
    purpose = told.pop("purpose", "find who left the gate open")
    text = f"person = '''{person}'''\ngiven_on = {told['given_on']}\nuntil = {told['until']}\npurpose = '{purpose}'\n"
    path = folder / name
    path.write_text(text)
    return path


def photo(folder, shade, name=None):
    path = folder / (name or f"{shade}.jpg")
    path.write_bytes(picture(shade))
    return str(path)


@pytest.fixture
def portrait(tmp_path):
    return photo(tmp_path, 7)


def enrol(world, file, *pictures, name=ANN, **more):
    return world.services.enrolling.enrol(name, pictures, file, **more)


def face(box=FACE):
    return Detection("Face", 99.0, box)


def look(world, *uris, faces=(FACE,), lane=Lane.LIVE):
    """Take images through all their steps, each with these faces."""
    world.detector.script.extend([Answer(tuple(map(face, faces)), "")] * len(uris))
    world.add(*uris, lane=lane)
    world.run()


def search(world):
    return dict(world.services.searching.run(lambda: True))


def paid(world, name):
    world.services.calls.flush()
    today = world.clock().date().isoformat()
    return {kind: number for (of, kind), number in world.operations.usage.calls(today, today).items() if of == name}


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


def made_face(enrolment, face_id="f"):
    return IndexedFace(face_id, enrolment.external_id)


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


def test_an_image_with_a_face_is_searched_after_its_faces_are_known_and_once(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    assert [GATE] == [each.image_id for each in world.operations.people.due(10)]
    assert {"searched": 1} == search(world)
    assert {} == search(world)
    (match,) = world.operations.people.matches()
    assert (GATE, ANN, 99.5, None) == (match.image_id, match.name, match.similarity, match.word)
    assert match.expires_at.date() == (world.clock() + timedelta(days=30)).date()
    assert [(GATE, ANN, 99.5, False)] == [
        (each.image_id, each.name, each.similarity, each.is_confirmed) for each in world.graph.people.shown()
    ]
    assert 1 == paid(world, PEOPLE)["answered"]
    assert Reason.NEW in {line.reason for line in world.operations.books.read("2000", "9999") if line.feature == PEOPLE}


def test_only_the_policys_cameras_are_searched_and_only_where_there_are_faces(world, file, portrait):
    enrol(world, file, portrait)
    world.put(YARD, picture(3))
    look(world, YARD)
    look(world, GATE, faces=())
    assert [] == world.operations.people.due(10)


def test_nothing_is_noted_or_searched_while_it_is_off(world):
    world.known_people = None
    world.services = world.make_services(world.plan)
    look(world, GATE)
    assert ([], {}) == (world.operations.people.due(10), search(world))


def test_where_nobody_is_enrolled_no_stranger_is_searched_for(world):
    look(world, GATE)
    assert {"nobody enrolled": 1} == search(world)
    assert [] == world.faces.asked


def test_each_face_is_asked_for_by_itself_and_the_best_of_each_person_is_kept(world, file, portrait):
    enrol(world, file, portrait)
    person_id = world.operations.people.get(ANN).person_id
    shades = iter([99.1, 99.9, 20.0])
    world.faces.looks_like = lambda _: {person_id: next(shades)}
    look(world, GATE, faces=[Box(left, 0.3, 0.1, 0.2) for left in (0.1, 0.4, 0.7)])
    assert {"searched": 1} == search(world)
    assert 3 == world.faces.asked.count("search")
    (match,) = world.operations.people.matches()
    assert (99.9, 0.4) == (match.similarity, match.box.left)


def test_a_killed_search_pays_for_what_is_left(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE, faces=[Box(left, 0.3, 0.1, 0.2) for left in (0.1, 0.4, 0.7)])
    world.faces.script.extend([True, Unavailable("Rekognition")])
    assert {"failed": 1} == search(world)
    assert {"searched": 1} == search(world)
    assert 4 == world.faces.asked.count("search")


def test_an_outage_uses_up_no_tries(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    for _ in range(9):
        world.faces.script.extend([Unavailable("Rekognition")])
        assert {"failed": 1} == search(world)
    assert {"searched": 1} == search(world)


def test_a_right_that_is_missing_stops_the_run_and_is_said(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    world.faces.script.append(AccessDenied("Rekognition"))
    with pytest.raises(AccessDenied):
        search(world)
    assert {"searched": 1} == search(world)


def test_a_call_is_not_repeated_because_the_graph_is_away(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)

    class Away:
        def show(self, shown):
            raise Unavailable("Neo4j", rule=f"{shown} cannot be shown")

    there, world.graph.people = world.graph.people, Away()
    assert {"failed": 1} == search(world)
    world.graph.people = there
    assert {"searched": 1} == search(world)
    assert (1, 1) == (world.faces.asked.count("search"), len(there.shown()))


def test_a_picture_that_cannot_be_decoded_is_refused_once(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    broken = picture(1)[:-400]
    world.put(GATE, broken)
    row = world.images.get(GATE)
    content = replace(row.content, sha256=sha256(broken).hexdigest())
    searching = replace(world.services.searching, images=Holds(replace(row, content=content)))
    assert {"refused": 1} == dict(searching.run(lambda: True))
    assert {} == search(world)


class Holds:
    """Images of which there is one row."""

    def __init__(self, row):
        self._row = row

    def get(self, _):
        return self._row


def test_a_picture_that_kills_its_worker_is_given_up_after_five_tries(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    for _ in range(5):
        world.operations.people.begin(world.operations.people.due(1)[0])
    assert {"given up": 1} == search(world)
    assert {} == search(world)


def test_a_cut_out_in_which_no_face_is_seen_is_not_asked_about_again(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    world.faces.script.append(None)
    assert {"searched": 1} == search(world)
    world.services.searching.note(world.images.get(GATE))
    assert {"searched": 1} == search(world)
    assert (1, []) == (world.faces.asked.count("search"), world.operations.people.matches())


def test_bytes_that_changed_or_went_are_not_searched(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    world.put(GATE, picture(99))
    assert {"changed": 1} == search(world)
    world.services.searching.note(world.images.get(GATE))
    world.buckets.delete(ObjectUri.parse(GATE))
    assert {"changed": 1} == search(world)


def test_the_same_bytes_under_another_key_are_paid_for_once_and_shown_for_both(world, file, portrait):
    enrol(world, file, portrait)
    other = uri_of("09", "gate")
    world.put(other, picture(1))
    look(world, GATE)
    search(world)
    look(world, other)
    search(world)
    assert 1 == world.faces.asked.count("search")
    assert [GATE, other] == [each.image_id for each in world.operations.people.matches()]


def test_a_budget_that_is_spent_leaves_images_due(tmp_path):
    world = made(budget="people 0.001 USD/day")
    enrol(world, consent(tmp_path, world), photo(tmp_path, 7))
    look(world, GATE, faces=[Box(left, 0.3, 0.1, 0.2) for left in (0.1, 0.4)])
    assert {"waiting": 1} == search(world)
    assert 1 == world.faces.asked.count("search")
    world.clock.move(timedelta(days=1))
    assert {"searched": 1} == search(world)
    assert 2 == world.faces.asked.count("search")


def test_a_reviewers_word_stands_and_a_denied_candidate_is_shown_no_more(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    search(world)
    s = world.services
    say(GATE, ANN, Word.CONFIRMED, "rita", forgetting=s.forgetting, searching=s.searching)
    assert [True] == [each.is_confirmed for each in world.graph.people.shown()]
    say(GATE, ANN, Word.DENIED, "rita", forgetting=s.forgetting, searching=s.searching)
    assert [] == world.graph.people.shown()
    s.searching.note(world.images.get(GATE))
    search(world)
    assert [Word.DENIED] == [each.word for each in world.operations.people.matches()]
    assert [] == world.graph.people.shown()
    with pytest.raises(NoCandidate):
        say(YARD, ANN, Word.CONFIRMED, "rita", forgetting=s.forgetting, searching=s.searching)


def full(world, file, portrait):
    enrol(world, file, portrait)
    look(world, GATE)
    search(world)


def nothing_is_left(world):
    people = world.operations.people
    everything = (people.all(), people.enrolments(), people.matches(), world.faces.faces())
    return ([], [], [], []) == everything and ([], []) == (world.graph.people.names(), world.graph.people.shown())


def test_forgetting_leaves_nothing_and_says_where_it_looked(world, file, portrait):
    full(world, file, portrait)
    forgotten = world.services.forgetting.forget(ANN)
    assert nothing_is_left(world)
    assert [portrait] == [*forgotten.pictures]
    assert [1, 1, 1, 1, 1, 1] == [each.found for each in forgotten.places]
    with pytest.raises(UnknownPerson):
        world.services.forgetting.forget(ANN)


def test_a_name_that_nobody_has_is_said_with_the_nearest(world, file, portrait):
    enrol(world, file, portrait)
    with pytest.raises(UnknownPerson, match="did you mean Ann"):
        world.services.forgetting.forget('Anne O\'Neil "the ☂️"')


class Killed(BaseException):
    """A kill -9, as a step sees it."""


class KillsAt:
    """A store that dies at its nth call."""

    def __init__(self, inner, count):
        self._inner, self._count = inner, count

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args, **more):
            self._count[0] -= 1
            if self._count[0] == 0:
                raise Killed
            return found(*args, **more)

        return call


def test_forgetting_that_is_killed_anywhere_ends_when_it_is_run_again(tmp_path):
    for number in range(1, 40):
        world = made()
        full(world, consent(tmp_path, world), photo(tmp_path, 7))
        count, forgetting = [number], world.services.forgetting
        dying = replace(
            forgetting,
            operations=replace(
                forgetting.operations,
                people=KillsAt(world.operations.people, count),
                comparisons=KillsAt(world.operations.comparisons, count),
            ),
            faces=KillsAt(world.faces, count),
        )
        try:
            dying.forget(ANN)
        except Killed:
            person = world.operations.people.get(ANN)
            if person and person.is_leaving and number % 2:
                expire(forgetting, POLICY, lambda: True)
            elif person:
                forgetting.forget(ANN)
            assert nothing_is_left(world), number
        else:
            assert number > 10
            return
    raise AssertionError("it never ended")


def test_forgetting_waits_for_a_call_that_may_bring_a_face_back(world, file, portrait):
    enrol(world, file, portrait)
    people = world.operations.people
    person = people.get(ANN)
    people.claim(person, "b" * 64, "other.jpg", world.faces.name)
    with pytest.raises(StillThere, match="is being enrolled"):
        world.services.forgetting.forget(ANN)
    world.clock.move(timedelta(minutes=5))
    world.services.forgetting.forget(ANN)
    assert nothing_is_left(world)


@pytest.mark.parametrize(("days", "stays"), [(30, True), (31, False)])
def test_the_policys_time_ends_what_the_consent_would_allow(world, file, portrait, days, stays):
    full(world, file, portrait)
    world.clock.move(timedelta(days=days))
    expire(world.services.forgetting, POLICY, lambda: True)
    assert stays == bool(world.operations.people.get(ANN))
    assert stays or nothing_is_left(world)


def test_a_consent_that_expires_ends_it_without_a_policy_too(world, tmp_path, portrait):
    until = world.clock().date() + timedelta(days=2)
    full(world, consent(tmp_path, world, until=until), portrait)
    world.clock.move(timedelta(days=2))
    assert {"stray_faces": 0} == dict(expire(world.services.forgetting, None, lambda: True))
    world.clock.move(timedelta(days=1))
    assert 1 == expire(world.services.forgetting, None, lambda: True)["forgotten"]
    assert nothing_is_left(world)


def test_who_may_not_be_known_any_longer_is_not_searched_for_before_the_night(world, tmp_path, portrait):
    enrol(world, consent(tmp_path, world, until=world.clock().date()), portrait)
    world.clock.move(timedelta(days=1))
    look(world, GATE)
    assert {"nobody enrolled": 1} == search(world)


def test_the_night_removes_stray_faces_and_mends_the_graph(world, file, portrait):
    full(world, file, portrait)
    (enrolment,) = world.operations.people.enrolments()
    stray = replace(made_face(enrolment, "stray"), external_id="9" * 32 + ":" + "a" * 32)
    world.faces.kept[world.faces.name].append(stray)
    shown = world.graph.people.shown()
    world.graph.people.forget(ANN)
    world.graph.people.know("Nobody")
    done = expire(world.services.forgetting, POLICY, lambda: True)
    assert (1, 1, 1) == (done["stray_faces"], done["nodes_removed"], done["links_shown"])
    assert shown == world.graph.people.shown()
    assert {"stray_faces": 0} == dict(expire(world.services.forgetting, POLICY, lambda: True))


def test_where_nobody_is_known_the_night_asks_nothing(world):
    class Refuses:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert {} == dict(expire(replace(world.services.forgetting, faces=Refuses()), None, lambda: True))
