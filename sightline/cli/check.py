"""`sightline check`: every setting and every server, one line each, with a remedy for what is wrong."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import click
import urllib3
from pydantic import SecretStr

from sightline.bootstrap import capture_reader
from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.config import Settings
from sightline.errors import ConfigurationError, SightlineError
from sightline.rekognition.features import feature_named
from sightline.rekognition.paid_calls import price_of
from sightline.services.ask_now import Subject, ask_all, note_calls
from sightline.services.camera_names import cameras_of, odd_names, why_empty
from sightline.services.collaborators import Services
from sightline.storage.buckets.protocol import ObjectUri, Prefix

HEALTH_SECONDS = 2.0

CLOCK_WARNS, CLOCK_FAILS = timedelta(seconds=2), timedelta(seconds=20)
"""Apart from the second on, a claim may end for one worker while another still counts on it: it is paid twice."""

HTTP_PRECISION = timedelta(seconds=1)
"""HTTP tells a time in whole seconds, rounded down."""

ROWS_LOOKED_AT = 1000
"""So many unfinished images are looked at for buckets that nothing else names."""


@dataclass(frozen=True, slots=True)
class Line:
    """One setting, server, clock or bucket. problem: None if there is none; warning: to be mended, yet work goes on."""

    name: str
    value: str
    problem: str | None = None
    warning: str | None = None

    @property
    def as_json(self) -> dict[str, str | None]:
        """Return it for programs; a warning is only there if there is one."""
        told = {"value": self.value, "problem": self.problem}
        return told | ({"warning": self.warning} if self.warning else {})


@click.command()
@click.argument("places", metavar="[s3://BUCKET/PREFIX]...", nargs=-1)
@click.option("--pay", is_flag=True, help="Also analyse one image of each bucket: a real call, which is billed.")
@json_option
@click.pass_obj
def check(factory: Factory, places: tuple[str, ...], *, pay: bool, as_json: bool) -> None:
    """Check every setting, server, clock and bucket of images. Exit 1 if anything is wrong.

    The buckets are those that are swept, those of unfinished images, and any you name. One byte of an image is read.
    It warns of names that match no camera, and of cameras whose names cannot be told apart.
    """
    settings = [*setting_lines(factory.settings)]
    services = factory.services_in_a_hurry
    servers = server_lines(services, factory.settings) + queue_lines(factory)
    asked = [Prefix.parse(place) for place in places]
    servers += [*clock_lines(services), *bucket_lines(asked, services, factory.settings, pays=pay)]
    servers += [policy_line(services), known_people_line(services), *money_lines(services)]
    servers += name_lines(image_places(asked, services), services, factory.settings)
    if as_json:
        print_json({each.name: each.as_json for each in settings + servers})
    else:
        print_table("settings", ("setting", "value"), [(each.name, each.value) for each in settings])
        rows = [(each.name, each.value, each.problem or each.warning or "ok") for each in servers]
        print_table("servers", ("server", "address", "problem and remedy"), rows)
    if any(each.problem for each in servers):
        raise click.exceptions.Exit(1)


def setting_lines(settings: Settings) -> Iterator[Line]:
    """Yield each setting under the name of its environment variable; secrets are masked."""
    for name in type(settings).model_fields:
        yield Line(f"SIGHTLINE_{name.upper()}", _words(getattr(settings, name)))


def _words(value: Any) -> str:
    if value is None or value == {}:
        return "unset"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def server_lines(services: Services, settings: Settings) -> list[Line]:
    """Try all servers at once: it takes as long as the slowest, not the sum."""
    bucket, tables = settings.checkpoint_bucket, settings.table_prefix
    dynamodb = settings.dynamodb_endpoint or f"AWS, {settings.region}"
    tries: list[tuple[str, str, Callable[[], None]]] = [
        ("Redis", _address(settings.redis_url), lambda: _check_redis(services)),
        ("DynamoDB, images", f"{dynamodb} {tables}images", services.images.check),
        ("DynamoDB, analyses", f"{dynamodb} {tables}analyses", services.ledger.check),
        ("DynamoDB, verdicts", f"{dynamodb} {tables}verdicts", services.verdicts.check),
        ("DynamoDB, rollups", f"{dynamodb} {tables}rollups", services.rollups.check),
        ("DynamoDB, videos", f"{dynamodb} {tables}videos", services.videos.check),
        ("DynamoDB, operations", f"{dynamodb} {tables}operations", services.operations.check),
        *([("DynamoDB, users", f"{dynamodb} {tables}users", services.users.check)] if settings.web_secret else []),
        ("Neo4j", f"{settings.neo4j_uri} {settings.neo4j_database}", services.graph.check),
        ("S3", f"{settings.s3_endpoint or 'AWS'} {bucket}", lambda: services.buckets.check(bucket)),
        ("Rekognition", _rekognition(settings), services.detector.check),
    ]
    with ThreadPoolExecutor(len(tries), thread_name_prefix="check") as pool:
        return list(pool.map(lambda each: _try(*each), tries))


def policy_line(services: Services) -> Line:
    """Say what the policy on people is; comparisons that are kept without one are a problem."""
    policy = services.people_policy
    line = Line("policy on people", str(policy) if policy else "unset: no faces are compared")
    try:
        kept = 0 if policy else len(services.operations.comparisons.of_picture())
    except SightlineError:  # the table's own line says what is wrong
        return line
    rule = f"{kept} comparisons of faces are kept, and no policy says why. Set SIGHTLINE_PEOPLE_POLICY, or forget them"
    return replace(line, problem=f"{rule} by `sightline compare --forget`." if kept else None)


def known_people_line(services: Services) -> Line:
    """Say whether people are known; people who are enrolled while that is off are a problem."""
    how = services.known_people
    on = f"searched for in {services.faces.name}, from {how.least_percent:g} % on" if how else "off"
    line = Line("known people", on)
    try:
        enrolled = len(services.operations.people.all())
    except SightlineError:  # the table's own line says what is wrong
        return line
    rule = f"{enrolled} people are enrolled, and known people are off. Set SIGHTLINE_KNOWN_PEOPLE, or forget them by"
    return replace(line, problem=f"{rule} `sightline people forget`." if enrolled and not how else None)


def queue_lines(factory: Factory) -> list[Line]:
    """Try each queue of S3's events, and say how many messages are in it."""
    return [_queue_line(url, factory) for url in factory.settings.event_queues]


def _queue_line(url: str, factory: Factory) -> Line:
    queue = factory.event_queue(url)
    line = Line(f"SQS, {queue.name}", url)
    try:
        depth = queue.depth()
    except SightlineError as error:
        return replace(line, problem=str(error))
    return replace(line, value=f"{url} {depth.waiting:,} waiting, {depth.handed_out:,} handed out")


def _check_redis(services: Services) -> None:
    """Raise if Redis cannot be reached, takes no write, or may drop messages."""
    services.limiter.check()
    services.queues.try_write()
    memory = services.queues.memory()
    if memory.drops_messages:
        raise ConfigurationError(
            f"maxmemory-policy {memory.policy}",
            rule=f"Redis must not evict messages and rates; it has evicted {memory.evicted:,} keys",
            remedy="Set maxmemory-policy to noeviction",
        )


def money_lines(services: Services) -> Iterator[Line]:
    """See that what is paid for has a price, and tell of caps that are used up already: those are accepted."""
    for name, parameters in [*services.paid_for.items(), *services.plan.deeper.items()]:
        try:
            price_of(services.prices, name, parameters)
        except ConfigurationError as error:
            yield Line(f"price, {name}", "SIGHTLINE_PRICES", problem=str(error))
    if services.treasury is None:
        return
    try:
        account = services.treasury.account()
        spent = [str(cap) for cap in services.treasury.spent_caps(account)]
    except SightlineError:  # DynamoDB's own line says what is wrong with it
        return
    said = f"used up already, or below what is spent: {', '.join(spent)}. See `sightline status` for what waits"
    caps = ", ".join(map(str, services.treasury.budget.caps))
    yield Line("budget", caps, warning=said if spent else None)


def clock_lines(services: Services) -> Iterator[Line]:
    """Compare this machine's clock with those of the servers: claims and the limiter go by them."""
    asked: dict[str, tuple[timedelta, Callable[[], datetime | None]]] = {
        "Redis": (timedelta(0), services.queues.time),
        "DynamoDB": (HTTP_PRECISION, services.operations.time),
        "S3": (HTTP_PRECISION, lambda: services.buckets.probe(services.checkpoint_bucket, "sightline/").time),
    }
    for name, (precision, ask) in asked.items():
        begun = services.clock()
        with suppress(SightlineError):  # the server's own line says what is wrong with it
            told = ask()
            if told is not None:
                yield _clock_line(name, told, precision, begun, services.clock())


def _clock_line(name: str, told: datetime, precision: timedelta, begun: datetime, ended: datetime) -> Line:
    """Return the line of one clock, which told some moment between."""
    apart = max(begun - told - precision, told - ended, timedelta(0))
    line = Line(f"clock, {name}", f"{apart.total_seconds():.1f} s apart")
    said = f"this machine's clock must be within {CLOCK_FAILS.seconds} s of {name}'s. Synchronise both, as by NTP."
    if apart >= CLOCK_FAILS:
        return replace(line, problem=said)
    return replace(line, warning=said) if apart >= CLOCK_WARNS else line


def bucket_lines(asked: Sequence[Prefix], services: Services, settings: Settings, *, pays: bool) -> Iterator[Line]:
    """Try each bucket of images: its region against Rekognition's, and a byte of an object."""
    for place in image_places(asked, services):
        line = Line(f"images, {place}", settings.region)
        try:
            probe = services.buckets.probe(place.bucket, place.key_prefix)
            _require_region(place, probe.region, settings)
            paid = _pay(place, probe.key, services) if pays else ""
            read = f"read {probe.key}" if probe.key else "no object to read"
            warning = None if probe.key else why_empty(place, services.buckets)
            yield replace(line, value=f"{probe.region or 'region not told'}, {read}{paid}", warning=warning)
        except SightlineError as error:
            yield replace(line, problem=str(error))


def name_lines(places: Sequence[Prefix], services: Services, settings: Settings) -> list[Line]:
    """Warn of cameras' names that look right and match nothing, and of those that cannot be told apart."""
    camera_of = capture_reader(settings).camera_of
    in_buckets: dict[str, set[str]] = {}
    known: set[str] = set()
    with suppress(SightlineError):  # the servers' own lines say what is wrong with them
        known = {each["camera"] for each in services.graph.query("camera-names")}
    for place in places:
        with suppress(SightlineError):
            in_buckets.setdefault(place.bucket, set()).update(cameras_of(place, services.buckets, camera_of))
    known.update(*in_buckets.values())
    odd = odd_names(known, in_buckets, settings.camera_time_zones)
    return [Line(each.name, each.value, warning=each.warning) for each in odd]


def image_places(asked: Sequence[Prefix], services: Services) -> list[Prefix]:
    """Return the places that are asked for or swept, and the buckets of unfinished images that are not among them."""
    places = dict.fromkeys([*asked, *services.sweep.prefixes])
    known = {place.bucket for place in places}
    try:
        unfinished = [each.image_id for each in islice(services.images.unfinished(), ROWS_LOOKED_AT)]
    except SightlineError:  # the table's own line says what is wrong
        unfinished = []
    for bucket in dict.fromkeys(uri.split("/")[2] for uri in unfinished):
        if bucket not in known:
            places[Prefix(bucket)] = None
    return [*places]


def _require_region(place: Prefix, region: str | None, settings: Settings) -> None:
    if region is not None and region != settings.region:
        raise ConfigurationError(
            f"s3://{place.bucket} in {region}",
            rule=f"Rekognition reads buckets of its own region alone, which is {settings.region}",
            remedy=f"Copy the images to a bucket in {settings.region}, or run workers with SIGHTLINE_REGION={region}",
        )


def _pay(place: Prefix, key: str | None, services: Services) -> str:
    """Have Rekognition analyse the object, and say what that cost."""
    if key is None:
        return ""
    feature = feature_named(min(services.plan.features))
    subject = Subject(str(place), uri=ObjectUri(place.bucket, key))
    outcomes = ask_all([feature], subject, services)
    note_calls([feature], outcomes, services)
    outcome = outcomes[feature.name]
    if isinstance(outcome, SightlineError):
        raise outcome
    usd = services.prices.of_call(feature, services.plan.features[feature.name]) / 1e6
    return f", analysed by {feature.operation} for {usd:.4f} USD"


def _rekognition(settings: Settings) -> str:
    """Return where Rekognition is; of the local one, also what it sees with, and why it has nothing better."""
    endpoint = settings.rekognition_endpoint
    if endpoint is None:
        return f"AWS, {settings.region}"
    health = _health(endpoint)
    words = [endpoint, health.get("detector", ""), f"({health['because']})" if "because" in health else ""]
    return " ".join(word for word in words if word)


def _health(endpoint: str) -> dict[str, str]:
    """Return what a local Rekognition says at /healthz; nothing if this endpoint is something else, or away."""
    try:
        answer = urllib3.request("GET", f"{endpoint.rstrip('/')}/healthz", timeout=HEALTH_SECONDS, retries=False)
        health = answer.json() if answer.status == HTTPStatus.OK else {}
    except (urllib3.exceptions.HTTPError, ValueError):
        return {}
    return health if isinstance(health, dict) else {}


def _address(url: SecretStr) -> str:
    """Return a URL without its user and password."""
    parts = urlsplit(url.get_secret_value())
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _try(name: str, value: str, do: Callable[[], None]) -> Line:
    try:
        do()
    except SightlineError as error:
        return Line(name, value, str(error))
    return Line(name, value)
