"""`sightline features`: what images and videos can be analysed for, what that costs, and what is on."""

from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.config import Settings
from sightline.errors import ConfigurationError
from sightline.models.images import Lane
from sightline.queues.steps import lane_queue
from sightline.rekognition.features import all_features
from sightline.rekognition.prices import Prices
from sightline.rekognition.video_job import JobKind
from sightline.rekognition.video_jobs import all_job_kinds


@click.command()
@click.option("--video-jobs", is_flag=True, help="List the kinds of jobs on stored videos instead.")
@json_option
@click.pass_obj
def features(factory: Factory, *, video_jobs: bool, as_json: bool) -> None:
    """List the features: operation, price, quota, and whether new images are analysed for them."""
    if video_jobs:
        _list_jobs(factory.settings, as_json=as_json)
    else:
        _list_features(factory.settings, as_json=as_json)


def _list_features(settings: Settings, *, as_json: bool) -> None:
    declared, prices = feature_facts(settings), settings.price_list
    if as_json:
        print_json(declared)
        return
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
    kinds = ", ".join(all_job_kinds())
    click.echo(f"Jobs on stored videos are listed by `sightline features --video-jobs`: {kinds}")


def _list_jobs(settings: Settings, *, as_json: bool) -> None:
    declared, prices = job_facts(settings), settings.price_list
    if as_json:
        print_json(declared)
        return
    columns = ("kind", "on", "finds", "operation", "USD per minute")
    rows = [
        (name, e["is_on"], e["summary"], e["operation"], _minute(e["usd_per_minute"])) for name, e in declared.items()
    ]
    title = f"jobs on stored videos (prices for {prices.region} of {prices.as_of}; SIGHTLINE_VIDEO_JOBS turns them on)"
    print_table(title, columns, rows)


def _minute(usd: float | None) -> str:
    return "none: add it to SIGHTLINE_PRICES" if usd is None else f"{usd:.3f}"


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


def job_facts(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return each declared kind of job by name, as JSON. usd_per_minute: null where the region has no price."""
    return {
        name: {
            "summary": each.summary,
            "operation": each.start,
            "usd_per_minute": _price_of_minute(each, settings.price_list),
            "is_on": name in settings.job_plan.kinds,
            "parameters": dict(each.parameters),
            "node": each.node.node if each.node else None,
        }
        for name, each in all_job_kinds().items()
    }


def _price_of_minute(kind: JobKind, prices: Prices) -> float | None:
    try:
        return prices.of_units(prices.meter_named(kind.start), 1) / 1e6
    except ConfigurationError:  # what is on and has no price is refused when a video is added
        return None
