"""`sightline reanalyse`: pay again, on purpose, for images whose answer said too little."""

from datetime import datetime

import click

from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera, marked_cameras
from sightline.cli.output import json_option, print_json
from sightline.cli.param_types import DAY
from sightline.cli.paying import agree, show_quote, yes_option
from sightline.progress import counted
from sightline.services.quotes import quote_calls
from sightline.services.reanalyse import ask_again, find_unknown, quote
from sightline.services.review import newest_day, scope_of
from sightline.services.rollups.plan import FEATURE
from sightline.stats.windows import WINDOW_DAYS


@click.command()
@click.option(
    "--unknown",
    is_flag=True,
    required=True,
    help="Images without the label whose answer was cut off above its threshold.",
)
@click.option("--camera", help="Only this camera's images.")
@click.option("--label", help="A watched label; default: the first one.")
@click.option("--day", type=DAY, help="The last capture day; default: the newest.")
@click.option(
    "--window",
    "window_days",
    type=click.Choice([str(n) for n in WINDOW_DAYS]),
    default="28",
    show_default=True,
    help="Days.",
)
@yes_option
@json_option
@click.pass_obj
def reanalyse(  # noqa: PLR0913 - one parameter an option
    factory: Factory,
    camera: str | None,
    label: str | None,
    day: datetime | None,
    window_days: str,
    *,
    unknown: bool,  # noqa: ARG001 - the only choice, but it must be made explicitly
    yes: bool,
    as_json: bool,
) -> None:
    """Analyse images again if the answer cannot tell whether the label was missed. The price is shown first."""
    services = factory.services
    name = label or services.accuracy.rules[0].label
    camera = likely_camera(camera, marked_cameras(services.operations)) if camera else None
    end_day = day.date().isoformat() if day else newest_day(camera, services.operations)
    price = quote(
        find_unknown(scope_of(name, camera, end_day, int(window_days), services.operations), services), services
    )
    usd = price.cost_micro_usd / 1e6
    quoted = quote_calls(len(price.image_ids), {FEATURE: price.analyses}, services)
    show_quote(quoted)
    agree(quoted, factory, yes=yes)
    sent = sum(1 for _ in counted(ask_again(price.image_ids, services, factory.send), "sending", len(price.image_ids)))
    if as_json:
        print_json({"images": len(price.image_ids), "analyses": price.analyses, "usd": usd, "sent": sent})
    else:
        click.echo(f"{sent} images sent for analysis")
