"""`sightline resume`: resume cameras and lanes that the rejection circuit breakers have stopped."""

from collections.abc import Collection, Iterator

import click

from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera
from sightline.cli.output import json_option, print_json
from sightline.models.images import Lane
from sightline.names import printable
from sightline.services.rejection_breaker import NO_CAMERA, Group, stopped_groups
from sightline.services.rejection_breaker import resume as resume_lane
from sightline.services.stopped_cameras import resume_cameras
from sightline.storage.operations import Operations

LANES = [lane.value for lane in Lane]


@click.command()
@click.argument("lanes", metavar="[LANE]", nargs=-1, type=click.Choice(LANES))
@click.option("--camera", "cameras", metavar="NAME", multiple=True, help="This camera, in both lanes; may be repeated.")
@click.option("--no-camera", is_flag=True, help="The images whose keys name no camera.")
@json_option
@click.pass_obj
def resume(
    factory: Factory, /, *, lanes: tuple[str, ...], cameras: tuple[str, ...], no_camera: bool, as_json: bool
) -> None:
    """Resume stopped lanes and cameras: those that are named, or all.

    Within seconds the workers take the images of a lane again. Those of a camera, which wait as rows, are sent again.
    """
    operations = factory.services.operations
    names = {*_meant(cameras, operations), *([NO_CAMERA] if no_camera else [])}
    is_all = not lanes and not names
    done = {name: resume_lane(Lane(name), operations) for name in (LANES if is_all else lanes)}
    groups = stopped_groups(operations) if is_all else {Group(lane, name) for lane in Lane for name in names}
    resumed = resume_cameras(sorted(groups), factory.services, factory.send)
    by_camera = {
        group.camera: any(was for other, was in resumed.items() if other.camera == group.camera) for group in resumed
    }
    if as_json:
        print_json({**done, "cameras": by_camera})
        return
    shown = {**done, **{printable(str(Group(Lane.LIVE, name))): was for name, was in by_camera.items()}}
    for name, was_stopped in shown.items():
        click.echo(f"{name} {'resumed' if was_stopped else 'was not stopped'}")


def _meant(cameras: Collection[str], operations: Operations) -> Iterator[str]:
    """Yield the stopped cameras that are meant; a name that no stopped camera has is kept, with a hint."""
    stopped = {group.camera for group in stopped_groups(operations)} - {NO_CAMERA} if cameras else set()
    return (likely_camera(each, stopped) or each for each in cameras)
