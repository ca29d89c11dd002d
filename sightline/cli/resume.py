"""`sightline resume`: resume a lane that the rejection circuit breaker has stopped."""

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json
from sightline.models.images import Lane
from sightline.services.rejection_breaker import resume as resume_lane


@click.command()
@click.argument("lanes", metavar="[LANE]", nargs=-1, type=click.Choice([lane.value for lane in Lane]))
@json_option
@click.pass_obj
def resume(factory: Factory, /, *, lanes: tuple[str, ...], as_json: bool) -> None:
    """Resume a stopped lane, or both. Within seconds its workers take images again."""
    done = {
        name: resume_lane(Lane(name), factory.services.operations) for name in lanes or [lane.value for lane in Lane]
    }
    if as_json:
        print_json(done)
        return
    for lane, was_stopped in done.items():
        click.echo(f"{lane} {'resumed' if was_stopped else 'was not stopped'}")
