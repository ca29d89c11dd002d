"""Searching: one face at a time, paid for once, a candidate until a reviewer's word."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from sightline.errors import (
    AccessDenied,
    Unavailable,
)
from sightline.models.answers import Box
from sightline.models.people import Word
from sightline.models.spending import Reason
from sightline.rekognition.known_faces import PEOPLE
from sightline.services.people.reviewing import NoCandidate, say
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import picture, uri_of
from tests.unit.services.people.stories import (
    ANN,
    GATE,
    YARD,
    consent,
    enrol,
    look,
    made,
    paid,
    photo,
    search,
)


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
