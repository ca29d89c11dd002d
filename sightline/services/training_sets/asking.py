"""Asking what the pictures of a set show: what it will cost, and paying once for each.

Answers are in the ledger under the bytes, as those of cameras' images are: what was paid for before, by this command or
by a worker, is not paid for again. The backfill lane is used: live images go first.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sightline.errors import ImageChanged, LeaseHeld, RejectedError, RetryableError, SlotRefused
from sightline.models.answers import Json
from sightline.models.images import Lane
from sightline.rekognition.analysis import analysis_id
from sightline.rekognition.features import feature_named
from sightline.services.collaborators import Services
from sightline.services.detection import settle_bytes
from sightline.services.held import Copy
from sightline.services.training_sets.evidence import Outcome, Verdict
from sightline.services.training_sets.reading import Read, not_judged
from sightline.storage.ledger.protocol import Analysis, Entry

FEATURE = "labels"

ASKED_AT_ONCE = 16

_PATIENCE = 5
"""So often a picture is tried whose slot did not come, or that another process is paying for."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What asking costs. unpaid: one picture for each analysis that is not in the ledger.

    seconds: at the rate of today, if nothing else is asked; answered: what is in the ledger, by analysis id
    """

    images: int
    unpaid: Mapping[str, Read]
    cost_micro_usd: int
    seconds: float
    answered: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an analysis was not settled."""

    analysis_id: str
    verdict: Verdict


def analysis_of(picture: Read, services: Services) -> Analysis:
    """Return what is asked about a picture whose bytes were read: what new images are asked for their labels."""
    if picture.content is None:
        raise ValueError(f"{picture}: its bytes were not read")
    parameters, generation = _parameters(services), services.plan.generation
    sha256 = picture.content.sha256
    name = analysis_id(sha256, FEATURE, parameters, generation)
    return Analysis(name, sha256, FEATURE, parameters, generation, str(picture.uri))


def quote(pictures: Iterable[Read], services: Services) -> Quote:
    """Return what it costs to ask about these pictures, which have no verdict yet."""
    asked = {analysis_of(each, services).analysis_id: each for each in pictures}
    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="quote-set") as pool:
        found = {entry.analysis.analysis_id: entry for entry in pool.map(services.ledger.get, asked) if entry}
    answered = {name: entry for name, entry in found.items() if entry.is_settled}
    unpaid = {name: each for name, each in asked.items() if name not in answered}
    feature = feature_named(FEATURE)
    rate = services.limiter.rates()[feature.operation].rate
    cost = len(unpaid) * services.prices.of_call(feature, _parameters(services))
    return Quote(len(asked), unpaid, cost, len(unpaid) / rate, answered)


def ask(quoted: Quote, services: Services) -> Iterator[Entry | Failed]:
    """Pay for what is not paid yet, several at a time. What fails now does not stop the others.

    Raise a ConfigurationError, which every other call would meet too; what was paid for by then stays in the ledger.
    """
    with ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="ask-set") as pool:
        yield from pool.map(lambda each: _ask(each, services), quoted.unpaid.values())


def _ask(picture: Read, services: Services) -> Entry | Failed:
    analysis = analysis_of(picture, services)
    try:
        return _settled(picture, analysis, services)
    except (RetryableError, RejectedError) as error:
        return Failed(analysis.analysis_id, not_judged(error))


def _settled(picture: Read, analysis: Analysis, services: Services) -> Entry:
    content = picture.content
    if content is None:
        raise ValueError(f"{picture}: its bytes were not read")
    head, data = services.buckets.get(picture.uri)
    if head.etag != content.etag:
        raise ImageChanged(str(picture.uri))
    copy = Copy(picture.uri, head.etag, data)
    for _ in range(_PATIENCE - 1):
        try:
            return settle_bytes(analysis, content, copy, Lane.BACKFILL, services.images, services.payer)
        except (SlotRefused, LeaseHeld):
            if services.stopping.wait(1):
                raise
    return settle_bytes(analysis, content, copy, Lane.BACKFILL, services.images, services.payer)


def rejected(entry: Entry) -> Verdict:
    """Return the verdict on a picture that Rekognition has refused."""
    words = entry.rejection.message if entry.rejection else "there is no answer"
    return Verdict(Outcome.UNJUDGED, f"Rekognition refused it: {words}")


def cut_percent(services: Services) -> float:
    """Return from which confidence on labels are asked for."""
    return float(_parameters(services).get("MinConfidence", 0))


def _parameters(services: Services) -> Mapping[str, Json]:
    return services.plan.features.get(FEATURE, feature_named(FEATURE).parameters)
