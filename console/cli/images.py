"""`sightline images`: which images show a thing."""

from datetime import UTC, datetime

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table


@click.command()
@click.option("--label", default="Person", show_default=True, help="What the image must show.")
@click.option("--at-least", "at_least", type=click.FloatRange(0, 100), default=50.0, show_default=True, help="Percent.")
@click.option("--camera", help="Only this camera's images.")
@click.option("--since", type=click.DateTime(), help="Only images taken at this time (UTC) or later.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Only this day's, in the camera's time zone.")
@json_option
@click.pass_obj
def images(
    factory: Factory,
    label: str,
    at_least: float,
    camera: str | None,
    since: datetime | None,
    day: datetime | None,
    *,
    as_json: bool,
) -> None:
    """List the images that show a label at a confidence or above, newest first."""
    found = factory.services.graph.query("images-with-label", parameters(label, at_least, camera, since, day))
    if as_json:
        print_json(found)
        return
    columns = ("image", "camera", "taken at", "confidence")
    rows = [(each["image_id"], each["camera"], each["taken_at"], each["confidence"]) for each in found]
    print_table(f"{len(found)} images with {label} at {at_least:g} % or more", columns, rows)


def parameters(
    label: str, at_least: float, camera: str | None, since: datetime | None, day: datetime | None
) -> dict[str, str | float | None]:
    """Give the query's parameters: `since` as seconds since the epoch, `day` as YYYY-MM-DD."""
    return {
        "label": label,
        "at_least": at_least,
        "camera": camera,
        "since": since.replace(tzinfo=UTC).timestamp() if since else None,
        "day": day.date().isoformat() if day else None,
    }
