"""When an analysis may be claimed: the rule, which every ledger shares."""

from datetime import datetime

from sightline.errors import LeaseHeld
from sightline.storage.ledger.protocol import Entry, Status


def ends_unknown(standing: Entry | None, now: datetime) -> bool:
    """Return whether a claim made now ends an attempt that nobody ever heard of again.

    standing: the entry as it is, not settled. Raise LeaseHeld until the standing claim is free,
    and NewerVersion if its status is unknown.
    """
    if standing:
        standing.require_known()
    if standing is None or standing.status is not Status.CLAIMED:
        return False
    free_at = standing.free_at
    if free_at is not None and now < free_at:
        raise LeaseHeld(standing.analysis.analysis_id, free_at=free_at)
    return True
