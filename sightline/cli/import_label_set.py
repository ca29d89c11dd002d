"""`sightline import-label-set`: import labels that another system has paid for."""

from collections import Counter
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.errors import BadMessage
from sightline.names import printable
from sightline.progress import counted, watched
from sightline.rekognition.features import feature_named
from sightline.rekognition.prices import Prices
from sightline.services.collaborators import Services
from sightline.services.imported import FEATURE
from sightline.services.label_import.run import keep_answers, read_labels, require_feature
from sightline.services.label_import.staging import Staging
from sightline.services.plan import IMPORTED
from sightline.storage.buckets.protocol import require_bucket
from sightline.storage.label_set.protocol import LabelSet


@click.command("import-label-set")
@click.argument("table")
@click.option("--bucket", required=True, help="The bucket of the images: the table holds only their keys.")
@click.option("--trust", is_flag=True, help="Also import answers that are older than their objects.")
@click.option("--dry-run", is_flag=True, help="Only count what would be imported.")
@json_option
@click.pass_obj
def import_label_set(factory: Factory, table: str, bucket: str, *, trust: bool, dry_run: bool, as_json: bool) -> None:
    """Import labels from a DynamoDB table with one row per label: object_key, label, confidence, event_ts.

    Images that sightline knows already are left alone, so import before the first backfill. The others become rows in
    state `imported`: once such an image is read, its labels are not requested, or paid for, again. Each bad row is
    named on standard error, and its image is left out. Importing twice changes nothing.

    An object that was modified after its answer may hold other bytes. Such answers are left out, counted and priced as
    `unsure`, unless you --trust them: a copied bucket has new times for old objects.
    """
    require_bucket(bucket, bucket)
    services = factory.services
    require_feature(services.plan)
    with Staging() as staging:
        counts = _read(factory.label_set(table), bucket, staging, services)
        whole, left_out = staging.counts()
        kept = Counter(new=0, known=0, cut=0, unsure=0)
        with watched("importing", whole) as watch:
            for page in keep_answers(staging, services, is_dry=dry_run, trusts=trust):
                kept.update(page)
                watch(page["new"] + page["known"] + page["unsure"])
    _print(
        table,
        {**counts, "images": whole, **kept, "left_out": left_out},
        services.prices,
        is_dry=dry_run,
        as_json=as_json,
    )
    if counts["refused"]:
        raise click.exceptions.Exit(1)


def _read(labels: LabelSet, bucket: str, staging: Staging, services: Services) -> Counter[str]:
    def tell(error: BadMessage) -> None:
        click.echo(printable(str(error)), err=True)

    items = counted(labels.items(), f"reading {labels.name}", labels.count() or None)
    return read_labels(items, labels.name, bucket, staging, services.clock(), tell)


def _print(table: str, counts: dict[str, int], prices: Prices, *, is_dry: bool, as_json: bool) -> None:
    """Print the counts, and what these answers would cost if they were requested again."""
    price = prices.of_call(feature_named(FEATURE), IMPORTED[FEATURE])
    figures: dict[str, Any] = {"table": table, "is_dry_run": is_dry, **counts, "usd_saved": counts["new"] * price / 1e6}
    figures["usd_unsure"] = counts["unsure"] * price / 1e6
    if as_json:
        print_json(figures)
        return
    figures["usd_saved"] = f"{figures['usd_saved']:,.3f}"
    if not counts["new"]:  # nothing was saved: an amount would look like a price
        del figures["usd_saved"]
    figures["usd_unsure"] = f"{figures['usd_unsure']:,.3f}"
    if not counts["unsure"]:
        del figures["usd_unsure"]
    print_table("import", ("", ""), [(name.replace("_", " "), value) for name, value in figures.items()])
