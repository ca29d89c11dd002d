"""`sightline need`: what paying by need saved, and what it missed."""

from datetime import date

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.errors import ConfigurationError
from sightline.services.need_estimate import DAYS, facts_of, missed_said, span
from sightline.services.need_report import Spared, what_was_spared


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=DAYS, show_default=True, help="Capture days, up to today.")
@json_option
@click.pass_obj
def need(factory: Factory, *, days: int, as_json: bool) -> None:
    """Show what paying by need (SIGHTLINE_NEED) saved, and what it missed, with an interval.

    The control slice, whole bursts chosen by a hash, is paid for in full: what its own answers found, and the rules
    would not have asked for or shown with a near-identical image, is what the other images miss.
    """
    rules = factory.services.plan.need
    if rules is None:
        raise ConfigurationError(
            "SIGHTLINE_NEED",
            rule="it is unset, so every image has every feature",
            remedy="Set it as docs/operating.md shows, if images are to be paid for by need",
        )
    first, today = span(factory.services.clock().date(), days)
    found = what_was_spared(first.isoformat(), today.isoformat(), rules, factory.services)
    if as_json:
        print_json({name: facts_of(each) for name, each in found.items()})
        return
    _print(found, first, today, rules.control_percent)


def _print(found: dict[str, Spared], first: date, last: date, percent: float) -> None:
    columns = ("feature", "images not asked", "USD saved", "compared in the slice", "images with something missed")
    rows = [
        (name, str(each.images), f"{each.saved_micro_usd / 1e6:.2f}", str(each.compared), missed_said(facts_of(each)))
        for name, each in found.items()
    ]
    print_table(
        f"Paid by need, captured {first} to {last}; {percent:g} % of all bursts paid for in full", columns, rows
    )
    click.echo("What was not paid for is unknown, not absent. The interval is 95 % certain to hold the number.")
