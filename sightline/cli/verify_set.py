"""`sightline verify-set`: which pictures of a training set do not belong to it, and moving them out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sightline.cli.contact_sheet import contact_sheet
from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.param_types import PERCENT
from sightline.cli.paying import agree_to
from sightline.cli.writing import writing
from sightline.errors import SightlineError
from sightline.names import printable, visible
from sightline.progress import counted
from sightline.services.camera_names import why_empty
from sightline.services.collaborators import Services
from sightline.services.training_sets.asking import Quote, cut_percent
from sightline.services.training_sets.evidence import UNWANTED_PERCENT, Outcome
from sightline.services.training_sets.quarantine import Move, Moved, Place, Quarantine
from sightline.services.training_sets.reading import EmptySet, Read, members_of, read_all, read_named
from sightline.services.training_sets.verifying import Asked, Judged, Report, Verification
from sightline.spelling import spell
from sightline.storage.buckets.protocol import ObjectUri, Prefix

TO_MOVE = (Outcome.STRAY, Outcome.UNWANTED, Outcome.UNREADABLE)
"""What a quarantine takes. What was not judged stays."""

ROWS_SHOWN = 50


class DoubtfulExamples(SightlineError):
    """More would be moved than would stay."""

    rule = "at most half of the pictures may be strays: the examples may be at fault"
    remedy = "Look at the contact sheet (--sheet), and name better examples; nothing has been moved"


@click.command("verify-set")
@click.argument("place", metavar="s3://BUCKET/PREFIX")
@click.option("--like", "examples", multiple=True, metavar="URI", help="An example of what the set shows; repeat it.")
@click.option("--without", multiple=True, metavar="LABEL", help="No picture may show this, such as Person; repeat it.")
@click.option(
    "--at-least",
    type=PERCENT,
    default=85,
    show_default=True,
    help="A label counts as evidence from this confidence on.",
)
@click.option(
    "--sheet", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a contact sheet, as HTML."
)
@click.option("--quarantine", metavar="s3://BUCKET/PREFIX", help="Move what does not belong to the set there.")
@click.option("--duplicates", is_flag=True, help="Move duplicates too: all but the first of each group.")
@click.option("--undo", is_flag=True, help="Bring back everything that is in the quarantine.")
@click.option("--yes", is_flag=True, help="Ask neither before paying nor before moving.")
@json_option
@click.pass_obj
def verify_set(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    place: str,
    examples: tuple[str, ...],
    without: tuple[str, ...],
    at_least: float,
    sheet: Path | None,
    quarantine: str | None,
    *,
    duplicates: bool,
    undo: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say which pictures of a training set do not belong to it, and why.

    Strays, pictures that show what they must not, broken files, and duplicates are told apart. What most examples share
    is the evidence: name several that differ in everything else. Each picture is paid for once, and the price is shown
    before. Without --quarantine nothing is changed; nothing is ever deleted.
    """
    prefix = Prefix.parse(place)
    _require_usage(examples, quarantine, sheet, undo=undo, duplicates=duplicates)
    services = factory.services
    aside = Place.parse(prefix, quarantine, services.sweep.prefixes) if quarantine else None
    if undo and aside:
        undone = _undone(aside, services, yes=yes)
        _print_moves(undone, as_json=as_json)
        if any(ended is not Moved.BACK for _, ended in undone):
            raise click.exceptions.Exit(1)
        return
    _require_answers(at_least, services)
    if aside:
        Quarantine(aside, services.buckets).require_rights()
    asked = Asked(prefix, tuple(dict.fromkeys(without)), at_least)
    report = _verify(asked, tuple(dict.fromkeys(examples)), factory, yes=yes)
    if sheet:
        with writing(sheet):
            sheet.write_text(contact_sheet(report, summary_of(report), services.buckets), "utf-8")
        click.echo(f"{printable(str(sheet))}: contact sheet written", err=True)
    if not as_json:
        print_report(report)
    moves = _moved(report, aside, services, duplicates=duplicates, yes=yes) if aside else []
    if as_json:
        print_json(as_plain(report) | {"moves": _plain_moves(moves)})
    elif aside:
        _print_moves(moves, as_json=False)
    if report.of(Outcome.UNJUDGED) or any(ended is not Moved.MOVED for _, ended in moves):
        raise click.exceptions.Exit(1)


def _require_usage(
    examples: Sequence[str], quarantine: str | None, sheet: Path | None, *, undo: bool, duplicates: bool
) -> None:
    if undo and not quarantine:
        raise click.UsageError("--undo needs --quarantine: name the prefix to bring pictures back from.")
    if not undo and not examples:
        raise click.UsageError("name at least one picture that belongs to the set with --like.")
    if duplicates and not quarantine:
        raise click.UsageError("--duplicates needs --quarantine. They are listed without it.")
    if sheet and not sheet.parent.is_dir():
        raise click.BadParameter(f"the folder {sheet.parent} does not exist", param_hint="--sheet")


def _require_answers(at_least: float, services: Services) -> None:
    """Raise BadParameter, before anything is paid, if answers leave out what is less certain than is needed."""
    cut, bar = cut_percent(services), min(at_least, UNWANTED_PERCENT)
    if cut > bar:
        words = f"labels are asked for from {cut:g} % on, and {bar:g} % is needed. Raise it, or lower MinConfidence"
        raise click.BadParameter(f"{words} in SIGHTLINE_FEATURE_PARAMETERS.", param_hint="--at-least")


def _verify(asked: Asked, examples: Sequence[str], factory: Factory, *, yes: bool) -> Report:
    services = factory.services
    liked = [read_named(ObjectUri.parse(uri), services.buckets) for uri in examples]
    members, skipped = _members(asked.place, services)
    run = Verification(asked, liked, members, skipped)
    quoted = run.quote(services)
    click.echo(words_of(quoted, services), err=True)
    if quoted.unpaid and not yes:
        agree_to("Pay for these?", factory)
    try:
        for _ in counted(run.ask(quoted, services), "asking", len(quoted.unpaid)):
            pass
    finally:
        services.calls.flush()
    return run.report(services)


def _members(place: Prefix, services: Services) -> tuple[list[Read], int]:
    try:
        heads, skipped = members_of(place, services.plan.skipped_suffixes, services.buckets)
    except EmptySet as error:
        hint = why_empty(place, services.buckets)
        raise EmptySet(error.subject, rule=f"{error.rule}; {hint}" if hint else None) from error
    return [*counted(read_all(heads, services.buckets), "reading", len(heads))], skipped


def words_of(quoted: Quote, services: Services) -> str:
    """Return what asking costs, in one line."""
    paid = quoted.images - len(quoted.unpaid)
    usd = f"{quoted.cost_micro_usd / 1e6:,.3f} USD (prices of {services.prices.as_of})"
    return (
        f"{quoted.images:,} different pictures, {paid:,} of them paid for already: {len(quoted.unpaid):,} calls of"
        f" DetectLabels, {usd}, {spell(quoted.seconds)} at the rate of now"
    )


def summary_of(report: Report) -> str:
    """Return the counts in a sentence."""
    counts = {outcome: len(report.of(outcome)) for outcome in Outcome}
    said = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items() if number)
    labels = ", ".join(report.evidence.weights)
    return f"{len(report.judged):,} pictures: {said}. What fits shows {labels} at {report.asked.least_percent:g} %"


def print_report(report: Report) -> None:
    """Print what does not belong to the set, the duplicates, and what to know of the verdicts."""
    wrong = [each for outcome in (*TO_MOVE, Outcome.UNJUDGED) for each in report.of(outcome)]
    rows = [(str(each.verdict.outcome), str(each.picture.uri.key), each.verdict.because) for each in wrong]
    more = f", the first {ROWS_SHOWN} of {len(rows):,}; --json and --sheet have all" if len(rows) > ROWS_SHOWN else ""
    print_table(f"{report.asked.place}{more}", ("outcome", "key", "why"), rows[:ROWS_SHOWN], empty="everything fits")
    same = [
        (number, ObjectUri.parse(name).key, group.likeness(name))
        for number, group in enumerate(report.duplicates, 1)
        for name in group.names
    ]
    if same:
        print_table("duplicates", ("group", "key", "why"), same[:ROWS_SHOWN])
    click.echo(
        summary_of(report) + (f"; objects that are no pictures by name: {report.skipped:,}" if report.skipped else "")
    )
    for note in report.notes:
        click.echo(f"{printable(note)}.")


def as_plain(report: Report) -> dict[str, Any]:
    """Return a report as JSON, with stable names."""
    return {
        "set": str(report.asked.place),
        "like": [str(each) for each in report.examples],
        "without": list(report.asked.without),
        "at_least": report.asked.least_percent,
        "evidence": dict(report.evidence.weights),
        "common_labels": list(report.evidence.too_common),
        "odd_examples": list(report.odd),
        "notes": report.notes,
        "counts": {outcome: len(report.of(outcome)) for outcome in Outcome},
        "skipped": report.skipped,
        "calls": report.paid,
        "usd": report.cost_micro_usd / 1e6,
        "images": [
            {
                "uri": str(each.picture),
                "outcome": each.verdict.outcome,
                "because": each.verdict.because,
                "labels": dict(each.labels),
            }
            for each in report.judged
        ],
        "duplicates": [
            {
                "exact": group.is_exact,
                "uris": list(group.names),
                "same_bytes_as": {name: first for name in group.names if (first := group.same_bytes_as(name))},
            }
            for group in report.duplicates
        ],
    }


def _moved(
    report: Report, place: Place, services: Services, *, duplicates: bool, yes: bool
) -> list[tuple[Move, Moved]]:
    strays = len(report.of(Outcome.STRAY))
    if 2 * strays > len(report.of(Outcome.FITS, Outcome.STRAY, Outcome.UNWANTED)):
        raise DoubtfulExamples(str(place.of), rule=f"{DoubtfulExamples.rule}, and {strays:,} are")
    quarantine, moves = Quarantine(place, services.buckets), moves_of(report, place, duplicates=duplicates)
    waiting = {each.source for each in quarantine.cut_off()} - {each.source for each in moves}
    if not moves and not waiting:
        return []
    words = f"Move {len(moves) + len(waiting):,} pictures to {place.place}?"
    if waiting:
        words += f" {len(waiting):,} of them were left by a run that was cut off."
    if not yes:
        click.confirm(printable(words), abort=True, err=True)
    planned = quarantine.plan(moves)
    return [*counted(quarantine.move(planned), "moving", len(planned))]


def moves_of(report: Report, place: Place, *, duplicates: bool) -> list[Move]:
    """Return the moves of what does not belong to the set. duplicates: also all but the first of each group."""
    named = {str(each.picture): each for each in report.judged}
    found = {str(each.picture): each.verdict.because for each in report.of(*TO_MOVE)}
    if duplicates:
        for group in report.duplicates:
            first, *others = sorted(group.names, key=lambda name: (name in found, name))
            found |= {name: f"a duplicate of {first}" for name in others if name not in found}
    return [_move(named[name], because, place) for name, because in found.items()]


def _move(judged: Judged, because: str, place: Place) -> Move:
    content, uri = judged.picture.content, judged.picture.uri
    if content is None:
        raise ValueError(f"{uri}: what was not read is not moved")
    return Move(str(uri), str(place.target(uri)), content.sha256, content.etag, content.version, because)


def _undone(place: Place, services: Services, *, yes: bool) -> list[tuple[Move, Moved]]:
    quarantine = Quarantine(place, services.buckets)
    number = sum(len(moves) for _, moves in quarantine.kept())
    if number and not yes:
        click.confirm(printable(f"Bring {number:,} pictures back to {place.of}?"), abort=True, err=True)
    return [*counted(quarantine.undo(), "bringing back", number)]


def _plain_moves(moves: Sequence[tuple[Move, Moved]]) -> list[dict[str, str]]:
    return [{"from": move.source, "to": move.target, "because": move.because, "ended": ended} for move, ended in moves]


def _print_moves(moves: Sequence[tuple[Move, Moved]], *, as_json: bool) -> None:
    if as_json:
        print_json({"moves": _plain_moves(moves)})
        return
    counts = {ended: sum(each is ended for _, each in moves) for ended in Moved}
    print_table("quarantine", ("pictures", ""), [(number, str(ended)) for ended, number in counts.items() if number])
    for move, ended in moves:
        if ended not in {Moved.MOVED, Moved.BACK}:
            click.echo(f"{visible(move.source)}: {ended}", err=True)
