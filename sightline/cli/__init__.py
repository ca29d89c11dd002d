"""`sightline`: the command line. Exit codes: 0 done, 1 failed, 2 wrong usage.

A command's module is imported only when the command runs: `sightline --help` loads neither SciPy nor Neo4j nor Celery.
"""

import sys
from importlib import import_module
from typing import Any

import click

from sightline.cli.param_types import check_arguments
from sightline.cli.writing import Unwritable, survive_broken_pipes
from sightline.errors import SightlineError
from sightline.names import printable

COMMANDS = {
    "check": "Check every setting, server, clock and bucket of images.",
    "setup": "Create tables, indexes, constraints and the checkpoint bucket if they are missing.",
    "add": "Add images by URI (s3://bucket/key): a row for each, then a message.",
    "backfill": "Send every image in a bucket that still needs analysis.",
    "listen": "Add images as S3's events tell of them, from queues in SQS, until it is stopped.",
    "status": "Show images by state, queues, calls, cost, the graph and dead letters.",
    "cost": "Show this month's cost by day, feature, camera, lane and reason, and a forecast.",
    "show": "Show what is known about one image: its state, labels, faces and text.",
    "images": "List the images that show a label with at least a given confidence, newest first.",
    "query": "Run a named query on the graph.",
    "detect": "Analyse one picture now: a file of at most 5 MB, or an object in S3.",
    "verify-set": "Say which pictures of a training set do not belong to it, and why.",
    "compare": "Compare the largest face of SOURCE with each face of TARGET: files, or objects in S3.",
    "people": "Enrol people who agreed to be known, list and forget them, and say what candidates show.",
    "features": "List the features: operation, price, quota, and whether new images are analysed for them.",
    "rate": "Show the call rates, or set a feature's quota (calls per second) for all processes at once.",
    "sync": "Bring the graph up to date with the rows, from where the last run stopped.",
    "review": "List the images whose verdicts would improve the figures most.",
    "verdicts": "Record, import and export what people saw in images.",
    "accuracy": "Show precision, recall, F1 and missed images for each camera, with intervals.",
    "need": "Show what paying by need (SIGHTLINE_NEED) saved, and what it missed, with an interval.",
    "clock": "Correct the capture times of a camera whose clock was wrong, or undo that.",
    "reanalyse": "Analyse images again if the answer cannot tell whether the label was missed.",
    "import-label-set": "Import labels from a DynamoDB table with one row per label.",
    "parity": "Compare rows and graph, image by image and relationship by relationship.",
    "dead": "List, show, export and redrive dead letters.",
    "resume": "Resume stopped lanes and cameras.",
    "users": "Add, list and remove users of the console.",
    "serve": "Serve the console: pages and the JSON API, on SIGHTLINE_WEB_ADDRESS and SIGHTLINE_WEB_PORT.",
}
"""Each command, in the order of `--help`. The module and the function in it are named after the command."""


class Failed(click.ClickException):
    """A sightline error as click reports it: one paragraph on standard error, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print the input, the rule and the remedy."""
        click.echo(printable(self.message), file=file, err=True)


class Commands(click.Group):
    """The command group. A sightline error is printed as one paragraph, never as a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"sightline.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and reject arguments that are invalid for any command; `add` checks its URIs one by one."""
        name, command, rest = super().resolve_command(ctx, args)
        if name != "add":
            check_arguments(rest)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn a sightline error into exit code 1."""
        try:
            return super().invoke(ctx)
        except SightlineError as error:
            raise Failed(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sightline")
@click.pass_context
def sightline(ctx: click.Context) -> None:
    """Which camera images must a person look at, what did the detector miss, and what did that cost?"""
    # `--help` and `--version` end before this: they need neither structlog, nor Celery and boto3.
    from sightline.cli.factory import Factory  # noqa: PLC0415
    from sightline.logs import configure_logs  # noqa: PLC0415

    if ctx.obj is None:
        configure_logs("WARNING", as_json=False)
        ctx.obj = Factory()
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line. Log lines go to standard error: standard output may be JSON."""
    try:
        survive_broken_pipes()
        try:
            sightline()
        finally:
            sys.stdout.flush()  # the disk may be full: an error of the last lines must not be lost
    except Unwritable as error:
        click.echo(printable(str(error)), err=True)
        sys.exit(1)
