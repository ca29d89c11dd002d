"""`sightline features`: what images can be analysed for, what that costs, and what is on."""

from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.config import Settings
from sightline.models.images import Lane
from sightline.queues.steps import lane_queue
from sightline.rekognition.features import all_features


@click.command()
@json_option
@click.pass_obj
def features(factory: Factory, *, as_json: bool) -> None:
    """List the features: operation, price, quota, and whether new images are analysed for them."""
    declared = feature_facts(factory.settings)
    if as_json:
        print_json(declared)
        return
    prices = factory.settings.price_list
    columns = ("feature", "on", "finds", "operation", "USD per 1,000", "quota")
    rows = [
        (name, e["is_on"], e["summary"], e["operation"], _thousand(e["usd"]), e["quota"])
        for name, e in declared.items()
    ]
    title = (
        f"features (prices for {prices.region} of {prices.as_of}; quotas in calls/s; SIGHTLINE_FEATURES turns them on)"
    )
    print_table(title, columns, rows)
    click.echo(_price_of_images([each["usd"] for each in declared.values() if each["is_on"]]))


def _price_of_images(usd: list[float]) -> str:
    """Return how features add up, and what images cost with those that are on.

    usd: the price of each, for one image
    """
    return (
        "AWS bills each feature of an image as an image of its own: two features are two images. "
        f"With those that are on, 1,000 images cost {_thousand(sum(usd))} USD"
    )


def _thousand(usd: float) -> str:
    return f"{1000 * usd:.2f}"


def feature_facts(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return each declared feature by name, as JSON. usd: per image; quota: calls per second of the operation."""
    plan = settings.plan.features
    return {
        name: {
            "summary": each.summary,
            "operation": each.operation,
            "usd": settings.price_list.of_call(each, plan.get(name)) / 1e6,
            "quota": settings.all_quotas[each.operation],
            "is_on": name in plan,
            "queues": [lane_queue(name, lane) for lane in Lane],
            "parameters": dict(plan.get(name, each.parameters)),
            "node": each.edge.node if each.edge else None,
        }
        for name, each in all_features().items()
    }
