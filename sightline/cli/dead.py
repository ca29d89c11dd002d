"""`sightline dead`: what can not succeed, by which rule, with which remedy; and what to do once it is mended."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any

import click

from sightline import errors
from sightline.bootstrap import capture_reader
from sightline.cli.factory import Factory
from sightline.cli.moments import moment
from sightline.cli.output import json_option, plain, print_json, print_table, printable
from sightline.errors import BadMessage, RejectedError, UnknownFeature
from sightline.progress import counted
from sightline.services.redrive import Choice, camera_of_dead_letter, redrive
from sightline.storage.dead_letters import DeadLetter

_KEPT = (RejectedError, BadMessage, UnknownFeature)
TYPES = sorted(name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, _KEPT))
"""What letters are of: a slip in a name would read as good news. The sync keeps a feature that it does not know."""


class NoSuchDeadLetter(BadMessage):
    """Nothing that is kept has this id."""

    rule = "a letter must be open, and named by its id, its image or its input"
    remedy = "See `sightline dead list`"


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose letters."""
    options = (
        click.option(
            "--type",
            "error",
            type=click.Choice(TYPES),
            metavar="ERROR",
            help="Only of this type, such as TruncatedImage.",
        ),
        click.option("--camera", help="Only images of this camera."),
        click.option("--image", metavar="URI", help="Only of this image."),
        click.option("--since", metavar="TIME", callback=moment, help="Only those that came then or later: 2h, 7d."),
        click.option("--until", metavar="TIME", callback=moment, help="Only those that came then or before."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def dead() -> None:
    """List, show, export and redrive dead letters."""


@dead.command("list")
@_choosing
@click.option("--closed", is_flag=True, help="Those that were closed, in the last 90 days.")
@json_option
@click.pass_obj
def list_letters(factory: Factory, /, *, closed: bool, as_json: bool, **chosen: Any) -> None:
    """List letters: error, input, rule, remedy, first and last time, attempts."""
    dead_letters = _letters(factory, Choice(**chosen), closed=closed)
    if as_json:
        print_json([_facts(dead_letter, factory) for dead_letter in dead_letters])
        return
    rows = [(each.error, each.subject, each.rule, each.remedy, each.last_at, each.attempts) for each in dead_letters]
    title = f"dead letters: {len(rows)} {'closed' if closed else 'open'}"
    print_table(title, ("error", "input", "rule", "remedy", "last", "times"), rows)


@dead.command()
@click.argument("dead_letter", metavar="URI|INPUT|ID")
@json_option
@click.pass_obj
def show(factory: Factory, dead_letter: str, *, as_json: bool) -> None:
    """Show the letters of one image or input, or the one with this id, whole."""
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
@click.option("--to", "file", type=click.File("w", encoding="utf-8"), default="-", help="A file; - is the output.")
@click.pass_obj
def export(factory: Factory, /, *, file: IO[str], **chosen: Any) -> None:
    """Write letters as JSON, one on each line."""
    for dead_letter in _letters(factory, Choice(**chosen)):
        click.echo(json.dumps(_facts(dead_letter, factory), default=plain), file=file)


@dead.command("redrive")
@_choosing
@click.option("--all", "everything", is_flag=True, help="All open letters.")
@json_option
@click.pass_obj
def redrive_letters(factory: Factory, /, *, everything: bool, as_json: bool, **chosen: Any) -> None:
    """Look at the images of letters again, paying only for what is missing. A letter closes when its image is taken."""
    choice = Choice(**chosen)
    if (choice == Choice()) != everything:
        raise click.UsageError("Say which letters: --type, --camera, --image, --since, --until; or --all.")
    s = factory.services
    done: Counter[str] = Counter(sent=0, closed=0, refused=0)
    for batch in redrive(counted(_letters(factory, choice), "redriving"), s.images, s.operations, factory.send):
        done.update(batch)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done['sent']} sent again, {done['closed']} closed as complete, {done['refused']} name no image")


@dead.command()
@click.argument("dead_letter", metavar="URI|INPUT|ID")
@click.pass_obj
def close(factory: Factory, dead_letter: str) -> None:
    """Close letters that need nothing more, such as that of a message whose sender is mended."""
    closed = sum(
        factory.services.operations.dead_letters.close(each.dead_letter_id) for each in _named(factory, dead_letter)
    )
    click.echo(f"{closed} closed")


def _letters(factory: Factory, choice: Choice, *, closed: bool = False) -> Iterator[DeadLetter]:
    camera_of = capture_reader(factory.settings).camera_of
    return (
        each for each in factory.services.operations.dead_letters.read(closed=closed) if choice.takes(each, camera_of)
    )


def _named(factory: Factory, name: str) -> list[DeadLetter]:
    dead_letters = factory.services.operations.dead_letters.read()
    found = [each for each in dead_letters if name in {each.dead_letter_id, each.image_id, each.subject}]
    if not found:
        raise NoSuchDeadLetter(name)
    return found


def _facts(dead_letter: DeadLetter, factory: Factory) -> dict[str, str | int | datetime | None]:
    camera = camera_of_dead_letter(dead_letter, capture_reader(factory.settings).camera_of)
    return {"id": dead_letter.dead_letter_id, "camera": camera, **asdict(dead_letter)}
