"""`sightline`: the command line. Exit 0 done, 1 failed, 2 wrong usage."""

import sys

import click

from console.cli.add import add
from console.cli.check import check
from console.cli.images import images
from console.cli.query import query
from console.cli.setup import setup
from console.cli.show import show
from console.cli.status import status
from console.factory import Factory
from vision.errors import SightlineError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sightline")
def sightline() -> None:
    """Which camera images must a person look at, what did the detector miss, and what did that cost?"""


for _command in (check, setup, add, status, show, images, query):
    sightline.add_command(_command)


def main() -> None:
    """Run the command line; an error of ours is one paragraph, never a traceback."""
    factory = Factory()
    try:
        sightline(obj=factory, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(1)
    except SightlineError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    finally:
        factory.close()
