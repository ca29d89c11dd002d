"""`sightline compare`: how alike the largest face of one picture is to each face of another."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sightline.cli.detect import picture_to_write
from sightline.cli.detections import draw
from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.writing import writing
from sightline.errors import SightlineError
from sightline.models.answers import Detection
from sightline.models.comparisons import Compared, ComparedFace, Side
from sightline.names import printable
from sightline.rekognition.comparing import DEFAULT_LEAST_PERCENT
from sightline.services.comparing import Picture
from sightline.services.forgetting import contents_of, forget_picture
from sightline.storage.comparisons import Comparison


@click.command()
@click.argument("source", metavar="SOURCE", required=False)
@click.argument("target", metavar="TARGET", required=False)
@click.option(
    "--at-least",
    "least_percent",
    type=click.FloatRange(0, 100),
    default=DEFAULT_LEAST_PERCENT,
    show_default=True,
    help="From which similarity on faces are alike, in percent.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=picture_to_write,
    help="Draw TARGET's faces into this file, .png or .jpg.",
)
@click.option("--forget", metavar="PICTURE", help="Remove all that is kept about a picture instead.")
@json_option
@click.pass_obj
def compare(
    factory: Factory,
    source: str | None,
    target: str | None,
    *,
    least_percent: float,
    out: Path | None,
    forget: str | None,
    as_json: bool,
) -> None:
    """Compare the largest face of SOURCE with each face of TARGET: files, or objects in S3.

    It is biometric: SIGHTLINE_PEOPLE_POLICY must say why, by which right and for how long; see docs/comparing-faces.md.
    The answer is kept for as long as the policy says, so the same pictures are paid for once.
    PICTURE: a file, an object in S3, or the SHA-256 of one.
    """
    if forget is not None:
        _forget(forget, [source, target], factory, as_json=as_json)
        return
    if source is None or target is None:
        raise click.UsageError("Name two pictures, SOURCE and TARGET.")
    pictures, comparison, paid_micro_usd = _compared(source, target, factory)
    compared = comparison.compared or Compared(None)
    if as_json:
        print_json(_as_plain(pictures, comparison, compared, least_percent, paid_micro_usd))
    else:
        _print(pictures, comparison, compared, least_percent, paid_micro_usd)
    if out and compared.faces:
        with writing(out):
            drawn = draw(pictures[1].data, _detections(compared, least_percent), out)
        click.echo(f"{printable(str(out))}: boxes drawn: {drawn}", err=True)


def _compared(source: str, target: str, factory: Factory) -> tuple[tuple[Picture, Picture], Comparison, int | None]:
    """Return both pictures, the comparison, and what was paid now, in millionths of a US dollar; None: it was known."""
    services = factory.services
    comparing = services.comparing
    pictures = comparing.look(source), comparing.look(target)
    if known := comparing.known(*pictures):
        return pictures, known, None
    own_was_known = comparing.known(pictures[0], pictures[0])
    comparison = comparing.compare(*pictures)
    own = None if own_was_known else comparing.known(pictures[0], pictures[0])
    paid = {each.pair.comparison_id: each.cost_micro_usd for each in (comparison, own) if each}
    try:
        services.calls.flush()
    except SightlineError as error:
        click.echo(f"`sightline status` will not count this call. {printable(str(error))}", err=True)
    return pictures, comparison, sum(paid.values())


def _print(
    pictures: tuple[Picture, Picture],
    comparison: Comparison,
    compared: Compared,
    least_percent: float,
    paid_micro_usd: int | None,
) -> None:
    source, target = (each.name for each in pictures)
    if compared.no_face_in:
        name = source if compared.no_face_in is Side.SOURCE else target
        click.echo(f"no face in {compared.no_face_in.upper()}: {printable(name)}\n")
    else:
        title = f"faces of {target}, compared with the largest of {source}"
        columns = ("similarity", f"at least {least_percent:g} %", "sure to be a face", "left, top; width × height in %")
        print_table(title, columns, [_row(face, least_percent) for face in compared.faces])
    paid = "already known: nothing paid" if paid_micro_usd is None else f"paid: {paid_micro_usd / 1e6:.4f} USD"
    kept = f"kept until {comparison.pair.expires_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{paid}; {kept}")


def _row(face: ComparedFace, least_percent: float) -> tuple[float | None, str, float, str]:
    box = face.box
    left, top, width, height = (f"{100 * side:.0f}" for side in (box.left, box.top, box.width, box.height))
    is_alike = (face.similarity or 0.0) >= least_percent
    return (
        round(face.similarity or 0.0, 1),
        "yes" if is_alike else "no",
        round(face.confidence, 1),
        f"{left}, {top}; {width} × {height}",
    )


def _as_plain(
    pictures: tuple[Picture, Picture],
    comparison: Comparison,
    compared: Compared,
    least_percent: float,
    paid_micro_usd: int | None,
) -> dict[str, Any]:
    source, target = pictures
    return {
        "source": {"name": source.name, "sha256": source.content, "face": _face(compared.source)},
        "target": {"name": target.name, "sha256": target.content},
        "faces": [
            {**(_face(face) or {}), "is_alike": (face.similarity or 0.0) >= least_percent} for face in compared.faces
        ],
        "no_face_in": compared.no_face_in,
        "at_least": least_percent,
        "is_new": paid_micro_usd is not None,
        "paid_usd": (paid_micro_usd or 0) / 1e6,
        "kept_until": comparison.pair.expires_at,
    }


def _face(face: ComparedFace | None) -> dict[str, Any] | None:
    if face is None:
        return None
    return {"box": asdict(face.box), "confidence": face.confidence, "similarity": face.similarity}


def _detections(compared: Compared, least_percent: float) -> dict[str, list[Detection]]:
    """Return the faces as they are drawn, in two colours; the percent at each box is its similarity."""
    alike = set(compared.alike(least_percent))
    drawn: dict[str, list[Detection]] = {"other": [], "alike": []}
    for face in compared.faces:
        drawn["alike" if face in alike else "other"].append(Detection("similarity", face.similarity or 0.0, face.box))
    return drawn


def _forget(picture: str, others: list[str | None], factory: Factory, *, as_json: bool) -> None:
    if any(others):
        raise click.UsageError("--forget takes one picture, and nothing is compared.")
    services = factory.services
    contents = contents_of(picture, services.buckets, services.images)
    forgotten = {content: forget_picture(content, services.operations) for content in contents}
    if as_json:
        print_json(forgotten)
        return
    for content, number in forgotten.items():
        click.echo(f"{number} comparisons removed; none is left of {printable(picture)} (SHA-256 {content})")
