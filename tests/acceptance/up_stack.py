"""A stack as `make up` leaves it, in its own folder, used only by the command line and by its addresses."""

import base64
import http.client
import json
import shlex
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil

from dev.stack.layout import Layout
from dev.stack.pidfiles import PidFiles
from dev.stack.processes import cpu_of
from dev.stack.waiting import Moves, wait_until
from tests.commands import run, unmeasured

FEW = "ingest=0 faces=0 text=0 rows=0 graph=0 careful=0"
"""Enough to see how processes are run: the servers, labels, operations, beat, Flower and the console."""


class UpStack:
    """One such stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `python -m dev.stack`."""
        command = [sys.executable, "-m", "dev.stack", *arguments, "--folder", str(self.folder)]
        return run(command, unmeasured(), moves=self._moves)

    def up(self, scale: str = "") -> None:
        """Bring it up, or change its scale."""
        done = self.run("up", "--scale", scale)
        assert 0 == done.returncode, done.stdout + done.stderr

    def _moves(self) -> Moves:
        return Layout(self.folder).logged_bytes(), cpu_of(set(self.pids().values()))

    def pids(self) -> dict[str, int]:
        """Return what runs: name → process id."""
        return {entry.name: entry.pid for entry in PidFiles(self.folder).running()}

    def listening(self) -> list[Any]:
        """Return the addresses on which its processes listen."""
        connections = [each for pid in self.pids().values() for each in psutil.Process(pid).net_connections("inet")]
        return [each.laddr for each in connections if each.status == psutil.CONN_LISTEN]

    def env(self) -> dict[str, str]:
        """Read its settings as a shell does."""
        words = shlex.split((self.folder / "env").read_text())
        return {name: value for name, _, value in (word.partition("=") for word in words) if value}

    def flower(self, path: str, password: str | None = None) -> tuple[HTTPStatus, str]:
        """Ask Flower for a page where the console says that it is, as its user if a password is given."""
        request = urllib.request.Request(f"{self.env()['SIGHTLINE_WEB_FLOWER_URL']}{path}")  # noqa: S310 - loopback
        if password is not None:
            login = base64.b64encode(f"{self.env()['SIGHTLINE_FLOWER_USER']}:{password}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
                return HTTPStatus(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            return HTTPStatus(error.code), error.read().decode()

    def console(self, path: str, form: dict[str, str] | None = None) -> tuple[HTTPStatus, str]:
        """Ask the console for a page, or send it a form; return the status and where it leads."""
        host = f"127.0.0.1:{Layout(self.folder).port('web')}"
        headers = {"Origin": f"http://{host}", "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            body = None if form is None else urllib.parse.urlencode(form)
            connection.request("GET" if form is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return HTTPStatus(answer.status), answer.headers.get("location", "")
        finally:
            connection.close()

    def flower_workers(self) -> dict[str, Any]:
        """Ask Flower for what it knows of the workers, by name and number of each: `labels-0`."""
        status, body = self.flower("/api/workers?refresh=1", self.env()["SIGHTLINE_FLOWER_PASSWORD"])
        assert HTTPStatus.OK == status, body
        return {node.partition("@")[0]: told for node, told in json.loads(body).items()}

    def until(self, is_so: Callable[[], object], every: float = 0.2) -> bool:
        """Wait until it is so; return False if its processes stand still before."""
        return wait_until(is_so, self._moves, every=every)

    def metrics(self, name: str) -> str:
        """Scrape one process."""
        port = Layout(self.folder).port(f"metrics of {name}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as page:
            return str(page.read().decode())
