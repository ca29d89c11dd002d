"""Clients of the console: each is a browser's connection with a user's session, and notes how long answers take."""

import http.client
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

SERVER_TIME = re.compile(r"app;dur=([\d.]+)")
FORM = {"content-type": "application/x-www-form-urlencoded"}
PATIENCE_SECONDS = 60.0
GOOD = {HTTPStatus.OK, HTTPStatus.SEE_OTHER}


class WrongAnswer(Exception):
    """A page that was not what the benchmark asks for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. milliseconds: the server's own time; place: where it leads to."""

    milliseconds: float
    place: str
    text: str


@dataclass
class Client:
    """One user's browser. Asked one request at a time."""

    user: str
    port: int
    cookie: str
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def get(self, path: str) -> Reply:
        """Ask for a page; raise WrongAnswer if it is none."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, form: Mapping[str, str]) -> Reply:
        """Send a form."""
        headers = {**FORM, "origin": f"http://127.0.0.1:{self.port}"}
        return self._ask("POST", path, urlencode(form), headers)

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Reply:
        self._connection.request(method, path, body, {**headers, "cookie": self.cookie})
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status not in GOOD:
            raise WrongAnswer(f"{method} {path} as {self.user}: {answer.status} {' '.join(text.split())[:2000]}")
        timing = SERVER_TIME.search(answer.headers["server-timing"])
        if timing is None:
            raise WrongAnswer(f"{path} says nothing of its time")
        return Reply(float(timing[1]), answer.headers.get("location", ""), text)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()


def all_at_once(clients: Sequence[Client], do: Callable[[Client, int], Sequence[float]]) -> tuple[list[float], float]:
    """Have each client do something with its number; return the milliseconds of all, and the seconds that it took."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        found = list(pool.map(do, clients, range(len(clients))))
    return [each for some in found for each in some], time.perf_counter() - begun
