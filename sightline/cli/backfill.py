"""`sightline backfill`: send the images that are already in a bucket through the backfill lane."""

from collections.abc import Iterator
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.paying import agree, canary_option, exact_option, show_quote, yes_option
from sightline.names import printable
from sightline.progress import counted, watched
from sightline.rekognition.prices import Prices
from sightline.services.backfill import Progress, kept_progress, survey
from sightline.services.backfill import backfill as run_backfill
from sightline.services.camera_names import why_empty
from sightline.services.collaborators import Services
from sightline.services.quotes import Listing, Quote, draw_canary, exact_quote, list_due, narrowed, pay_canary, quote
from sightline.storage.buckets.protocol import Prefix


@click.command("backfill")
@click.argument("place", metavar="s3://BUCKET/PREFIX")
@click.option("--dry-run", is_flag=True, help="Only count what would be sent, and show its price.")
@click.option("--from-the-start", is_flag=True, help="Start from the first object, not where the last run stopped.")
@yes_option
@canary_option
@exact_option
@json_option
@click.pass_obj
def backfill(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    place: str,
    *,
    dry_run: bool,
    from_the_start: bool,
    yes: bool,
    canary: int | None,
    exact: bool,
    as_json: bool,
) -> None:
    """Send every image in a bucket that still needs analysis: new, overwritten, or missing a feature that is on.

    It works page by page and may be stopped at any time: the next run continues from there. Live images go first, and
    it waits while the queues hold more than ten minutes of work. Objects whose suffix says that they are no images
    (SIGHTLINE_SKIPPED_SUFFIXES) are counted as skipped, and nothing else.

    Before it pays it shows what that costs, and asks. Exit 3 if nobody agreed: nothing was paid for then.
    """
    prefix, services = Prefix.parse(place), factory.services
    if not dry_run:
        _agree(prefix, factory, yes=yes, canary=canary, exact=exact)
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


def _agree(prefix: Prefix, factory: Factory, *, yes: bool, canary: int | None, exact: bool) -> None:
    """Quote what is due, and have it agreed to; pay for a canary first if there is to be one."""
    services, listing = factory.services, Listing()
    for listing in counted(list_due(prefix, services), f"listing {prefix}"):  # noqa: B007 - the last one has all
        pass
    if not listing.images:
        return
    quoted = read_quote(listing, services) if exact else quote(listing, services)
    show_quote(quoted)
    if canary is not None:
        drawn = draw_canary(listing, canary)
        of_canary = quote(Listing(len(drawn), contents={each.mark: each for each in drawn}), services)
        show_quote(of_canary, "canary")
        agree(of_canary, factory, yes=yes)
        quoted = narrowed(listing, pay_canary(drawn, services, factory.send), services)
        show_quote(quoted, "quote of the rest, after the canary")
    agree(quoted, factory, yes=yes)


def read_quote(listing: Listing, services: Services) -> Quote:
    """Read every content with a progress bar, and return the exact quote."""
    with watched("reading", len(listing.contents)) as tell:
        return exact_quote(listing, services, lambda: tell(1))


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
