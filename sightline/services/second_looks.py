"""Batches of second looks: images that a hash has drawn, and those of which a reviewer doubts the answer.

Of those that are drawn, one other reviewer has answered, or two who differ. All are as blind to the first answer as
to the detector's.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sightline.services.collaborators import Services
from sightline.services.review import NothingToReview
from sightline.services.review_batches import HELD, open_batch, start_batch
from sightline.services.rollups.cells import candidate_of
from sightline.stats.queue import Request
from sightline.stats.sampling import Cell
from sightline.stats.second_looks import SecondLook, second_looks
from sightline.stats.strata import StrataRule
from sightline.stats.verdicts import Verdict
from sightline.storage.users.batches import Batch, ChosenFrom

READ_AT_ONCE = 40
SECOND_LOOKS = ChosenFrom(is_second=True)


def begin_second_looks(user: str, label: str, verdicts: Iterable[Verdict], services: Services) -> Batch:
    """Ask a reviewer for second looks; an open batch of the label goes on instead.

    verdicts: all of the label; they may be some minutes old. Raise NotWatched, or NothingToReview if none waits.
    """
    rule = services.accuracy.rule_of(label)
    standing = open_batch(user, label, services)
    if standing is not None:
        return standing
    looks = waiting_looks(user, label, verdicts, services)

    def choose(count: int) -> list[Request]:
        return list(islice(_requests(user, looks, rule, services), count))

    batch = start_batch(user, rule, choose, SECOND_LOOKS, services)
    if batch is None:
        rule_of = f"no image waits for a second look of yours, or what waits is {HELD}"
        raise NothingToReview(label, rule=rule_of, remedy="Go on with the review; one image in ten is looked at twice")
    return batch


def waiting_looks(user: str, label: str, verdicts: Iterable[Verdict], services: Services) -> list[SecondLook]:
    """Return the second looks of a label that wait for a reviewer. verdicts: of any label."""
    doubted = {(each.image_id, each.content) for each in services.users.doubts.of(label)}
    return second_looks((each for each in verdicts if each.label == label), user, services.accuracy.salt, doubted)


def _requests(user: str, looks: Sequence[SecondLook], rule: StrataRule, services: Services) -> Iterator[Request]:
    """Yield the looks at images that show the same bytes as they did, and that this reviewer has not answered since."""
    waiting = iter(looks)
    while some := list(islice(waiting, READ_AT_ONCE)):
        rows = services.images.get_many({look.image_id for look in some})
        for look in some:
            row = rows.get(look.image_id)
            candidate = candidate_of(row, rule) if row else None
            if row is None or row.capture is None or candidate is None or candidate.content != look.content:
                continue
            known = services.verdicts.of_label(look.image_id, rule.label)
            if user not in {kept.verdict.reviewer for kept in known.verdicts}:
                yield Request(Cell(row.capture.camera, rule.label, row.capture.camera_day.day), candidate)
