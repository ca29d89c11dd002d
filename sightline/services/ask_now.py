"""Analyse one picture now, without queue, row or ledger. Every call is paid for, the same picture's second one too."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sightline.errors import (
    OutcomeUnknown,
    RampedTooFast,
    RejectedError,
    SightlineError,
    Throttled,
    UnreadableAnswer,
)
from sightline.models.answers import Answer
from sightline.models.budgets import Charge
from sightline.models.images import Lane
from sightline.models.spending import Line, Reason
from sightline.rekognition.feature import Feature
from sightline.rekognition.preflight import MAX_BYTES_SENT, inspect_picture
from sightline.rekognition.prices import billed
from sightline.services.collaborators import Services
from sightline.services.detection import how_it_ended, may_be_billed
from sightline.services.picture_files import read_picture
from sightline.services.slots import give_back, wait_for_slot
from sightline.services.usage import COST
from sightline.storage.buckets.protocol import ObjectUri

Outcomes: TypeAlias = dict[str, Answer | SightlineError]
"""By feature: the answer, or the error."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The picture to analyse: an object in S3, or the bytes of a file, which are sent with the call."""

    name: str
    uri: ObjectUri | None = None
    data: bytes = b""


def subject_named(source: str) -> Subject:
    """Return the picture that `source` names: a URI, or a file, which is inspected before anything is paid for."""
    if "://" in source:
        return Subject(source, uri=ObjectUri.parse(source))
    data = read_picture(Path(source))
    inspect_picture(source, data, MAX_BYTES_SENT)
    return Subject(source, data=data)


def ask_all(features: Iterable[Feature], subject: Subject, services: Services) -> Outcomes:
    """Make one call per feature. An error is that feature's outcome; the other features are still called."""
    return {feature.name: _ask(feature, subject, services) for feature in features}


def _ask(feature: Feature, subject: Subject, services: Services) -> Answer | SightlineError:
    limiter, detector = services.limiter, services.detector
    parameters, treasury = services.plan.features.get(feature.name, feature.parameters), services.treasury

    def charge_of() -> Charge | None:
        return treasury.charge(feature.name, Lane.LIVE, parameters) if treasury else None

    paid: Charge | None = None
    try:
        paid = wait_for_slot(
            feature.operation, Lane.LIVE, limiter, services.stopping, services.clock, charge_of=charge_of
        )
        if subject.uri:
            return detector.analyse_object(feature, parameters, subject.uri.bucket, subject.uri.key)
        return detector.analyse_bytes(feature, parameters, subject.data)
    except SightlineError as error:
        if not may_be_billed(error):
            give_back(feature.operation, paid, limiter)
        if isinstance(error, Throttled):
            limiter.throttled(feature.operation, ramped_too_fast=isinstance(error, RampedTooFast))
        return error


def note_calls(features: Iterable[Feature], outcomes: Outcomes, services: Services) -> None:
    """Count the calls for `status`; raise Unavailable or MissingTable if DynamoDB cannot count them."""
    counts: Counter[tuple[str, str]] = Counter()
    for feature in features:
        outcome = outcomes[feature.name]
        counts[feature.name, "answered" if isinstance(outcome, Answer) else _ending(outcome)] += 1
        if isinstance(outcome, Answer):
            counts[feature.name, COST] += services.prices.of_call(feature, services.plan.features.get(feature.name))
    day = services.clock().date().isoformat()
    services.operations.usage.count(day, counts)
    if spent := Counter(_spent(features, outcomes, day, services)):
        services.operations.books.add(spent)


def _spent(features: Iterable[Feature], outcomes: Outcomes, day: str, services: Services) -> Iterator[Line]:
    """Yield the line of each call that was, or may have been, billed."""
    for feature in features:
        parameters = services.plan.features.get(feature.name, feature.parameters)
        outcome = outcomes[feature.name]
        reason = Reason.UNKNOWN if isinstance(outcome, OutcomeUnknown) else Reason.BY_HAND
        if isinstance(outcome, Answer | OutcomeUnknown | UnreadableAnswer):
            yield Line(day, feature.name, billed(feature, parameters), Lane.LIVE, reason)


def _ending(error: SightlineError) -> str:
    return "rejected" if isinstance(error, RejectedError) else how_it_ended(error)
