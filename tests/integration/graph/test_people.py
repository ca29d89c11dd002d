"""Known people in the graph, apart from images: over Neo4j and its twin."""

from sightline.graph.protocol import PersonShown
from tests.integration.graph.subject import Subject, gone, image

ANN = "Ann O'Neil'}) DETACH DELETE n //\"😀"
ONE, TWO = "s3://bucket/yard/1.jpg", "s3://bucket/yard/2.jpg"


def shown(
    image_id: str = ONE, name: str = ANN, similarity: float = 99.25, *, is_confirmed: bool = False
) -> PersonShown:
    return PersonShown(image_id, name, similarity, is_confirmed)


def test_an_image_may_show_a_person_and_is_linked_once(subject: Subject) -> None:
    people = subject.store.people
    subject.store.merge([image(), image("yard/2.jpg")])
    people.know(ANN)
    people.know(ANN)
    people.show(shown())
    people.show(shown(similarity=99.5, is_confirmed=True))
    people.show(shown(TWO))
    assert [shown(similarity=99.5, is_confirmed=True), shown(TWO)] == people.shown()
    assert [ANN] == people.names()
    people.hide(ONE, ANN)
    assert [shown(TWO)] == people.shown()


def test_who_was_forgotten_is_not_brought_back_by_a_late_link(subject: Subject) -> None:
    people = subject.store.people
    subject.store.merge([image()])
    people.know(ANN)
    people.know("Bob")
    people.show(shown())
    people.show(shown(name="Bob"))
    assert 1 == people.forget(ANN)
    people.show(shown())
    assert [shown(name="Bob")] == people.shown()
    assert ["Bob"] == people.names()
    assert 0 == people.forget(ANN)


def test_an_image_that_is_not_there_or_gone_shows_nobody(subject: Subject) -> None:
    people = subject.store.people
    people.know(ANN)
    people.show(shown())
    subject.store.merge([image()])
    people.show(shown())
    assert [shown()] == people.shown()
    subject.store.merge([gone("yard/1.jpg", 4)])
    people.show(shown())
    assert [] == people.shown()


def test_a_newer_version_of_an_image_keeps_who_it_may_show(subject: Subject) -> None:
    subject.store.merge([image()])
    subject.store.people.know(ANN)
    subject.store.people.show(shown())
    subject.store.merge([image(version=9)])
    assert [shown()] == subject.store.people.shown()
    assert {} == subject.store.differences([image(version=9)])
