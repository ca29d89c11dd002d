"""Every night: forget whose consent or time has ended, end what was killed, and put right what has no row.

It works without a policy too, and while known people are off: what was kept must not stay because a setting went.
"""

from collections import Counter
from collections.abc import Callable

import structlog

from sightline.errors import RetryableError
from sightline.models.people import Word
from sightline.models.people_policy import PeoplePolicy
from sightline.services.people.forgetting import Forgetting
from sightline.services.people.searching import as_shown, last_day

log = structlog.get_logger()

NAME = "expire_people"


def expire(forgetting: Forgetting, policy: PeoplePolicy | None, goes_on: Callable[[], bool]) -> Counter[str]:
    """Forget who must not be known any longer; then remove faces, links and nodes that no row accounts for."""
    done: Counter[str] = Counter()
    people, today = forgetting.operations.people, forgetting.clock().date()
    everyone = people.all()
    if not everyone and not forgetting.graph.people.names():
        return done  # nobody is known: no call is made, so that no right is needed
    for person in everyone:
        if not (person.is_leaving or today > last_day(person, policy)) or not goes_on():
            continue
        try:
            forgetting.forget_person(person)
            done["forgotten"] += 1
        except RetryableError as error:
            log.warning("Somebody cannot be forgotten yet", error=type(error).__name__)  # its words may hold a name
            done["failed"] += 1
    done["stray_faces"] += _remove_stray_faces(forgetting)
    done.update(_mend_graph(forgetting))
    return done


def _remove_stray_faces(forgetting: Forgetting) -> int:
    """Remove our faces that no enrolment accounts for: its row came after the face, or went before it.

    Faces are listed first: one that is indexed meanwhile has had its row before.
    """
    faces = [each for each in forgetting.faces.faces() if each.external_id]
    known = {each.external_id for each in forgetting.operations.people.enrolments()}
    stray = [each.face_id for each in faces if each.external_id not in known]
    if stray:
        forgetting.faces.delete(stray)
    return len(stray)


def _mend_graph(forgetting: Forgetting) -> Counter[str]:
    """Have the graph show the candidates that there are: it may have been wiped, or restored."""
    done: Counter[str] = Counter()
    people, graph = forgetting.operations.people, forgetting.graph.people
    wanted = {(each.image_id, each.name): each for each in people.matches() if each.word is not Word.DENIED}
    for each in graph.shown():
        if (each.image_id, each.name) not in wanted:
            graph.hide(each.image_id, each.name)
            done["links_removed"] += 1
    staying = {each.name for each in people.all() if not each.is_leaving}
    for name in graph.names():
        if name not in staying:
            graph.forget(name)
            done["nodes_removed"] += 1
    for name in staying - {*graph.names()}:
        graph.know(name)
    shown = set(graph.shown())
    for match in wanted.values():
        if as_shown(match) not in shown and match.name in staying:
            graph.show(as_shown(match))
            done["links_shown"] += 1
    return done
