"""Cases of answers and what they cost: objects that are overwritten while they are asked about, and old answers."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from itertools import count

from bench.cases_outcome import Case, Seen
from sightline.errors import ImageChanged
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.services.held import DROPS
from sightline.services.label_import.run import keep_answers, read_labels
from sightline.services.label_import.staging import Staging
from sightline.services.status import cost_section, ledger_section
from sightline.testing.fake import BUCKET, PERSON, FakeSightline, picture

KEY = "yard/latest.jpg"
URI = f"s3://{BUCKET}/{KEY}"
LIST_PRICE = 0.001
MOST_TURNS = 20


def cases() -> list[Case]:
    """Return the cases of this group."""
    return [
        Case(
            "stale import",
            "an old system's answer, and bytes that came later",
            "counted as unsure, and not believed",
            _stale_import,
        ),
        Case(
            "import of a copied bucket",
            "the same, and the operator trusts it",
            "believed, nothing is paid",
            _trusted_import,
        ),
        Case(
            "cost of a dropped answer",
            "an object is overwritten during its call",
            "both calls are priced, in status and ledger",
            _outdated_cost,
        ),
        Case(
            "overwritten during each call",
            "a key that never stands still",
            f"complete after {DROPS} dropped answers",
            _never_still,
        ),
    ]


def _import(world: FakeSightline, *, trusts: bool) -> Counter[str]:
    """Import an answer about bytes that others have replaced a day later."""
    said = {"object_key": KEY, "label": "Person", "confidence": 97.5, "event_ts": world.clock().timestamp()}
    world.put(URI, picture(1))
    world.clock.move(timedelta(days=1))
    world.put(URI, picture(2))
    with Staging() as staging:
        read_labels([said], "old", BUCKET, staging, world.clock(), lambda _: None)
        counts = sum_of(keep_answers(staging, world.services, is_dry=False, trusts=trusts))
    world.add(URI, lane=Lane.BACKFILL)
    world.run()
    return counts


def sum_of(pages: Iterable[Counter[str]]) -> Counter[str]:
    """Add the counts of all pages."""
    return sum(pages, Counter[str]())


def _stale_import() -> Seen:
    world = FakeSightline(features=("labels",))
    counts, calls = _import(world, trusts=False), len(world.detector.asked)
    return Seen(f"{counts['unsure']} unsure, {calls} call of its own", (counts["unsure"], calls) == (1, 1))


def _trusted_import() -> Seen:
    world = FakeSightline(features=("labels",))
    counts, calls = _import(world, trusts=True), len(world.detector.asked)
    return Seen(f"{counts['new']} believed, {calls} calls", (counts["new"], calls) == (1, 0))


def _outdated_cost() -> Seen:
    world = FakeSightline(features=("labels",))
    world.put(URI, picture(1))
    world.add(URI)

    def meanwhile() -> Answer:
        world.clock.move(timedelta(seconds=5))
        world.put(URI, picture(2))
        return PERSON

    world.detector.script.append(meanwhile)
    _run_until_complete(world)
    world.services.calls.flush()
    calls = len(world.detector.asked)
    told = cost_section(world.operations, world.services.prices, world.clock())["month_usd"]["labels"]
    kept = ledger_section(world.ledger.scan(), world.services.prices)["labels"]["usd"]
    words = f"{calls} calls, {told} USD in status, {kept} USD in the ledger"
    return Seen(words, calls == 2 and told == kept == calls * LIST_PRICE)  # noqa: PLR2004 - one dropped, one kept


def _run_until_complete(world: FakeSightline) -> int:
    """Do what workers do, which receive a changed image again; return how many answers were dropped."""
    for dropped in range(MOST_TURNS):
        try:
            world.run()
        except ImageChanged:
            world.sent.clear()
            world.send([ingest_step(URI, Lane.LIVE)])
        else:
            return dropped
    return MOST_TURNS


def _never_still() -> Seen:
    world = FakeSightline(features=("labels",))
    shades = count(1)

    def meanwhile() -> Answer:
        world.clock.move(timedelta(seconds=1.5))
        world.put(URI, picture(next(shades)))
        world.detector.script.append(meanwhile)
        return PERSON

    world.put(URI, picture(0))
    world.add(URI)
    world.detector.script.append(meanwhile)
    dropped = _run_until_complete(world)
    row = world.images.get(URI)
    state = row.state if row else None
    words = f"{dropped} dropped, {len(world.detector.asked)} calls, {state}"
    return Seen(words, dropped == DROPS and state is State.COMPLETE)
