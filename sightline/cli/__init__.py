"""`sightline`: the command line. Exit 0 done, 1 failed, 2 wrong usage.

A command's module is imported when the command is called: `sightline --help` loads neither SciPy nor Neo4j nor Celery.
"""

import sys
from importlib import import_module
from typing import Any

import click

from sightline.cli.output import printable
from sightline.cli.param_types import check_arguments
from sightline.cli.writing import Unwritable, let_readers_leave
from sightline.errors import SightlineError

COMMANDS = {
    "check": "Look at every setting and server.",
    "setup": "Create tables, indexes, constraints and the checkpoint bucket if they are missing.",
    "add": "Add images by URI (s3://bucket/key): a row for each, then a message.",
    "backfill": "Send every image of a bucket that is due.",
    "status": "Show images by state, queues, calls, cost, the graph and dead letters.",
    "show": "Show labels, faces and text of one image beside its facts.",
    "images": "List the images that show a label at a confidence or above, newest first.",
    "query": "Ask the graph a named question.",
    "detect": "Ask about one picture now: a file of at most 5 MB, or an object in S3.",
    "features": "List the features there are: operation, price, quota, queue, and whether new images are asked.",
    "rate": "Show the rates, or set a feature's quota (calls a second) for all processes at once.",
    "sync": "Show in the graph what the rows say and it does not: from where the last run stood, to now.",
    "review": "Ask for the images whose verdicts make the figures surer.",
    "verdicts": "Say what images show, and get out what was said.",
    "accuracy": "Show precision, recall, F1 and missed images of each camera, with their intervals.",
    "reanalyse": "Ask deeper for images of which it is unknown whether the label was missed.",
    "import-label-set": "Keep the labels of a DynamoDB table with one row for each label.",
    "parity": "Compare rows and graph, image by image and relationship by relationship.",
    "dead": "List, show, export and redrive dead letters.",
    "resume": "Let a stopped lane go on, or both.",
}
"""Each command, in the order of `--help`. Its module in this package has its name, and so has the command in it."""


class Failed(click.ClickException):
    """An error of sightline's own, as click shows it: one paragraph on the error output, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print what, why and remedy."""
        click.echo(printable(self.message), file=file, err=True)


class Commands(click.Group):
    """The commands: an error of sightline's own is one paragraph, never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
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
        """Find the command, and refuse arguments that no command can mean; `add` refuses URIs one by one."""
        name, command, rest = super().resolve_command(ctx, args)
        if name != "add":
            check_arguments(rest)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except SightlineError as error:
            raise Failed(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sightline")
@click.pass_context
def sightline(ctx: click.Context) -> None:
    """Which camera images must a person look at, what did the detector miss, and what did that cost?"""
    from sightline.cli.factory import Factory  # noqa: PLC0415 - imports Celery and boto3, which `--help` does not need

    ctx.obj = ctx.obj or Factory()
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line. Log lines go to the error output: the other one may be JSON."""
    from sightline.logs import configure_logs  # noqa: PLC0415 - a tenth of a second, and a closed output is told first

    try:
        let_readers_leave()
        configure_logs("WARNING", as_json=False)
        try:
            sightline()
        finally:
            sys.stdout.flush()  # the last lines may be those that find no room
    except Unwritable as error:
        click.echo(printable(str(error)), err=True)
        sys.exit(1)
