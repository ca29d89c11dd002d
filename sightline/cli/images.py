"""`sightline images`: which images show a label."""

from collections.abc import Collection
from datetime import datetime
from difflib import get_close_matches

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.param_types import DAY, PERCENT, TIME
from sightline.errors import SightlineError
from sightline.graph.protocol import GraphStore
from sightline.names import meant, nearest, printable, visible
from sightline.storage.operations import Operations

CAMERAS_NAMED = 20


class UnknownCamera(SightlineError):
    """There is no image of this camera: most likely its name is mistyped."""

    rule = "a camera must have at least one image in the graph"

    def __init__(self, camera: str, known: Collection[str], rule: str | None = None) -> None:
        shown = [visible(each) for each in sorted(known)]
        more = f" and {len(shown) - CAMERAS_NAMED:,} more" if len(shown) > CAMERAS_NAMED else ""
        there = f"There are {', '.join(shown[:CAMERAS_NAMED]) or 'none yet'}{more}"
        near = nearest(camera, known) if len(known) > 1 else None
        likely = f"; the nearest is {visible(near)}" if near else ""
        super().__init__(f"camera {visible(camera)}", rule=rule, remedy=there + likely)


@click.command()
@click.option("--label", default="Person", show_default=True, help="What the image must show.")
@click.option(
    "--at-least", "at_least", type=PERCENT, default=50.0, show_default=True, help="Lowest confidence, in percent."
)
@click.option("--camera", help="Only this camera's images.")
@click.option("--since", metavar="TIME", type=TIME, help="Only images taken since then: 2h, 7d or a time.")
@click.option("--day", type=DAY, help="Only images of this day, in the camera's time zone.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N images.")
@json_option
@click.pass_obj
def images(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    label: str,
    at_least: float,
    camera: str | None,
    since: datetime | None,
    day: datetime | None,
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    """List the images that show a label with at least a given confidence, newest first."""
    graph = factory.services.graph
    asked = parameters(label, at_least, camera, since, day, limit)
    found = graph.query("images-with-label", asked)
    if not found and camera is not None and (other := require_camera(camera, graph)) != camera:
        found = graph.query("images-with-label", {**asked, "camera": other})
    if not found and (hint := label_hint(label, graph)):
        click.echo(printable(hint), err=True)
    if as_json:
        print_json(found)
        return
    columns = ("image", "camera", "taken at", "confidence")
    rows = [(e["image_id"], e["camera"], datetime.fromisoformat(e["taken_at"]), e["confidence"]) for e in found]
    print_table(f"{len(found):,} images with {label} at {at_least:g} % or more", columns, rows)


def require_camera(camera: str, graph: GraphStore) -> str:
    """Return the camera that is meant; raise UnknownCamera if the graph has no image of it.

    An empty answer would look like good news.
    """
    return known_camera(camera, [each["camera"] for each in graph.query("camera-names")])


def known_camera(camera: str, known: Collection[str], rule: str | None = None) -> str:
    """Return the known camera that is meant, and say so if it is written otherwise; raise UnknownCamera for none."""
    found = meant(camera, known)
    if found is None:
        raise UnknownCamera(camera, known, rule)
    if found != camera:
        click.echo(f"No camera is named {visible(camera)}; {visible(found)} is meant.", err=True)
    return found


def likely_camera(camera: str | None, known: Collection[str]) -> str | None:
    """Return the camera that is meant, and say so; hint at the nearest if it has nothing here, which may be right."""
    if camera is None or camera in known:
        return camera
    if meant(camera, known) is not None:
        return known_camera(camera, known)
    if near := nearest(camera, known):
        click.echo(f"Nothing here is of camera {visible(camera)}; the nearest name is {visible(near)}.", err=True)
    return camera


def marked_cameras(operations: Operations) -> set[str]:
    """Return the cameras that have had images."""
    return {each.camera for each in operations.dirty_days.known()}


def label_hint(label: str, graph: GraphStore) -> str | None:
    """Return a hint that the graph has no such label, and which one may be meant; None if it has the label.

    It is not an error: people also query labels that no image has shown yet.
    """
    known = [each["label"] for each in graph.query("labels")]
    if label in known:
        return None
    by_small_letters = {name.casefold(): name for name in known}
    near = get_close_matches(label.casefold(), by_small_letters, n=1)
    return f"No label named {label!r}" + (
        f"; did you mean {by_small_letters[near[0]]!r}?" if near else " in the graph."
    )


def parameters(
    label: str,
    at_least: float,
    camera: str | None,
    since: datetime | None,
    day: datetime | None,
    limit: int | None,
) -> dict[str, str | float | None]:
    """Return the query's parameters: `since` as seconds since the epoch, `day` as YYYY-MM-DD."""
    return {
        "label": label,
        "at_least": at_least,
        "camera": camera,
        "since": since.timestamp() if since else None,
        "day": day.date().isoformat() if day else None,
        **({} if limit is None else {"limit": limit}),
    }
