"""`python -m dev.stack up|down|status|env`."""

import argparse
import shlex
import sys
from pathlib import Path

from dev.rekognition.detectors import OBJECTS
from dev.stack import control, report
from dev.stack.folders import UP
from dev.stack.supervisor import supervise
from sightline.cli.writing import survive_broken_pipes
from sightline.errors import SightlineError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen.command, chosen.folder, chosen.scale, chosen.detector)
    except SightlineError as error:
        print(error, file=sys.stderr)
        return 1


def _run(command: str, folder: Path, scale: str, detector: str) -> int:
    match command:
        case "up":
            _up(folder, scale, detector)
        case "down":
            left = control.down(folder)
            print(f"ended what was left running: {', '.join(left)}" if left else "stopped")
        case "status":
            return _status(folder)
        case "env":
            print(_env_file(folder).read_text(), end="")
        case _:
            return supervise(folder)
    return 0


def _up(folder: Path, scale: str, detector: str) -> None:
    control.up(folder, control.read_scale(scale), detector)
    print(report.addresses(folder, _read_env(folder)))


def _status(folder: Path) -> int:
    """Return exit code 1 if the stack is not up, for scripts."""
    print(report.processes(folder))
    if not control.is_up(folder):
        return 1
    print(report.addresses(folder, _read_env(folder)))
    return 0


def _read_env(folder: Path) -> dict[str, str]:
    words = shlex.split(_env_file(folder).read_text())
    return {name: value for name, _, value in (word.partition("=") for word in words if "=" in word)}


def _env_file(folder: Path) -> Path:
    file = folder / "env"
    if not file.exists():
        raise SightlineError(str(folder), rule="the stack must be up", remedy="Run `make up`")
    return file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.stack", description="The local stack of servers and workers.")
    parser.add_argument("command", choices=["up", "down", "status", "env", "supervise"])
    parser.add_argument("--folder", type=Path, default=UP, help="where the stack keeps its data, logs and passwords")
    parser.add_argument("--scale", default="", help='replicas, such as "labels=3 text=2"')
    parser.add_argument("--detector", choices=["", OBJECTS], default="", help="of the local Rekognition")
    return parser


if __name__ == "__main__":
    survive_broken_pipes()
    sys.exit(main())
