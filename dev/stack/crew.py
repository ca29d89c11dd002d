"""Our own processes in a stack: so many replicas of each service, as docker-compose.yml declares them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dev.stack.compose import Service, our_service, our_services
from dev.stack.errors import BadScale, NotReady
from dev.stack.place import Place
from dev.stack.processes import Process, end_of, inherited, stop_all, wait_for
from dev.stack.readiness import http_answers
from dev.stack.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Member:
    """One replica. Its process is called like its Celery node, `labels-0`."""

    process: Process
    is_ready: Callable[[], bool]

    def wait(self) -> None:
        """Wait until it is ready; raise NotReady with the end of its log where it ends, or stands still, before."""
        wait_for(self.process, self.is_ready)


class Crew:
    """Replicas by service. `count` is called whenever the set of processes has changed."""

    def __init__(self, place: Place, count: Callable[[], None]) -> None:
        self._place = place
        self._count = count
        self._members: dict[str, list[Member]] = {}

    @property
    def processes(self) -> list[Process]:
        """Every process that should run."""
        return [member.process for members in self._members.values() for member in members]

    @property
    def pids(self) -> dict[str, list[int]]:
        """Service → ids of its running processes."""
        return {
            name: [member.process.pid for member in members if member.process.is_running()]
            for name, members in self._members.items()
        }

    def run_once(self, env: Mapping[str, str]) -> None:
        """Run the one-time services, one after the other. Raises NotReady if one fails."""
        values = self._values("once", env)
        for service in our_services(values).values():
            if service.is_once:
                self._run_to_its_end(service, inherited() | values | dict(service.environment))

    def scale(self, counts: Mapping[str, int], env: Mapping[str, str]) -> None:
        """Start what is missing, TERM what is too many (the youngest first), and wait for both."""
        for name, count in counts.items():
            check_count(our_service(name, self._values(f"{name}-0", env)), count)
        surplus = [member for name, count in counts.items() for member in self._take_surplus(name, count)]
        fresh = [member for name, count in counts.items() for member in self._add_missing(name, count, env)]
        self._count()
        stop_all([member.process for member in surplus])
        self._count()
        for member in fresh:
            member.wait()

    def stop(self) -> None:
        """Stop them all at the same time."""
        stop_all(self.processes)
        self._members.clear()
        self._count()

    def _take_surplus(self, name: str, count: int) -> list[Member]:
        members = self._members.setdefault(name, [])
        surplus = members[count:]
        del members[count:]
        return surplus

    def _add_missing(self, name: str, count: int, env: Mapping[str, str]) -> list[Member]:
        members = self._members[name]
        fresh = [self._hire(name, number, env) for number in range(len(members), count)]
        members.extend(fresh)
        for member in fresh:
            member.process.start()
        return fresh

    def _hire(self, service_name: str, number: int, env: Mapping[str, str]) -> Member:
        name = f"{service_name}-{number}"
        values = self._values(name, env)
        service = our_service(service_name, values)
        process = Process(
            name, service.command, self._place.log(name), inherited() | values | dict(service.environment)
        )
        return Member(process, self._readiness(service, process))

    def _readiness(self, service: Service, process: Process) -> Callable[[], bool]:
        """A worker writes its first heartbeat when it consumes; beat says nothing."""
        if service.is_worker:
            return lambda: self._has_heartbeat(process)
        if service.name == "flower":
            return lambda: http_answers(self._place.port("flower"), "/healthcheck")
        return process.is_running

    def _has_heartbeat(self, process: Process) -> bool:
        return (self._place.folder / "state" / f"{process.name}-{process.pid}.json").exists()

    def _values(self, name: str, env: Mapping[str, str]) -> dict[str, str]:
        """Return what `${…}` in docker-compose.yml stands for: the stack's settings and what differs by replica."""
        return dict(env) | {
            "SIGHTLINE_REPLICA": name.rpartition("-")[2],
            "SIGHTLINE_METRICS_PORT": str(self._place.port(f"metrics of {name}")),
            "SIGHTLINE_METRICS_ADDRESS": "127.0.0.1",
            "SIGHTLINE_FLOWER_PORT": str(self._place.port("flower")),
            "SIGHTLINE_FLOWER_ADDRESS": "127.0.0.1",
            "SIGHTLINE_BEAT_SCHEDULE": str(self._place.folder / "beat-schedule"),
        }

    def _run_to_its_end(self, service: Service, environment: Mapping[str, str]) -> None:
        log = self._place.log(service.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        process = Process(service.name, service.command, log, environment)
        process.start()
        wait_until(lambda: not process.is_running(), process.moves)
        process.stop()
        if process.exit_status:
            raise NotReady(" ".join(service.command), rule="it must end well", remedy=f"It said:\n{end_of(log, 20)}")


def check_count(service: Service, count: int) -> None:
    """Raise BadScale if this service cannot have that many replicas."""
    most = None if service.is_worker else 1
    if service.is_once or count < 0 or (most is not None and count > most):
        raise BadScale(f"{service.name}={count}", remedy="Correct SCALE")
