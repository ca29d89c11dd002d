"""A sightline whose steps are cut into each other at random: between any two statements anything may happen.

Between two statements of a step, other steps run from beginning to end (and are interrupted in their turn), objects are
overwritten, time passes, messages come twice, and the process may die. What Celery does with errors is done by its own
table.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from sightline.errors import RejectedError, SightlineError
from sightline.models.answers import Answer, Detection, Json
from sightline.models.images import ImageRow, Lane, State
from sightline.queues.steps import Step, ingest_step
from sightline.rekognition.feature import Feature
from sightline.services.failures import keep_failure
from sightline.services.graph_merge import RowMerger
from sightline.services.imported import imported_answer, unread_analysis
from sightline.services.reconcile import reconcile, reconciler_of
from sightline.services.results import result_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.protocol import Entry, Status
from sightline.testing.fake import FakeSightline, picture, uri_of
from sightline.timing import CLAIM_LEASE, TAKEOVER_AFTER
from tasks.retry import Action, rule_for

FEATURES = ("labels", "moderation")
URIS = (uri_of("01"), uri_of("02", camera="gate"), uri_of("03"))
IMPORTED = URIS[2]
PICTURES = [picture(shade, (80, 80), "PNG") for shade in range(12)]
DEEPEST = 3
UNTIL_FREE = CLAIM_LEASE + TAKEOVER_AFTER


class ProcessDied(BaseException):
    """Nothing handles this, as nothing handles kill -9."""


@dataclass
class Happened:
    """What was done to the system, and what it did. ended: steps that a process had in hand when it died."""

    kills: int = 0
    ended: int = 0
    seconds: float = 0.0
    overwrites: Counter[str] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)


class Interrupted:
    """A collaborator; something may happen before and after each of its statements."""

    def __init__(self, inner: object, happens: Callable[[], None], without: frozenset[str] = frozenset()) -> None:
        self._inner, self._happens, self._without = inner, happens, without

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in self._without or not callable(found):
            return found

        def statement(*args: Any, **kwargs: Any) -> Any:
            self._happens()
            answer = found(*args, **kwargs)
            self._happens()
            return answer

        return statement


class Watching:
    """A detector that answers what is in the object at the moment of the call: its bytes' name."""

    def __init__(self, world: FakeSightline, calls: Counter[tuple[str, str]]) -> None:
        self._world, self._calls = world, calls

    def analyse_object(
        self, feature: Feature, parameters: Mapping[str, Json], bucket: str, key: str, version: str | None = None
    ) -> Answer:
        del parameters, version
        uri = ObjectUri(bucket, key)
        _, data = self._world.buckets.get(uri)
        self._calls[str(uri), feature.name] += 1
        return answer_about(data)

    def analyse_bytes(self, feature: Feature, parameters: Mapping[str, Json], data: bytes) -> Answer:
        del parameters
        self._calls["bytes", feature.name] += 1
        return answer_about(data)


class OneByOne:
    """Merges in the caller's thread, together with others that happen to be asked for."""

    def __init__(self, world: FakeSightline, random: Random, uris: Sequence[str]) -> None:
        self._world, self._random, self._uris = world, random, uris

    def in_hand(self) -> "OneByOne":
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def merge(self, image_id: str) -> bool:
        services = self._world.services
        others = self._random.sample(self._uris, self._random.randint(0, 2))
        outcome = RowMerger(services.images, services.graph.merge)([image_id, *others])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def answer_about(data: bytes) -> Answer:
    return Answer((Detection(hashlib.sha256(data).hexdigest()[:16], 90.0),), "test-1", cut_percent=30.0)


def is_named(row: ImageRow, feature: str) -> bool:
    """Return whether a row's result is about the row's own bytes."""
    assert row.content is not None
    return row.parts[feature].finding[0][0] == row.content.sha256[:16]


class Play:
    """One run. is_calm: nothing dies and nothing is overwritten, so that each analysis is paid exactly once."""

    uris: Sequence[str] = URIS
    pictures: Sequence[bytes] = PICTURES
    lanes: Sequence[Lane] = (Lane.LIVE,)

    def __init__(self, seed: int, *, is_calm: bool) -> None:
        self.random = Random(seed)  # noqa: S311 - a play that can be repeated
        self.is_calm = is_calm
        self.happened = Happened()
        self.is_over = False
        self._depth = 0
        self.world = world = FakeSightline(features=FEATURES)
        self._make_services(world)
        self._bytes = iter(self.random.sample(range(len(self.pictures)), len(self.pictures)))
        twin = next(self._bytes)
        others = (next(self._bytes) for _ in self.uris[2:])
        for uri, number in zip(self.uris, (twin, twin, *others), strict=True):
            world.put(uri, self.pictures[number])
        self.has_import = self.random.random() < 0.5
        if self.has_import:
            unread = Entry(unread_analysis(IMPORTED, world.services.plan), Status.RELEASED)
            settled = world.ledger.settle(unread, imported_answer([("Fox", 90.0)]), 0, world.clock())
            world.images.add_imported(IMPORTED, "labels", result_of(settled))

    def _make_services(self, world: FakeSightline) -> None:
        cut = self.cut
        world.services = replace(
            world.services,
            images=cut(world.images),
            ledger=cut(world.ledger),
            buckets=cut(world.buckets),
            graph=cut(world.graph),
            limiter=cut(world.limiter),
            detector=cut(Watching(world, self.happened.calls)),
            merges=OneByOne(world, self.random, self.uris),  # type: ignore[arg-type]
        )

    def cut(self, inner: object) -> Any:
        """Return a collaborator between whose statements something may happen."""
        return Interrupted(inner, self.happens)

    def happens(self) -> None:
        """Let something happen between two statements, or nothing."""
        if self.is_over or self._depth == 0:
            return
        dice = self.random.random()
        if dice < 0.10 and self._depth < DEEPEST:
            self.deliver_one()
        elif dice < 0.12:
            self.pass_time(self.random.choice([0.5, 5] if self.is_calm else [0.5, 5, 20, 61, 151]))
        elif dice < 0.14 and self.world.sent:
            self.world.sent.append(self.random.choice(self.world.sent))
        elif dice < 0.155 and not self.is_calm:
            self.happened.kills += 1
            raise ProcessDied
        elif dice < 0.17 and not self.is_calm:
            self.overwrite()

    def pass_time(self, seconds: float) -> None:
        self.happened.seconds += seconds
        self.world.clock.move(timedelta(seconds=seconds))

    def overwrite(self) -> None:
        """Upload new bytes, and perhaps add the image. No bytes come back to a key within one second."""
        number = next(self._bytes, None)
        if number is None:
            return
        self.world.clock.move(timedelta(seconds=1))
        uri = self.random.choice(self.uris)
        self.happened.overwrites[uri] += 1
        self.world.put(uri, self.pictures[number])
        if self.random.random() < 0.7:
            self.world.send([ingest_step(uri, Lane.LIVE, is_new=self.random.random() < 0.3)])

    def deliver_one(self) -> None:
        """Take any message, not the oldest, and do what Celery does with it."""
        sent = self.world.sent
        if not sent:
            return
        sent.rotate(self.random.randrange(len(sent)))
        step = sent.popleft()
        self._depth += 1
        try:
            self.deliver(step)
        except ProcessDied:
            self.happened.ended += 1
            if self.random.random() < 0.6:  # delivered again; else it is lost, as Redis sometimes loses one
                sent.append(step)
            if self._depth > 1 and self.random.random() < 0.5:
                raise  # it was the same process
        finally:
            self._depth -= 1

    def deliver(self, step: Step) -> None:
        world = self.world
        try:
            world.do(step)
        except SightlineError as error:
            action = rule_for(error, step.task).action
            if action is Action.INGEST_AGAIN:
                world.send([ingest_step(step.args[0], step.lane)])
            elif action in {Action.RESEND, Action.RETRY}:
                world.later.append(step)
            elif isinstance(error, RejectedError):
                keep_failure(error, step.args[0], step.task, images=world.images, operations=world.operations)

    def run(self) -> None:
        """Add the images in any order and more than once, let everything happen, and then heal."""
        for uri in self.random.choices(self.uris, k=2) + list(self.uris):
            self.world.add(uri, lane=self.random.choice(self.lanes))
        for uri in self.uris:  # a sender may say of any row that it is new
            if self.random.random() < 0.2:
                self.world.send([ingest_step(uri, Lane.LIVE, is_new=True)])
        for _ in range(60):
            self._bring_back()
            self.deliver_one()
        self.is_over = True
        for _ in range(2):  # the second time nothing is left that only the first one found
            self.world.add(*self.added_at_the_end())
            self.heal()

    def added_at_the_end(self) -> Sequence[str]:
        """Name the images whose last bytes nobody may have told of."""
        return self.uris

    def _bring_back(self) -> None:
        if self.random.random() < 0.05:
            self.world.clock.move(timedelta(seconds=61))  # between steps: no message's facts are believed any more
        if self.world.later and self.random.random() < 0.5:
            self.world.clock.move(timedelta(seconds=5))
            self.world.send([self.world.later.popleft()])

    def heal(self) -> None:
        """Let time pass and the reconciler work until nothing is unfinished."""
        world = self.world
        for _ in range(60):
            while world.sent:
                self.deliver_one()
            if not list(world.images.unfinished()) and not world.later:
                return
            world.clock.move(timedelta(minutes=1))
            world.send(world.later)
            world.later.clear()
            reconcile(reconciler_of(world.services, world.send), lambda: True)
        raise AssertionError(f"not healed: {[*world.images.unfinished()]}")

    # --- the promises -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        rows = self.world.images.get_many(self.uris)
        for uri in self.uris:
            self.check_row(rows[uri])
        entries = [self.world.ledger.get(each.analysis.analysis_id) for each in self.world.ledger.scan()]
        for entry in filter(None, entries):
            self._check_entry(entry)
        self._check_calls([each for each in entries if each])
        self._check_import(rows[IMPORTED])

    def check_row(self, row: ImageRow) -> None:
        """Nothing is lost, and no row shows what belongs to other bytes."""
        assert State.COMPLETE is row.state
        _, data = self.world.buckets.get(ObjectUri.parse(row.image_id))
        assert row.content is not None
        assert hashlib.sha256(data).hexdigest() == row.content.sha256
        assert row.version == row.merged_version == self.world.graph.versions([row.image_id])[row.image_id]
        for feature, wanted in row.wanted.items():
            assert wanted == row.parts[feature].analysis_id
            assert is_named(row, feature) or row.parts[feature].model_version == "imported"

    def _check_entry(self, entry: Entry) -> None:
        """No answer is settled under other bytes."""
        if entry.answer and entry.answer.model_version != "imported":
            assert entry.answer.detections[0].name == entry.analysis.content[:16]

    def _check_calls(self, entries: list[Entry]) -> None:
        """Nothing is paid again but what a death, a lease that ended, or an overwrite accounts for."""
        calls = self.happened.calls.total()
        paid = sum(each.is_settled and each.cost_micro_usd > 0 for each in entries)
        unknown = sum(each.unknown_attempts for each in entries)
        dropped = sum(each.dropped_micro_usd > 0 for each in entries)
        if self.is_calm:
            assert (paid, 0, 0) == (calls, unknown, dropped)
        assert calls <= paid + unknown + self.happened.kills + self._drops(entries)
        assert unknown <= self.happened.ended + DEEPEST * self.happened.seconds // UNTIL_FREE.total_seconds()

    def _drops(self, entries: list[Entry]) -> int:
        """Return how many answers were dropped, at one price for every call of a feature."""
        price = {each.analysis.feature: each.cost_micro_usd for each in entries if each.cost_micro_usd}
        least = min(price.values(), default=1000)
        return sum(each.dropped_micro_usd // least for each in entries)

    def _check_import(self, row: ImageRow) -> None:
        """An imported row keeps its answer unless its object was overwritten."""
        if self.has_import and not self.happened.overwrites[IMPORTED]:
            assert "imported" == row.parts["labels"].model_version
            assert 0 == self.happened.calls[IMPORTED, "labels"]
