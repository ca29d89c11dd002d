"""Forgetting and expiry: nothing is left, whatever dies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.services.people.expiry import expire
from sightline.services.people.forgetting import StillThere, UnknownPerson
from tests.unit.services.people.stories import (
    ANN,
    GATE,
    POLICY,
    consent,
    enrol,
    look,
    made,
    made_face,
    photo,
    search,
)


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
