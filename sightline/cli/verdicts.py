"""`sightline verdicts`: what people saw in images."""

import getpass
import io
import sys
from collections import Counter
from pathlib import Path

import click

from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera, marked_cameras
from sightline.cli.output import json_option, print_json
from sightline.progress import counted
from sightline.services.verdict_sheet import read_sheet, write_sheet
from sightline.services.verdicts import Said, judge_of, verdict_of
from sightline.spreadsheets import decode
from sightline.stats.agreement import Agreement, cohens_kappa, double_reviews
from sightline.stats.verdicts import Answer, Source

label_option = click.option("--label", help="A watched label; default: the first one.")
reviewer_option = click.option("--reviewer", default=getpass.getuser, help="Who looked; default: your user name.")


@click.group()
def verdicts() -> None:
    """Record, import and export what people saw in images."""


@verdicts.command()
@click.argument("uri")
@click.argument("answer", type=click.Choice([str(each) for each in Answer]))
@label_option
@reviewer_option
@click.option("--sampled", is_flag=True, help="You answer `sightline review next`; without it, no figure changes.")
@json_option
@click.pass_obj
def add(
    factory: Factory, uri: str, answer: str, label: str | None, reviewer: str, *, sampled: bool, as_json: bool
) -> None:
    """Record whether an image shows the label: present, absent or unsure.

    It replaces your earlier verdict, but for your answer to `review next`: only --sampled corrects that.
    """
    services = factory.services
    name = label or services.accuracy.rules[0].label
    source = Source.SAMPLED if sampled else Source.VOLUNTEERED
    said = Said(uri, name, reviewer, Answer(answer), services.clock(), source=source)
    kept = verdict_of(said, judge_of(services))
    is_new = services.verdicts.write(kept)
    if as_json:
        print_json({"changed": is_new, "source": kept.verdict.source})
    else:
        click.echo(f"{'kept' if is_new else 'known already'}, {kept.verdict.source}")


@verdicts.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@label_option
@reviewer_option
@json_option
@click.pass_obj
def import_command(factory: Factory, file: Path, label: str | None, reviewer: str, *, as_json: bool) -> None:
    """Import verdicts from a CSV file with the columns uri and verdict (and label, reviewer, at, content, source).

    Commas, semicolons and tabs are read, in UTF-8, UTF-16 and Windows-1252: whatever a spreadsheet writes.

    Every line is checked before any is stored. Importing a file twice changes nothing.
    """
    services = factory.services
    name = label or services.accuracy.rules[0].label
    with click.open_file(str(file), "rb") as opened:
        text = decode(opened.read(), str(file))
    sheet = read_sheet(io.StringIO(text, newline=""), str(file), name, reviewer, judge_of(services))
    done = Counter(services.verdicts.write(kept) for kept in counted(sheet.verdicts, "importing", len(sheet.verdicts)))
    sources = Counter(str(kept.verdict.source) for kept in sheet.verdicts)
    if as_json:
        print_json({"kept": done[True], "known": done[False], "blank": sheet.blank, "sources": sources})
    else:
        words = ", ".join(f"{number} {source}" for source, number in sorted(sources.items())) or "nothing filled in"
        click.echo(f"{done[True]} kept, {done[False]} known already, {sheet.blank} blank; {words}")


@verdicts.command()
@click.option("--label", help="Only this label.")
@click.option("--camera", help="Only this camera.")
@click.pass_obj
def export(factory: Factory, label: str | None, camera: str | None) -> None:
    """Print all verdicts as CSV, in the form that `import` reads."""
    camera = likely_camera(camera, marked_cameras(factory.services.operations)) if camera else None
    read = counted(factory.services.verdicts.scan(), "reading")
    chosen = (kept for kept in read if label in {None, kept.verdict.label} and camera in {None, kept.camera_day.camera})
    write_sheet(chosen, sys.stdout)


@verdicts.command()
@json_option
@click.pass_obj
def agreement(factory: Factory, *, as_json: bool) -> None:
    """Show how far reviewers agree on images that two of them looked at (Cohen's kappa)."""
    read = counted(factory.services.verdicts.scan(), "reading")
    found = cohens_kappa(double_reviews(kept.verdict for kept in read))
    if as_json:
        names = ("pairs", "observed", "kappa", "low", "high")
        print_json({name: getattr(found, name) for name in names} if found else {"pairs": 0})
    elif found is None:
        click.echo("No image has verdicts from two reviewers.")
    else:
        click.echo(f"{found.pairs} pairs, {100 * found.observed:.0f} % equal; kappa {_kappa(found)}")


def _kappa(found: Agreement) -> str:
    if found.kappa is None:
        return "not defined"
    return f"{found.kappa:.2f} ({found.low:.2f} to {found.high:.2f})"
