"""Where a stack keeps its data and logs, and the ports and passwords that it keeps between starts."""

import json
import os
import random
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

PORTS = range(20_000, 32_000)
"""Below the range that Linux uses for outgoing connections, so that a stopped server's port stays free."""


class Layout:
    """The files, ports and passwords of a stack. `remembered.json` holds passwords, so only its owner may read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._file = self.folder / "remembered.json"
        self._known: dict[str, dict[str, str]] = {"ports": {}, "passwords": {}}
        if self._file.exists():
            self._known = json.loads(self._file.read_text())

    def data(self, name: str) -> Path:
        """Return the folder where a server keeps its data."""
        return self.folder / "data" / name

    @property
    def scratch(self) -> Path:
        """Return the folder for files that servers need only while they run."""
        return self.folder / "tmp"

    def log(self, name: str) -> Path:
        """Return a process's log file."""
        return self.folder / "logs" / f"{name}.log"

    def logged_bytes(self) -> int:
        """Return how much all processes have logged; it grows while something happens."""
        return sum(log.stat().st_size for log in (self.folder / "logs").glob("*.log"))

    def port(self, name: str) -> int:
        """Return a server's port; it stays the same until `renew_taken_ports`."""
        ports = self._known["ports"]
        if name not in ports:
            ports[name] = str(free_port(taken=ports.values()))
            self._save()
        return int(ports[name])

    def password(self, name: str, drawn_bytes: int = 18) -> str:
        """Return a password, drawn at random the first time."""
        passwords = self._known["passwords"]
        if name not in passwords:
            passwords[name] = secrets.token_urlsafe(drawn_bytes)
            self._save()
        return passwords[name]

    def renew_taken_ports(self) -> None:
        """Forget ports that another program has taken since. Call it only while nothing of this stack runs."""
        ports = self._known["ports"]
        self._known["ports"] = {name: port for name, port in ports.items() if is_free(int(port))}

    def _save(self) -> None:
        write_privately(self._file, json.dumps(self._known, indent=1))


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def free_port(taken: Iterable[str]) -> int:
    """Return a loopback port that nobody listens on. taken: ports that are reserved already."""
    promised = {int(port) for port in taken}
    chooser = random.SystemRandom()
    return next(port for port in iter(lambda: chooser.choice(PORTS), None) if port not in promised and is_free(port))


def is_free(port: int) -> bool:
    """Return whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
