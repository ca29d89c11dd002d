"""Listings of buckets against the rows: which objects are to be ingested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sightline.models.images import ImageRow, State
from sightline.services.event_decisions import CLOCKS_APART
from sightline.services.imported import imported_features
from sightline.services.ingest import asked_of
from sightline.services.other_files import is_own, skipped_suffix
from sightline.services.plan import Plan
from sightline.storage.buckets.protocol import ObjectHead
from sightline.storage.images.positions import position_at
from sightline.storage.images.protocol import ImageStore

S3_CLOCK_STEP = timedelta(seconds=1)
"""S3 tells an object's time in whole seconds, rounded down: it may be younger by this."""


@dataclass(frozen=True, slots=True)
class Due:
    """An object that is to be ingested. pays_for: the features whose analyses its row does not have yet."""

    head: ObjectHead
    is_known: bool
    pays_for: frozenset[str]

    @property
    def image_id(self) -> str:
        """Return the image's id."""
        return str(self.head.uri)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a page of a listing holds. skipped: how many objects are something else by their suffix."""

    due: list[Due]
    skipped: int = 0


def look_at_page(page: Sequence[ObjectHead], images: ImageStore, plan: Plan, *, follows_plan: bool) -> Listed:
    """Find those of a page that no row knows, or whose row was written for other bytes.

    follows_plan: also those whose row wants something else than the settings now do
    """
    objects = [head for head in page if not head.uri.key.endswith("/")]  # a folder, as S3's console makes them
    rows = images.get_many(str(head.uri) for head in objects)
    due, skipped = [], 0
    for head in objects:
        row = rows.get(str(head.uri))
        if _is_something_else(row, head, plan):
            skipped += 1
            continue
        if row and not row.is_known:  # only a newer version knows what to do about it
            continue
        if row is None or _is_other(row, head):
            paid = imported_features(row, plan) if row else frozenset()
            due.append(Due(head, row is not None, frozenset(plan.features) - paid))
        elif follows_plan and row.content and row.capture and (row.wanted or row.shown_with):
            asked = asked_of(row, row.content, row.capture, plan)
            if row.wanted != asked:
                due.append(Due(head, True, _unpaid(row, asked)))
    return Listed(due, skipped)


def _is_something_else(row: ImageRow | None, head: ObjectHead, plan: Plan) -> bool:
    """Return whether an object is no image by its suffix. One that was added by name and is an image stays one.

    Nothing of sightline's own is found: a frame of a video is an image that is known already, or is being removed.
    """
    if is_own(head.uri, plan.own):
        return True
    is_an_image = row is not None and row.content is not None
    return not is_an_image and skipped_suffix(head.uri.key, plan.skipped_suffixes) is not None


def _is_other(row: ImageRow, head: ObjectHead) -> bool:
    """Return whether the row was not written for these bytes. One that is received will be; a gone one is back.

    The bytes of an imported one were never read.
    """
    if row.state is State.REJECTED:
        return _was_not_refused(head, row)
    if row.state in {State.GONE, State.IMPORTED}:
        return True
    return row.content is not None and row.content.etag != head.etag


def _was_not_refused(head: ObjectHead, row: ImageRow) -> bool:
    """Return whether the row was refused for other bytes than these."""
    if row.judged and row.judged.etag:
        return head.etag != row.judged.etag
    refused_at = position_at(row.judged.at) if row.judged else row.feed_position or ""
    return _may_be_younger(head, refused_at)


def _may_be_younger(head: ObjectHead, ended_at: str) -> bool:
    """Return whether an object may have come after its row was refused, where the row does not know what was refused.

    It is looked at once more in vain at most: then the row knows.
    """
    return position_at(head.last_modified + S3_CLOCK_STEP + CLOCKS_APART) > ended_at


def _unpaid(row: ImageRow, asked: Mapping[str, str]) -> frozenset[str]:
    return frozenset(feature for feature, name in asked.items() if row.wanted.get(feature) != name)
