"""What `sightline status` says that a run cost, next to what the endpoint's log says was billed."""

from collections.abc import Mapping
from typing import Any

from bench.soak_end import paid_calls
from bench.soak_environment import FEATURES, Environment
from bench.soak_report import Line
from sightline.rekognition.features import feature_named
from sightline.services.bookkeeping import keep_books
from sightline.services.status import cost_section
from sightline.storage.ledger.protocol import Status


def cost_lines(environment: Environment) -> list[Line]:
    """Book what is not booked yet, as the next minute would, and compare both."""
    services = environment.services
    keep_books(services, lambda: True)
    section = cost_section(services.operations, services.prices, services.clock())
    perhaps = sum(each.unknown_attempts + (each.status is Status.CLAIMED) for each in services.ledger.scan())
    return compared(section, billed_micro_usd(environment), perhaps * max(_prices(environment).values()))


def billed_micro_usd(environment: Environment) -> int:
    """Return what the calls in the endpoint's log cost, in millionths of a US dollar."""
    prices = _prices(environment)
    return sum(number * prices[operation] for (_, operation), number in paid_calls(environment).items())


def _prices(environment: Environment) -> Mapping[str, int]:
    features = [feature_named(name) for name in FEATURES]
    prices, plan = environment.services.prices, environment.services.plan
    return {each.operation: prices.of_call(each, plan.features[each.name]) for each in features}


def compared(section: Mapping[str, Any], billed: int, perhaps: int) -> list[Line]:
    """Return the lines. billed: by the log; perhaps: what ended unknown or not at all, in millionths of a US dollar."""
    least, most = (round(1e6 * sum(section[name].values())) for name in ("month_usd", "month_usd_at_most"))
    return [
        Line("USD billed, by the endpoint's log", billed / 1e6),
        Line("USD by `sightline status`, at least", least / 1e6),
        Line("USD by `sightline status`, at most", most / 1e6),
        Line("USD billed beyond that range", max(0, billed - most, least - billed) / 1e6, 0),
        Line("USD of width that no call without an end explains", max(0, most - least - perhaps) / 1e6, 0),
    ]
