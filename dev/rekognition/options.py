"""The command line of the local Rekognition."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from dev.rekognition.control import read_quotas
from dev.rekognition.detectors import OBJECTS


class Options(argparse.Namespace):
    """The options of the command line."""

    host: str
    port: int
    s3_endpoint: str
    calls_log: Path
    region: str
    latency_ms: float
    quotas: dict[str, float | None]
    lift_quotas: bool
    processes: int
    remember: Path | None
    detector: str
    completions_queue: str | None


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; exit 2 with the reason if it is wrong."""
    parser = argparse.ArgumentParser("python -m dev.rekognition", description="A Rekognition for development.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="keep it on loopback, except in a container: it checks no keys"
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--s3-endpoint", required=True, metavar="URL", help="from which S3Object images are read")
    parser.add_argument("--calls-log", type=Path, required=True, metavar="FILE", help="a line of JSON for each call")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="the minimum time of an answer")
    parser.add_argument("--quotas", type=_quotas, default={}, metavar="JSON", help='{"DetectLabels": 50}, calls/s')
    parser.add_argument("--lift-quotas", action="store_true", help="no quotas except those of --quotas")
    parser.add_argument("--processes", type=int, default=2, help="that analyse pictures")
    parser.add_argument("--remember", type=Path, metavar="FILE", help="keep answers for the next start")
    parser.add_argument(
        "--detector", choices=["", OBJECTS], default="", help="more than people and faces, if installed"
    )
    parser.add_argument("--completions-queue", metavar="URL", help="where jobs on videos tell of their end")
    return parser.parse_args(arguments, namespace=Options())


def _quotas(text: str) -> dict[str, float | None]:
    try:
        return read_quotas(json.loads(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
