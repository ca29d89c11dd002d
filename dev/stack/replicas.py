"""The replicas of our own services in a stack, as docker-compose.yml declares them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dev.stack.compose import Service, our_service, our_services
from dev.stack.errors import BadScale, NotReady
from dev.stack.layout import Layout
from dev.stack.processes import Process, end_of, inherited, stop_all, wait_for
from dev.stack.readiness import http_answers
from dev.stack.redis_users import url_of
from dev.stack.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica. Its process has the name of its Celery node, such as `labels-0`."""

    process: Process
    is_ready: Callable[[], bool]

    def wait(self) -> None:
        """Wait until it is ready. Raise NotReady, with the end of its log, if it ends or stands still before."""
        wait_for(self.process, self.is_ready)


class Replicas:
    """Replicas by service. `on_change` is called whenever the set of processes has changed."""

    def __init__(self, layout: Layout, on_change: Callable[[], None]) -> None:
        self._layout = layout
        self._on_change = on_change
        self._replicas: dict[str, list[Replica]] = {}

    @property
    def processes(self) -> list[Process]:
        """Return every process that should run."""
        return [replica.process for replicas in self._replicas.values() for replica in replicas]

    @property
    def pids(self) -> dict[str, list[int]]:
        """Return the ids of the running processes of each service."""
        return {
            name: [replica.process.pid for replica in replicas if replica.process.is_running()]
            for name, replicas in self._replicas.items()
        }

    def run_once(self, env: Mapping[str, str]) -> None:
        """Run the services that run once, one after the other. Raises NotReady if one fails."""
        values = self._values("once", env)
        for service in our_services(values).values():
            if service.is_once:
                self._run_to_its_end(service, inherited() | values | dict(service.environment))

    def scale(self, counts: Mapping[str, int], env: Mapping[str, str]) -> None:
        """Start the missing replicas, send TERM to the surplus (the youngest first), and wait for both."""
        for name, count in counts.items():
            check_count(our_service(name, self._values(f"{name}-0", env)), count)
        surplus = [replica for name, count in counts.items() for replica in self._take_surplus(name, count)]
        fresh = [replica for name, count in counts.items() for replica in self._add_missing(name, count, env)]
        self._on_change()
        stop_all([replica.process for replica in surplus])
        self._on_change()
        for replica in fresh:
            replica.wait()

    def stop(self) -> None:
        """Stop all of them at the same time."""
        stop_all(self.processes)
        self._replicas.clear()
        self._on_change()

    def _take_surplus(self, name: str, count: int) -> list[Replica]:
        replicas = self._replicas.setdefault(name, [])
        surplus = replicas[count:]
        del replicas[count:]
        return surplus

    def _add_missing(self, name: str, count: int, env: Mapping[str, str]) -> list[Replica]:
        replicas = self._replicas[name]
        fresh = [self._make_replica(name, number, env) for number in range(len(replicas), count)]
        replicas.extend(fresh)
        for replica in fresh:
            replica.process.start()
        return fresh

    def _make_replica(self, service_name: str, number: int, env: Mapping[str, str]) -> Replica:
        name = f"{service_name}-{number}"
        values = self._values(name, env)
        service = our_service(service_name, values)
        process = Process(
            name, service.command, self._layout.log(name), inherited() | values | dict(service.environment)
        )
        return Replica(process, self._readiness(service, process))

    def _readiness(self, service: Service, process: Process) -> Callable[[], bool]:
        """Return how to see that it is ready: a worker writes a heartbeat once it consumes; beat shows nothing."""
        if service.is_worker:
            return lambda: self._has_heartbeat(process)
        if service.name == "flower":
            return lambda: http_answers(self._layout.port("flower"), "/healthcheck")
        if service.name == "web":
            return lambda: http_answers(self._layout.port("web"), "/healthz")
        return process.is_running

    def _has_heartbeat(self, process: Process) -> bool:
        return (self._layout.folder / "state" / f"{process.name}-{process.pid}.json").exists()

    def _values(self, name: str, env: Mapping[str, str]) -> dict[str, str]:
        """Return the values for `${…}` in docker-compose.yml: the stack's settings and what differs by replica."""
        redis_url = env.get("SIGHTLINE_REDIS_URL", "")
        return dict(env) | {
            "SIGHTLINE_REDIS_URL": url_of(redis_url, "worker", self._layout),
            "SIGHTLINE_REDIS_PRODUCER_URL": url_of(redis_url, "producer", self._layout),
            "SIGHTLINE_REDIS_FLOWER_URL": url_of(redis_url, "flower", self._layout),
            "SIGHTLINE_REPLICA": name.rpartition("-")[2],
            "SIGHTLINE_METRICS_PORT": str(self._layout.port(f"metrics of {name}")),
            "SIGHTLINE_METRICS_ADDRESS": "127.0.0.1",
            "SIGHTLINE_FLOWER_PORT": str(self._layout.port("flower")),
            "SIGHTLINE_FLOWER_ADDRESS": "127.0.0.1",
            "SIGHTLINE_WEB_PORT": str(self._layout.port("web")),
            "SIGHTLINE_WEB_ADDRESS": "127.0.0.1",
            "SIGHTLINE_WEB_PLAIN_HTTP": "false",
            "SIGHTLINE_BEAT_SCHEDULE": str(self._layout.folder / "beat-schedule"),
        }

    def _run_to_its_end(self, service: Service, environment: Mapping[str, str]) -> None:
        log = self._layout.log(service.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        process = Process(service.name, service.command, log, environment)
        process.start()
        wait_until(lambda: not process.is_running(), process.moves)
        process.stop()
        if process.exit_status:
            raise NotReady(
                " ".join(service.command), rule="it must exit with status 0", remedy=f"It printed:\n{end_of(log, 20)}"
            )


def check_count(service: Service, count: int) -> None:
    """Raise BadScale if this service cannot have that many replicas."""
    most = None if service.may_have_replicas else 1
    if service.is_once or count < 0 or (most is not None and count > most):
        raise BadScale(f"{service.name}={count}", remedy="Correct SCALE")
