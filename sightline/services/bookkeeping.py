"""Bookkeeping: every minute the ledger's changes become lines of the books, each change once.

What was paid is what the ledger says: its entries outlive the process that wrote them, whatever ends it. No table is
read, and nothing is written while an image is worked on.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import TypeAlias

import structlog

from sightline.errors import InvalidUri, UnreadableKey
from sightline.models.answers import Json
from sightline.models.spending import Line, Reason
from sightline.rekognition.features import all_features
from sightline.rekognition.prices import billed
from sightline.services.collaborators import Services
from sightline.services.leased_runs import LeasedRun
from sightline.storage.books import MOST_LINES, Position
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.changes import LedgerChange, Page
from sightline.storage.ledger.protocol import Analysis, Entry, Status
from sightline.timing import CLAIM_LEASE

log = structlog.get_logger()

NAME = "keep_books"

CameraOf: TypeAlias = Callable[[ObjectUri], str]


def run_bookkeeping(run: LeasedRun, services: Services) -> Mapping[str, Json]:
    """Book what the ledger's changes say, until all is read or time is short. Return how many changes and calls."""
    return keep_books(services, run.goes_on)


def keep_books(services: Services, goes_on: Callable[[], bool]) -> Mapping[str, Json]:
    """Book the changes that were not booked yet. Two processes at once are harmless: only one books each change.

    Return how many changes were read, and how many lines they made; `cut`: pages whose beginning was gone.
    """
    books, changes = services.operations.books, services.ledger_changes
    if not books.lacking()[0]:
        books.begin(changes.lacks())
    done: Counter[str] = Counter(changes=0, calls=0)
    positions = books.positions()
    for shard in changes.shards():
        at = positions.get(shard, Position(shard))
        for page in () if at.is_ended else changes.pages(shard, at.after):
            if page.is_cut:
                log.error("Changes of the ledger were not read within a day: the books lack calls", shard=shard)
                done["cut"] += 1
            for spent, now in _parts(page, at, services.rejection_breaker.camera_of):
                if not goes_on() or not books.book(spent, at, now):
                    return done
                at = now
                done["calls"] += sum(number for line, number in spent.items() if line.reason.is_sure)
            done["changes"] += len(page.changes)
    return done


def _parts(page: Page, begin: Position, camera_of: CameraOf) -> Iterator[tuple[Counter[Line], Position]]:
    """Part a page so that each part fits into one booking; a page that only ends its shard is a part without lines."""
    spent: Counter[Line] = Counter()
    at = begin
    for change in page.changes:
        spent.update(lines_of(change, camera_of))
        at = replace(at, after=change.number)
        if len(spent) >= MOST_LINES:
            yield _without_zeros(spent), at
            spent = Counter()
    if spent or at != begin or page.is_ended:
        yield _without_zeros(spent), replace(at, is_ended=page.is_ended)


def lines_of(change: LedgerChange, camera_of: CameraOf) -> Counter[Line]:
    """Return the calls that a change of the ledger tells of. A claim is a call under way until it ends: minus one."""
    before, after = change.before, change.after
    written_on = change.at.astimezone(UTC).date().isoformat()
    lines: Counter[Line] = Counter()
    unknown = after.unknown_attempts - (before.unknown_attempts if before else 0)
    lines[_line(after, written_on, Reason.UNKNOWN, camera_of)] += unknown
    if after.dropped_micro_usd > (before.dropped_micro_usd if before else 0):
        lines[_line(after, written_on, Reason.OUTDATED, camera_of)] += 1
    if after.cost_micro_usd and not (before and before.is_settled):
        paid_on = after.paid_at.astimezone(UTC).date().isoformat() if after.paid_at else written_on
        lines[_line(after, paid_on, _reason(after), camera_of)] += 1
    for entry, one in ((before, -1), (after, 1)):
        if entry and entry.status is Status.CLAIMED and entry.lease_until:
            claimed_on = (entry.lease_until - CLAIM_LEASE).astimezone(UTC).date().isoformat()
            lines[_line(entry, claimed_on, Reason.UNDER_WAY, camera_of)] += one
    return _without_zeros(lines)


def _without_zeros(lines: Counter[Line]) -> Counter[Line]:
    return Counter({line: number for line, number in lines.items() if number})


def _reason(settled: Entry) -> Reason:
    if settled.analysis.is_redriven:
        return Reason.REDRIVEN
    return Reason.RETRIED if settled.attempts > 1 else Reason.NEW


def _line(entry: Entry, day: str, reason: Reason, camera_of: CameraOf) -> Line:
    analysis = entry.analysis
    lane = analysis.lane.value if analysis.lane else ""
    return Line(day, analysis.feature, _billed(analysis), lane, reason, _camera(analysis.image_id, camera_of))


def _billed(analysis: Analysis) -> tuple[str, ...]:
    """Return what AWS counts; of a feature that is no longer declared its name, which has no price."""
    feature = all_features().get(analysis.feature)
    return billed(feature, analysis.parameters) if feature else (analysis.feature,)


def _camera(image_id: str, camera_of: CameraOf) -> str:
    try:
        return camera_of(ObjectUri.parse(image_id))
    except (InvalidUri, UnreadableKey):
        return ""
