"""`sightline`: the command line. Exit 0 done, 1 failed, 2 wrong usage."""

import sys
from typing import Any

import click

from console.arguments import check_arguments
from console.cli.accuracy import accuracy
from console.cli.add import add
from console.cli.backfill import backfill_command
from console.cli.check import check
from console.cli.dead import dead
from console.cli.detect import detect
from console.cli.features import features
from console.cli.images import images
from console.cli.import_label_set import import_label_set
from console.cli.parity import parity
from console.cli.query import query
from console.cli.rate import rate
from console.cli.reanalyse import reanalyse
from console.cli.resume import resume
from console.cli.review import review
from console.cli.setup import setup
from console.cli.show import show
from console.cli.status import status
from console.cli.sync import sync
from console.cli.verdicts import verdicts
from console.factory import Factory
from console.files import Unwritable
from console.output import printable
from console.pipes import let_readers_leave
from vision.errors import SightlineError
from workers.logs import configure_logs


class Failed(click.ClickException):
    """An error of ours, as click shows it: one paragraph on the error output, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print what, why and remedy."""
        click.echo(printable(self.message), file=file, err=True)


class Commands(click.Group):
    """The commands: an error of ours is one paragraph, never a traceback."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and refuse arguments that no command can mean; `add` refuses URIs one by one."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not add:
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
    ctx.obj = ctx.obj or Factory()
    ctx.call_on_close(ctx.obj.close)


for _command in (
    check,
    setup,
    add,
    backfill_command,
    status,
    show,
    images,
    query,
    detect,
    features,
    rate,
    sync,
    review,
    verdicts,
    accuracy,
    reanalyse,
    import_label_set,
    parity,
    dead,
    resume,
):
    sightline.add_command(_command)


def main() -> None:
    """Run the command line. Log lines go to the error output: the other one may be JSON."""
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
