"""One local stack: servers and our own processes in one folder, as a context manager."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.install.servers import require
from dev.stack.errors import UnknownService
from dev.stack.layout import Layout, write_privately
from dev.stack.pidfiles import PidFiles
from dev.stack.processes import Process, cpu_of, inherited, stop_all, wait_for
from dev.stack.redis_users import url_of
from dev.stack.replicas import Replicas
from dev.stack.servers import FOR_WORKERS, KEY_PREFIX, SERVERS, Options, Server
from dev.stack.waiting import Moves


class Stack:
    """Servers, and workers on request. Once the stack has started, `env` holds every SIGHTLINE_* setting."""

    def __init__(self, folder: Path, servers: Sequence[str] = FOR_WORKERS, options: Options | None = None) -> None:
        if unknown := set(servers) - set(SERVERS):
            raise UnknownService(", ".join(sorted(unknown)), remedy=f"There are {', '.join(SERVERS)}")
        self.layout = Layout(folder)
        self.env: dict[str, str] = {}
        self._names = tuple(servers)
        self._options = options or Options()
        self._servers: dict[str, RunningServer] = {}
        self._pidfiles = PidFiles(self.layout.folder)
        self.replicas = Replicas(self.layout, self._write_pidfile)

    def __enter__(self) -> Self:
        """Start the servers; stop them again if one does not become ready."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    def start(self) -> None:
        """End what an earlier run left behind; start all servers at the same time and wait until each is ready."""
        self._pidfiles.end_leftovers()
        self.layout.renew_taken_ports()
        self.start_servers(self._names)

    def start_servers(self, names: Sequence[str]) -> None:
        """Start those of these servers that do not run, all at the same time, and wait until each is ready."""
        require(names)
        fresh = [SERVERS[name](self.layout, self._options) for name in names if name not in self._servers]
        self.env = self._settings([*(running.server for running in self._servers.values()), *fresh])
        environment = inherited() | self.env
        self._servers |= {server.name: RunningServer(server, self.layout, environment) for server in fresh}
        for name in names:
            self._servers[name].begin()
        self._write_pidfile()
        for name in names:
            self._servers[name].wait()

    def stop(self) -> None:
        """Stop our processes, then the servers. The data stays in the folder."""
        self.replicas.stop()
        stop_all([running.process for running in self._servers.values()])
        self._write_pidfile()

    def server(self, name: str) -> "RunningServer":
        """Return a server of this stack, to kill, freeze or start it."""
        if name not in self._servers:
            raise UnknownService(name, remedy=f"This stack has started {', '.join(self._servers) or 'none'}")
        return self._servers[name]

    @property
    def processes(self) -> list[Process]:
        """Return every process that should run: the servers, then ours."""
        return [*(running.process for running in self._servers.values()), *self.replicas.processes]

    def moves(self) -> Moves:
        """Return how far the processes are, for those who wait: what they have logged, and the CPU they have used."""
        return self.layout.logged_bytes(), cpu_of({process.pid for process in self.processes})

    @property
    def workers(self) -> dict[str, list[int]]:
        """Return the ids of the running processes of each service."""
        return self.replicas.pids

    def set_up(self) -> None:
        """Create tables, constraints and whatever else must exist: run those of our services that run once."""
        self.replicas.run_once(self.env)

    def start_workers(self, counts: Mapping[str, int]) -> None:
        """Give each named service so many replicas and wait until they consume; leave the others alone."""
        self.replicas.scale(counts, self.env)

    def revive(self, name: str) -> None:
        """Start a process that has died."""
        next(process for process in self.processes if process.name == name).start()
        self._write_pidfile()

    def _settings(self, servers: Sequence[Server]) -> dict[str, str]:
        own = {
            "SIGHTLINE_REGION": "us-east-1",
            "SIGHTLINE_AWS_ACCESS_KEY_ID": "local",
            "SIGHTLINE_AWS_SECRET_ACCESS_KEY": "local",
            "SIGHTLINE_TABLE_PREFIX": "sightline-",
            "SIGHTLINE_KEY_PREFIX": KEY_PREFIX,
            "SIGHTLINE_STATE_FOLDER": str(self.layout.folder / "state"),
            "SIGHTLINE_FLOWER_USER": "sightline",
            "SIGHTLINE_FLOWER_PASSWORD": self.layout.password("flower"),
            "SIGHTLINE_WEB_FLOWER_URL": self._flower_page(),
            "SIGHTLINE_WEB_SECRET": self.layout.password("web secret", drawn_bytes=32),
            "SIGHTLINE_WEB_FIRST_USER": "sightline",
            "SIGHTLINE_WEB_FIRST_PASSWORD": self.layout.password("web"),
        }
        found = {name: value for server in servers for name, value in server.settings.items()}
        every = dict(self._options.defaults) | own | found | dict(self._options.settings)
        if "SIGHTLINE_REDIS_URL" in found:
            url = found["SIGHTLINE_REDIS_URL"]
            users = ("producer", "flower")
            every |= {f"SIGHTLINE_REDIS_{user.upper()}_URL": url_of(url, user, self.layout) for user in users}
        return every

    def _flower_page(self) -> str:
        """Return where browsers find Flower; "" where it does not run, so that nothing leads to it."""
        return f"http://127.0.0.1:{self.layout.port('flower')}" if self._options.has_flower else ""

    def _write_pidfile(self) -> None:
        self._pidfiles.write({process.name: process.pid for process in self.processes if process.is_running()})


class RunningServer:
    """The process of a server, and how to see that it is ready."""

    def __init__(self, server: Server, layout: Layout, environment: Mapping[str, str]) -> None:
        self.server = server
        self.process = Process(server.name, server.command, layout.log(server.name), environment)
        self._data, self._scratch = layout.data(server.name), layout.scratch

    @property
    def address(self) -> str:
        """Return where its clients find it."""
        return self.server.address

    def start(self) -> None:
        """Start it unless it runs, and wait until it is ready."""
        self.begin()
        self.wait()

    def stop(self) -> None:
        """Send TERM, then KILL if it stands still."""
        self.process.stop()

    def kill(self) -> None:
        """Send KILL."""
        self.process.kill()

    def freeze(self) -> None:
        """Freeze it: connections stay open and nobody answers."""
        self.process.freeze()

    def thaw(self) -> None:
        """Let it continue."""
        self.process.thaw()

    def begin(self) -> None:
        """Start it without waiting."""
        for folder in (self._data, self._scratch):
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in self.server.files.items():
            write_privately(path, text)
        self.process.start()

    def wait(self) -> None:
        """Wait until it is ready. Raise NotReady, with the end of its log, if it ends or stands still before."""
        wait_for(self.process, self.server.is_ready, self.address)
