"""Resume stopped cameras: their breakers close, and the images that waited go on at once."""

from collections.abc import Collection, Iterator
from itertools import islice

from sightline.models.images import ImageRow, Lane, State
from sightline.queues.publishing import BATCH, Publish
from sightline.queues.steps import ingest_step
from sightline.services.collaborators import Services
from sightline.services.rejection_breaker import Group, close
from sightline.storage.images.protocol import Postponement
from sightline.timing import CHECK_AFTER


def resume_cameras(groups: Collection[Group], services: Services, send: Publish) -> dict[Group, bool]:
    """Let cameras go on; return for each whether it was stopped.

    Their images are sent after the stops are gone. Killed in between, or if an index is late, the reconciler sends them
    within minutes.
    """
    done = {group: close(group, services.operations) for group in groups}
    _send_waiting({group for group, was_stopped in done.items() if was_stopped}, services, send)
    return done


def _send_waiting(groups: Collection[Group], services: Services, send: Publish) -> None:
    """Send the images of these cameras that no worker has read yet. If a message is still there, both are harmless."""
    waiting = _waiting(groups, services) if groups else iter(())
    while rows := list(islice(waiting, BATCH)):
        send(ingest_step(row.image_id, row.lane) for row in rows)
        later = services.clock() + CHECK_AFTER
        errors = services.images.postpone_many(Postponement(row, later, is_sent=True) for row in rows)
        for error in errors.values():
            raise error


def _waiting(groups: Collection[Group], services: Services) -> Iterator[ImageRow]:
    """Yield each row once: one that is postponed meanwhile comes by again."""
    seen: set[str] = set()
    ids = (
        each.image_id
        for each in services.images.unfinished()
        if each.state is State.RECEIVED and any(_is_of(each.image_id, lane, groups, services) for lane in Lane)
    )
    while chunk := list(islice(ids, BATCH)):
        rows = services.images.get_many(set(chunk) - seen)
        seen.update(chunk)
        yield from (
            row
            for row in rows.values()
            if row.state is State.RECEIVED and _is_of(row.image_id, row.lane, groups, services)
        )


def _is_of(image_id: str, lane: Lane, groups: Collection[Group], services: Services) -> bool:
    return services.rejection_breaker.group_of(image_id, lane) in groups
