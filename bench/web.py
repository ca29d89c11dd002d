"""How long does each page of the console take with 214,000 images, and what does it ask of the stores?

`python -m bench.web [--images N] [--gets N] [--day-shards N]`, on its own servers. A real `sightline serve` answers
four clients at once, over a DynamoDB Local, a Neo4j and an S3Mock that are filled first. Of each page: the server's own
time, the CPU of the console and of all servers, and the requests to the stores, beside the goals. It exits 1 if a goal
is missed.
"""

import argparse
import html
import math
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import psutil

from bench.web_clients import Client, WrongAnswer, all_at_once
from bench.web_environment import CLIENTS, LABEL, OWNERS, PASSWORD, REVIEWERS, Environment, Filled
from bench.web_pages import BATCH_READS, Most, Page, pages
from bench.web_server import Counts
from dev.stack import Options, Stack
from dev.stack.processes import Process, inherited, wait_for
from dev.stack.readiness import http_answers
from dev.stack.watched import temporary_folder
from sightline.cli.serve import options_of
from sightline.storage.images.keys import DEFAULT_SHARDS
from sightline.web.console import VISITOR_KEPT
from sightline.web.signed_addresses import AddressSigner
from sightline.web.visitors import start_session

IMAGES = 214_000
GETS = 50
SERVERS = ("redis", "dynamodb", "neo4j", "s3")
READS_OF_A_SESSION = 2
HEAD = ("page", "of", "p50", "p95", "goal", "CPU", "of all", "DynamoDB", "Neo4j", "S3", "")


@dataclass(frozen=True, slots=True)
class Found:
    """What a page took.

    cpu_ms: of the console; all_cpu_ms: of it and the servers; sent: requests of one answer; of_sessions: those among
    them to DynamoDB that may have asked who asks
    """

    name: str
    times: list[float]
    goal_ms: float
    cpu_ms: float
    all_cpu_ms: float
    sent: Most
    most: Most
    of_sessions: float = 0.0

    @property
    def missed(self) -> str:
        """Return which goal it misses; "" for none."""
        is_slow = self.p95 > self.goal_ms
        asks = [
            name
            for name in ("dynamodb", "neo4j", "s3")
            if getattr(self.sent, name) > getattr(self.most, name) + (self.of_sessions if name == "dynamodb" else 0)
        ]
        return ", ".join((["time"] if is_slow else []) + asks)

    @property
    def p95(self) -> float:
        """Return what 95 in a hundred did not exceed."""
        return sorted(self.times)[math.ceil(0.95 * len(self.times)) - 1]

    def line(self) -> tuple[str, ...]:
        """Return it as a line of the table."""
        asked = ("dynamodb", "neo4j", "s3")
        sent = (f"{getattr(self.sent, name):.1f}/{getattr(self.most, name):g}" for name in asked)
        return (
            self.name,
            str(len(self.times)),
            f"{statistics.median(self.times):,.0f}",
            f"{self.p95:,.0f}",
            f"{self.goal_ms:,.0f}",
            f"{self.cpu_ms:,.0f}",
            f"{self.all_cpu_ms:,.0f}",
            *sent,
            f"MISSED: {self.missed}" if self.missed else "met",
        )


class Served:
    """The running console, and what it has used so far."""

    def __init__(self, stack: Stack, environment: Environment) -> None:
        port = stack.layout.port("web")
        counts = stack.layout.folder / "counts"
        self.counts = Counts(counts)
        settings = stack.env | {"SIGHTLINE_WEB_PORT": str(port), "SIGHTLINE_WEB_FIRST_PASSWORD": ""}
        command = (sys.executable, "-m", "bench.web_server", str(counts))
        self.process = Process("web", command, stack.layout.log("web"), {**inherited(), **settings})
        self._port, self._stack, self._environment = port, stack, environment

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        self.process.start()
        wait_for(self.process, partial(http_answers, self._port, "/healthz"), f"127.0.0.1:{self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.process.stop()

    def clients(self, users: Sequence[str]) -> list[Client]:
        """Return a browser for each user, signed in."""
        services, options = self._environment.services, options_of(self._environment.settings)
        made = []
        for name in users:
            user = services.users.user(name)
            if user is None:
                raise LookupError(name)
            session = start_session(user, options.session_lasts, services.users, services.clock)
            made.append(Client(name, self._port, f"{options.cookie}={session}"))
        return made

    def measure(
        self, name: str, goal_ms: float, most: Most, clients: Sequence[Client], do: Callable[[Client, int], list[float]]
    ) -> Found:
        """Have the clients do something at once; print and return what that took."""
        for client in clients:
            client.close()  # the server ends what was idle, and the next request opens it again
        before, cpu, everything = self.counts.read(), self._cpu(), self._all_cpu()
        times, seconds = all_at_once(clients, do)
        count = len(times)
        after = self.counts.read()
        sent = Most(**{service: (after[service] - before[service]) / count for service in after})
        own, whole = 1_000 * (self._cpu() - cpu) / count, 1_000 * (self._all_cpu() - everything) / count
        of_sessions = READS_OF_A_SESSION * len(clients) * (1 + seconds / VISITOR_KEPT.total_seconds()) / count
        found = Found(name, times, goal_ms, own, whole, sent, most, of_sessions)
        _print(found.line())
        return found

    def _cpu(self) -> float:
        return _seconds(self.process.pid)

    def _all_cpu(self) -> float:
        return self._cpu() + sum(_seconds(process.pid) for process in self._stack.processes)


def _seconds(pid: int) -> float:
    taken = psutil.Process(pid).cpu_times()
    return float(taken.user + taken.system)


def ask_for(page: Page, served: Served, gets: int) -> Found:
    """Ask for a page."""
    clients, count = served.clients(page.users), page.gets or gets
    if not page.is_cold:
        for number, client in enumerate(clients):
            client.get(page.address(number))  # compiles, connects, and reads what is kept

    def do(client: Client, number: int) -> list[float]:
        return [client.get(page.address(CLIENTS * n + number)).milliseconds for n in range(count)]

    return served.measure(page.name, page.goal_ms, page.most, clients, do)


def sign_in(served: Served) -> list[Found]:
    """Sign in, one after another: a password takes a third of a second of a core, and nobody may try it often."""

    def do(client: Client, _: int) -> list[float]:
        form = {"name": client.user, "password": PASSWORD}
        return [client.post("/login", form).milliseconds for _ in range(3)]

    return [served.measure("POST /login", 500, Most(4), served.clients(OWNERS[:1]), do)]


def review(served: Served, filled: Filled) -> list[Found]:
    """Have four reviewers each begin a batch of the same day, look at its pictures, and answer."""
    clients = served.clients(REVIEWERS)
    places: dict[str, str] = {}

    def begin(client: Client, _: int) -> list[float]:
        reply = client.post("/review", {"label": LABEL, "day": filled.days[0]})
        places[client.user] = reply.place
        return [reply.milliseconds]

    forms: dict[str, list[str]] = {user: [] for user in REVIEWERS}

    def look(client: Client, _: int) -> list[float]:
        taken = []
        for number in range(1, _pictures_of(client.get(places[client.user]).text) + 1):
            place = f"{places[client.user].rpartition('/')[0]}/{number}"
            client.get(f"{place.replace('/review/', '/look/')}/1280")  # the browser has it from the page before
            reply = client.get(place)
            taken.append(reply.milliseconds)
            forms[client.user].append(_address_of_absent(reply.text))
        return taken

    def answer(client: Client, _: int) -> list[float]:
        return [client.post(form, {}).milliseconds for form in forms[client.user]]

    return [
        served.measure("POST /review, a batch", 1_200, BATCH_READS, clients, begin),
        served.measure("/review, a picture", 60, Most(2, 0, 1), clients, look),
        served.measure("POST /review, a verdict", 120, Most(10), clients, answer),
    ]


def _pictures_of(text: str) -> int:
    """Return how many pictures a batch has: fewer than usual if others began at the same moment."""
    found = re.search(r"of (\d+) answered", text)
    if found is None:
        raise WrongAnswer(f"no batch: {text[:500]}")
    return int(found[1])


def _address_of_absent(text: str) -> str:
    """Return where the button `Absent` of a page of the review sends the form."""
    found = re.search(r'formaction="([^"]*answer=absent[^"]*)"', text)
    if found is None:
        raise WrongAnswer(f"no question: {text[:500]}")
    return html.unescape(found[1])


def _print(line: Sequence[str]) -> None:
    name, *cells = line
    widths = (5, 7, 7, 7, 7, 7, 13, 9, 9, 0)
    aligned = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    print(" ".join([name.ljust(28), *aligned]), flush=True)


def main() -> int:
    """Fill, measure and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--rows", type=int, help="how many of the newest have a row in DynamoDB as well; else all")
    parser.add_argument("--gets", type=int, default=GETS, help="of each page by each client")
    parser.add_argument("--day-shards", type=int, default=DEFAULT_SHARDS.day, help="as of `sightline setup`")
    given = parser.parse_args()
    with (
        temporary_folder("bench-web-") as folder,
        Stack(folder, SERVERS, Options(dynamodb_in_memory=True, dynamodb_optimized=True)) as stack,
    ):
        environment = Environment(stack, given.day_shards)
        filled = environment.fill(given.images, min(given.rows or given.images, given.images))
        signer = AddressSigner(options_of(environment.settings).secret, environment.services.clock)
        with Served(stack, environment) as served:
            _print(HEAD)
            found = sign_in(served)
            found += [ask_for(page, served, given.gets) for page in pages(filled, signer)]
            found += review(served, filled)
        environment.close()
    missed = [each.name for each in found if each.missed]
    print(f"{len(found) - len(missed)} of {len(found)} pages met their goals")
    if missed:
        print(f"missed: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
