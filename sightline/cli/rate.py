"""`sightline rate`: how fast each operation may be called; change it while everything runs."""

import getpass
from dataclasses import asdict

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.cli.status import print_section
from sightline.ratelimit.protocol import Limiter
from sightline.rekognition.features import all_features
from sightline.rekognition.paid_calls import BESIDE_FEATURES, operation_of


@click.command()
@click.argument("feature", metavar="[FEATURE]", required=False, type=click.Choice([*all_features(), *BESIDE_FEATURES]))
@click.argument("per_second", required=False, type=click.FloatRange(min=0, min_open=True))
@click.option("--because", metavar="TEXT", help="The reason, shown by `sightline status`.")
@click.option("--reset", is_flag=True, help="Go back to the configured quota.")
@json_option
@click.pass_obj
def rate(
    factory: Factory, feature: str | None, per_second: float | None, because: str | None, *, reset: bool, as_json: bool
) -> None:
    """Show the call rates, or set a feature's quota (calls per second) for all processes at once.

    The quota holds until it is reset, for every feature that shares the operation.
    """
    if (reset and (feature is None or per_second is not None)) or (because and per_second is None):
        raise click.UsageError("Use FEATURE PER_SECOND [--because TEXT], or FEATURE --reset, or no arguments.")
    limiter = factory.services.limiter
    if feature and (reset or per_second is not None):
        limiter.override(operation_of(feature), per_second, because or f"set by {getpass.getuser()}")
    rates = shown_rates(limiter, feature)
    if as_json:
        print_json(rates)
    else:
        print_section("rates", rates)


def shown_rates(limiter: Limiter, feature: str | None) -> dict[str, dict[str, object]]:
    """Return the rates by operation, as JSON: all, or that of one feature."""
    wanted = feature and operation_of(feature)
    return {name: asdict(each) for name, each in limiter.rates().items() if wanted in {None, name}}
