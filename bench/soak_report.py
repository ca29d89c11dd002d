"""The table at the end of the soak: what was promised, what came of it, and the verdict."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from bench.reported import FOREIGN
from bench.soak_end import End, differing, is_finished, paid_calls, settled_analyses
from bench.soak_environment import FEATURES, Environment, Images
from bench.soak_faults import Faults
from bench.soak_pictures import BUCKET
from bench.soak_producers import Producers
from sightline.services.reconcile import NAME as RECONCILE
from sightline.storage.buckets.protocol import walk

SHOWN = 5
ABROAD = f"s3://{FOREIGN}/"
"""Its images wait for ever, and one dead letter says so: both have lines of their own."""


class Verdict(IntEnum):
    """How a soak ended. The value is the exit status; 2 is a wrong command line."""

    KEPT = 0
    BROKEN = 1
    NONE = 3


WORDS = {Verdict.KEPT: "all promises kept", Verdict.BROKEN: "broken", Verdict.NONE: "no verdict"}


@dataclass(frozen=True, slots=True)
class Line:
    """One promise or figure. most: the promise is broken above it; None: a figure only."""

    words: str
    value: float
    most: float | None = None

    @property
    def is_broken(self) -> bool:
        """Return whether the promise is broken."""
        return self.most is not None and self.value > self.most


@dataclass(frozen=True, slots=True)
class Report:
    """All lines, and what to look at if one is broken. undecided: why the promises could not be tested."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def violations(self) -> list[Line]:
        """Return the broken promises."""
        return [line for line in self.lines if line.is_broken]

    @property
    def verdict(self) -> Verdict:
        """Return whether the promises were kept, or that this run cannot tell."""
        if self.violations:
            return Verdict.BROKEN
        return Verdict.NONE if self.undecided else Verdict.KEPT

    def without_promises(self) -> Self:
        """Turn the promises into figures: a run that was not carried out as planned neither keeps nor breaks them."""
        return replace(self, lines=tuple(replace(line, most=None) for line in self.lines))

    @classmethod
    def of(
        cls,
        environment: Environment,
        images: Images,
        producers: Producers,
        faults: Faults,
        healed: float,
        *,
        counted_apart: Collection[str] = (),
    ) -> Self:
        """Read what the run with faults has left behind. counted_apart: contents whose calls have a line elsewhere."""
        services = environment.services
        rows = services.images.get_many(images.uris)
        etags = {str(head.uri): head.etag for head in walk(services.buckets, BUCKET, "")}
        lost = [uri for uri in images.uris if uri not in rows]
        wrong = [uri for uri in rows if not is_finished(rows[uri], etags[uri])]
        unfinished = sum(not each.image_id.startswith(ABROAD) for each in services.images.unfinished())
        letters = [each for each in services.operations.dead_letters.read() if ABROAD not in str(each.subject)]
        lines = [
            Line("images lost", len(lost), 0),
            Line("images in a wrong state", len(wrong), 0),
            Line("rows that are still unfinished", unfinished, 0),
            Line("open dead letters", len(letters), 0),
            Line("processes that died by themselves", len(_died(environment, faults)), 0),
            *_calls(environment, images, producers, faults, counted_apart),
            Line("seconds to heal after the last fault", round(healed, 1)),
            Line("steps sent again by the reconciler", _sent_again(environment)),
            *(Line(f"done: {what}", number) for what, number in sorted(faults.done.items())),
            Line("images handed in", producers.handed_in),
            Line("images overwritten", len(producers.overwritten)),
        ]
        notes = [f"wrong: {uri} {rows[uri].state} {rows[uri].unsettled()}" for uri in wrong[:SHOWN]]
        notes += [f"lost: {uri}" for uri in lost[:SHOWN]]
        notes += [f"died: {name}" for name in _died(environment, faults)]
        notes += [f"letter: {letter}" for letter in letters[:SHOWN]]
        return cls(tuple(lines), tuple(notes)).failed_itself([*producers.failed, *faults.failed])

    def failed_itself(self, errors: Sequence[BaseException]) -> Self:
        """Say which errors the soak itself has met. If there is one, nothing is promised."""
        failed = tuple(f"the soak itself failed: {error!r}" for error in errors)
        return replace(self, undecided=(*self.undecided, *failed)).without_promises() if failed else self

    def with_lines(self, lines: Sequence[Line]) -> Self:
        """Add lines. They promise nothing if the others do not."""
        report = replace(self, lines=(*self.lines, *lines))
        return report.without_promises() if self.undecided else report

    def compared(self, end: End, clean: End) -> Self:
        """Add how this end differs from that of a clean run."""
        rows, graph = differing(end.rows, clean.rows), end.graph ^ clean.graph
        lines = (
            Line("rows that differ from a clean run", len(rows), 0),
            Line("relationships that differ from a clean run", len(graph), 0),
            Line("relationships of a clean run", len(clean.graph)),
        )
        notes = [f"row: {end.rows[uri]}\n     {clean.rows.get(uri)}" for uri in rows[:SHOWN]]
        notes += [f"{'too many' if each in end.graph else 'missing'}: {each}" for each in sorted(graph)[:SHOWN]]
        return replace(self.with_lines(lines), notes=self.notes + tuple(notes))

    def not_compared(self, reason: str) -> Self:
        """Say why there is no clean run to compare with. The other promises still count."""
        return replace(self, undecided=(*self.undecided, reason))


def _calls(
    environment: Environment, images: Images, producers: Producers, faults: Faults, counted_apart: Collection[str]
) -> list[Line]:
    """Compare calls with analyses. An answer for bytes that were overwritten meanwhile is paid for and dropped."""
    paid, settled = paid_calls(environment), settled_analyses(environment)
    extra = Counter({call: number for call, number in (paid - settled).items() if call[0] not in counted_apart})
    overwritten = {content for number in producers.overwritten for content in images.contents(number)}
    at_overwrites = sum(number for (content, _), number in extra.items() if content in overwritten)
    return [
        Line("analyses settled twice", sum(number - 1 for number in settled.values()), 0),
        Line("analyses without a call", sum((settled - paid).values()), 0),
        Line("calls − analyses", extra.total() - at_overwrites, len(faults.in_flight)),
        Line("calls − analyses, of overwritten images", at_overwrites, _most(producers, faults)),
        Line("calls in flight at kills", len(faults.in_flight)),
        Line("attempts that ended unknown", sum(each.unknown_attempts for each in environment.services.ledger.scan())),
        Line("calls", paid.total()),
        Line("analyses", settled.total()),
    ]


def _most(producers: Producers, faults: Faults) -> int:
    """Allow one outdated answer per overwrite and feature, and the calls in flight at kills."""
    return len(producers.overwritten) * len(FEATURES) + len(faults.in_flight)


def _died(environment: Environment, faults: Faults) -> list[str]:
    return [*faults.died, *(each.name for each in environment.stack.processes if not each.is_running())]


def _sent_again(environment: Environment) -> int:
    run = environment.services.operations.runs.last().get(RECONCILE)
    return int(run.outcome.get("sent_ever", 0)) if run else 0


def print_report(report: Report) -> None:
    """Print the table, what to look at, and the verdict."""
    width = max(len(line.words) for line in report.lines)
    for line in report.lines:
        promise = "" if line.most is None else f"at most {line.most:g}{'  BROKEN' if line.is_broken else ''}"
        print(f"{line.words:{width}}  {line.value:>9,g}  {promise}")
    for note in report.notes:
        print(note)
    for reason in report.undecided:
        print(f"not tested: {reason}")
    print(WORDS[report.verdict])
