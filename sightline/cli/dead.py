"""`sightline dead`: dead letters, each with the rule that it broke and a remedy; redrive them once that is done."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import IO, Any

import click

from sightline import errors, video_errors
from sightline.bootstrap import capture_reader
from sightline.cli.factory import Factory
from sightline.cli.images import likely_camera
from sightline.cli.output import json_option, plain, print_json, print_table
from sightline.cli.param_types import TIME
from sightline.cli.paying import agree, exact_option, show_quote, yes_option
from sightline.errors import BadMessage, RejectedError, UnknownFeature
from sightline.names import printable
from sightline.progress import counted
from sightline.services.quotes import exact_quote, list_images, quote
from sightline.services.redrive import OF_VIDEOS, Choice, camera_of_dead_letter, image_of, redrive
from sightline.storage.dead_letters import DeadLetter

_KEPT = (RejectedError, BadMessage, UnknownFeature)
_NAMED = vars(errors) | vars(video_errors)
TYPES = sorted(name for name, each in _NAMED.items() if isinstance(each, type) and issubclass(each, _KEPT))
"""The errors that dead letters hold. A choice, because a mistyped name would find nothing and read as good news."""


CHOOSING = "--type, --camera, --no-camera, --image, --since or --until"


class NoSuchDeadLetter(BadMessage):
    """No open dead letter has this name."""

    rule = "it must be the id, the image or the input of an open dead letter"
    remedy = "See `sightline dead list`"


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select dead letters to a command."""
    options = (
        click.option(
            "--type",
            "error",
            type=click.Choice(TYPES),
            metavar="ERROR",
            help="Only this error, such as TruncatedImage.",
        ),
        click.option("--camera", help="Only this camera's images."),
        click.option("--no-camera", is_flag=True, help="Only inputs that name no camera."),
        click.option("--image", metavar="URI", help="Only this image."),
        click.option("--since", metavar="TIME", type=TIME, help="Only those from this time on: 2h, 7d or a time."),
        click.option("--until", metavar="TIME", type=TIME, help="Only those up to this time."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """List, show, export and redrive dead letters."""


@dead.command("list")
@_choosing
@click.option("--closed", is_flag=True, help="List the ones closed in the last 90 days.")
@json_option
@click.pass_obj
def list_letters(factory: Factory, /, *, closed: bool, as_json: bool, **chosen: Any) -> None:
    """List dead letters: error, input, rule, remedy, last time and attempts."""
    dead_letters = _letters(factory, Choice(**chosen), closed=closed)
    if as_json:
        print_json([_facts(dead_letter, factory) for dead_letter in dead_letters])
        return
    rows = [(each.error, each.subject, each.rule, each.remedy, each.last_at, each.attempts) for each in dead_letters]
    title = f"dead letters: {len(rows)} {'closed' if closed else 'open'}"
    print_table(title, ("error", "input", "rule", "remedy", "last seen", "attempts"), rows)


@dead.command()
@click.argument("dead_letter", metavar="URI|INPUT|ID")
@json_option
@click.pass_obj
def show(factory: Factory, dead_letter: str, *, as_json: bool) -> None:
    """Show every field of the dead letters of one image or input, or of the one with this id."""
    found = [_facts(each, factory) for each in _named(factory, dead_letter)]
    if as_json:
        print_json(found)
        return
    for facts in found:
        lines = [(name, value) for name, value in facts.items() if value is not None]
        print_table(
            printable(str(facts["id"])), ("", ""), [(n, json.dumps(v) if n == "message" else v) for n, v in lines]
        )


@dead.command()
@_choosing
@click.option("--to", "file", type=click.File("w", encoding="utf-8"), default="-", help="A file; - is standard output.")
@click.pass_obj
def export(factory: Factory, /, *, file: IO[str], **chosen: Any) -> None:
    """Write dead letters as JSON Lines."""
    for dead_letter in _letters(factory, Choice(**chosen)):
        click.echo(json.dumps(_facts(dead_letter, factory), default=plain), file=file)


@dead.command("redrive")
@_choosing
@click.option("--all", "everything", is_flag=True, help="All open dead letters.")
@yes_option
@exact_option
@json_option
@click.pass_obj
def redrive_letters(
    factory: Factory, /, *, everything: bool, yes: bool, exact: bool, as_json: bool, **chosen: Any
) -> None:
    """Process the images of dead letters again, paying only for missing answers.

    A dead letter closes once its image is accepted.
    """
    choice = Choice(**chosen)
    if (choice == Choice()) != everything:
        raise click.UsageError(f"Choose dead letters with {CHOOSING}; or use --all.")
    services = factory.services
    letters = [*_letters(factory, choice)]
    images = (image_of(each) for each in letters if each.step not in OF_VIDEOS)  # what a video costs was agreed to
    if (listing := list_images(filter(None, images), services)).images:
        quoted = exact_quote(listing, services) if exact else quote(listing, services)
        show_quote(quoted)
        agree(quoted, factory, yes=yes)
    done: Counter[str] = Counter(sent=0, closed=0, refused=0)
    for batch in redrive(
        counted(letters, "redriving", len(letters)),
        services.images,
        services.videos,
        services.job_runner,
        services.operations,
        factory.send,
    ):
        done.update(batch)
    if as_json:
        print_json(done)
    else:
        closed, refused = f"{done['closed']} already complete and closed", f"{done['refused']} without an image"
        click.echo(f"{done['sent']} sent again, {closed}, {refused}")


@dead.command()
@click.argument("dead_letter", metavar="[URI|INPUT|ID]", required=False)
@_choosing
@click.option("--all", "everything", is_flag=True, help="All open dead letters.")
@click.pass_obj
def close(factory: Factory, /, *, dead_letter: str | None, everything: bool, **chosen: Any) -> None:
    """Close dead letters that need no redrive: one by its name, or a group by options.

    Such as that of a bad message whose sender has been fixed, or those of a camera that uploaded clips.
    """
    choice = Choice(**chosen)
    if [dead_letter is not None, choice != Choice(), everything].count(True) != 1:
        raise click.UsageError(f"Name a dead letter, or choose some with {CHOOSING}; or use --all.")
    letters = _letters(factory, choice) if dead_letter is None else _named(factory, dead_letter)
    closed = sum(factory.services.operations.dead_letters.close(each.dead_letter_id) for each in letters)
    click.echo(f"{closed} closed")


def _letters(factory: Factory, choice: Choice, *, closed: bool = False) -> Iterator[DeadLetter]:
    camera_of = capture_reader(factory.settings).camera_of
    # With a camera all are read: which name is meant follows from the cameras of all errors.
    error = None if choice.camera else choice.error
    dead_letters: Iterable[DeadLetter] = factory.services.operations.dead_letters.read(closed=closed, error=error)
    if choice.camera:
        dead_letters = [*dead_letters]
        known = {camera for each in dead_letters if (camera := camera_of_dead_letter(each, camera_of))}
        choice = replace(choice, camera=likely_camera(choice.camera, known))
    return (each for each in dead_letters if choice.takes(each, camera_of))


def _named(factory: Factory, name: str) -> list[DeadLetter]:
    dead_letters = factory.services.operations.dead_letters
    by_id = dead_letters.get(name)
    if by_id and by_id.closed_at is None:
        return [by_id]
    found = [each for each in dead_letters.read() if name in {each.dead_letter_id, each.image_id, each.subject}]
    if not found:
        raise NoSuchDeadLetter(name)
    return found


def _facts(dead_letter: DeadLetter, factory: Factory) -> dict[str, str | int | datetime | None]:
    camera = camera_of_dead_letter(dead_letter, capture_reader(factory.settings).camera_of)
    return {"id": dead_letter.dead_letter_id, "camera": camera, **asdict(dead_letter)}
