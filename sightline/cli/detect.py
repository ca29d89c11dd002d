"""`sightline detect`: analyse one picture now."""

from pathlib import Path
from typing import Any

import click

from sightline.cli.detections import FORMATS, draw, print_found
from sightline.cli.detections import as_json as detections_as_json
from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.cli.writing import writing
from sightline.errors import SightlineError
from sightline.models.answers import Answer
from sightline.names import printable
from sightline.rekognition.feature import Feature
from sightline.rekognition.features import all_features
from sightline.rekognition.preflight import inspect_picture
from sightline.services.ask_now import Outcomes, Subject, ask_all, note_calls, subject_named
from sightline.storage.buckets.protocol import Buckets


def _features(_: click.Context, __: click.Parameter, given: str) -> list[Feature]:
    """Read a list such as `labels,celebrities`; raise BadParameter for an unknown feature."""
    names = dict.fromkeys(given.replace(",", " ").split())
    if unknown := [name for name in names if name not in all_features()]:
        raise click.BadParameter(f"unknown feature {', '.join(unknown)}; the features are {', '.join(all_features())}")
    if not names:
        raise click.BadParameter(f"name at least one of {', '.join(all_features())}")
    return [all_features()[name] for name in names]


def picture_to_write(_: click.Context, __: click.Parameter, out: Path | None) -> Path | None:
    """Check that the drawing can be written, before anything is paid for."""
    if out and out.suffix.lower() not in FORMATS:
        raise click.BadParameter(f"{out} must end in {', '.join(FORMATS)}")
    if out and not out.parent.is_dir():
        raise click.BadParameter(f"the folder {out.parent} does not exist")
    return out


@click.command()
@click.argument("source", metavar="FILE|URI")
@click.option(
    "--feature",
    "features",
    default="labels",
    show_default=True,
    callback=_features,
    help="Features to analyse it for, separated by commas.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=picture_to_write,
    help="Draw what was found into this file, .png or .jpg.",
)
@json_option
@click.pass_obj
def detect(factory: Factory, source: str, features: list[Feature], out: Path | None, *, as_json: bool) -> None:
    """Analyse one picture now: a file of at most 5 MB, or an object in S3. One call per feature.

    Nothing is queued or stored, so every run is paid for. It needs Rekognition, and Redis for the rate limit.
    """
    services = factory.services
    subject = subject_named(source)
    outcomes = ask_all(features, subject, services)
    (print_json if as_json else print_outcomes)({name: as_plain(each) for name, each in outcomes.items()})
    if out and found(outcomes):
        picture = picture_of(subject, services.buckets)
        with writing(out):
            drawn = draw(picture, found(outcomes), out)
        click.echo(f"{printable(str(out))}: boxes drawn: {drawn}", err=True)
    try:
        note_calls(features, outcomes, services)
    except SightlineError as error:
        click.echo(f"`sightline status` will not count this call. {printable(str(error))}", err=True)
    if len(found(outcomes)) < len(outcomes):
        raise click.exceptions.Exit(1)


def found(outcomes: Outcomes) -> dict[str, tuple[Any, ...]]:
    """Return the detections of the features that were answered."""
    return {name: each.detections for name, each in outcomes.items() if isinstance(each, Answer)}


def as_plain(outcome: Answer | SightlineError) -> dict[str, Any]:
    """Return an outcome as JSON: detections, or `error`."""
    if isinstance(outcome, SightlineError):
        return {"error": str(outcome)}
    return {
        "detections": detections_as_json(outcome.detections),
        "model_version": outcome.model_version,
        "cut_percent": outcome.cut_percent,
        "is_truncated": outcome.is_truncated,
    }


def print_outcomes(outcomes: dict[str, dict[str, Any]]) -> None:
    """Print what was found, feature by feature; errors go to standard error."""
    for name, each in outcomes.items():
        if "error" in each:
            click.echo(f"{name}: {printable(each['error'])}\n", err=True)
        else:
            print_found(name, each["detections"])


def picture_of(subject: Subject, buckets: Buckets) -> bytes:
    """Return the picture's bytes, which an object is read for only here; raise RejectedError if they are no picture."""
    if subject.uri is None:
        return subject.data
    _, data = buckets.get(subject.uri)
    inspect_picture(subject.name, data)
    return data
