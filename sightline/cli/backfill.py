"""`sightline backfill`: send the images that are already in a bucket through the backfill lane."""

from collections.abc import Iterator
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.names import printable
from sightline.progress import counted
from sightline.rekognition.prices import Prices
from sightline.services.backfill import Progress, kept_progress, survey
from sightline.services.backfill import backfill as run_backfill
from sightline.services.camera_names import why_empty
from sightline.storage.buckets.protocol import Prefix


@click.command("backfill")
@click.argument("place", metavar="s3://BUCKET/PREFIX")
@click.option("--dry-run", is_flag=True, help="Only count what would be sent, and show its price.")
@click.option("--from-the-start", is_flag=True, help="Start from the first object, not where the last run stopped.")
@json_option
@click.pass_obj
def backfill(factory: Factory, place: str, *, dry_run: bool, from_the_start: bool, as_json: bool) -> None:
    """Send every image in a bucket that still needs analysis: new, overwritten, or missing a feature that is on.

    It works page by page and may be stopped at any time: the next run continues from there. Live images go first, and
    it waits while the queues hold more than ten minutes of work. Objects whose suffix says that they are no images
    (SIGHTLINE_SKIPPED_SUFFIXES) are counted as skipped, and nothing else.
    """
    prefix, services = Prefix.parse(place), factory.services
    before = Progress() if dry_run or from_the_start else kept_progress(prefix, services)
    run = (
        survey(prefix, services)
        if dry_run
        else run_backfill(prefix, services, factory.send, from_the_start=from_the_start)
    )
    now = _last_of(run, str(prefix)) or before
    if not now.listed and (hint := why_empty(prefix, services.buckets)):
        click.echo(printable(f"{prefix}: {hint}."), err=True)
    _print(str(prefix), before, now, services.prices, is_dry=dry_run, as_json=as_json)


def _last_of(run: Iterator[Progress], place: str) -> Progress | None:
    """Run to the end, with a progress bar; return the last progress, or None if there was nothing to list."""
    last = None
    for last in counted(run, f"pages of {place}"):  # noqa: B007 - only the last one counts
        pass
    return last


def _print(place: str, before: Progress, now: Progress, prices: Prices, *, is_dry: bool, as_json: bool) -> None:
    figures: dict[str, Any] = {
        "place": place,
        "objects": now.listed,
        "bytes": now.listed_bytes,
        "skipped": now.skipped,
        "went_on_after": before.after,
        "would_send" if is_dry else "sent": now.sent,
        "analyses_at_most": dict(now.pays_for),
        "usd_at_most": now.cost_micro_usd / 1e6,
        "prices_as_of": prices.as_of and prices.as_of.isoformat(),
    }
    if as_json:
        print_json(figures)
        return
    analyses = ", ".join(f"{name} {number:,}" for name, number in sorted(now.pays_for.items()))
    lines = figures | {"analyses_at_most": analyses or "none", "usd_at_most": f"{figures['usd_at_most']:,.2f}"}
    print_table("backfill", ("", ""), [(name.replace("_", " "), value) for name, value in lines.items()])
