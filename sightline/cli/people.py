"""`sightline people`: who may be known, by which consent, and how that ends."""

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.errors import SightlineError
from sightline.models.people import EnrolmentState, Match, Word
from sightline.names import printable
from sightline.services.people.forgetting import BACKUPS, HOLD_NOTHING, Forgotten
from sightline.services.people.reviewing import say
from sightline.services.people.searching import last_day

by_option = click.option("--by", default=getpass.getuser, help="Who says so; default: your user name.")


@click.group()
def people() -> None:
    """Enrol people who agreed to be known, list and forget them, and say what candidates show.

    It is biometric, and off: SIGHTLINE_PEOPLE_POLICY and SIGHTLINE_KNOWN_PEOPLE turn it on; see docs/known-people.md.
    """


@people.command()
@click.argument("name")
@click.argument("pictures", metavar="PICTURE...", nargs=-1, required=True)
@click.option(
    "--consent",
    type=click.Path(path_type=Path),
    required=True,
    help="What the person agreed to: TOML with person, given_on, until and purpose.",
)
@click.option("--renew", is_flag=True, help="It is a newer consent of the same person.")
@json_option
@click.pass_obj
def enrol(factory: Factory, name: str, pictures: tuple[str, ...], *, consent: Path, renew: bool, as_json: bool) -> None:
    """Enrol NAME with pictures, files or objects in S3, that show exactly one face each."""
    services = factory.services
    enrolled = services.enrolling.enrol(name, pictures, consent, renews=renew)
    try:
        services.calls.flush()
    except SightlineError as error:
        click.echo(f"`sightline status` will not count these calls. {printable(str(error))}", err=True)
    if as_json:
        print_json({"name": name, "pictures": [asdict(each) for each in enrolled]})
        return
    for each in enrolled:
        click.echo(f"{printable(each.picture)}: {'enrolled' if each.is_new else 'enrolled already: nothing paid'}")


@people.command(name="list")
@json_option
@click.pass_obj
def list_people(factory: Factory, *, as_json: bool) -> None:
    """List who is known: by which consent, until when, with how many pictures."""
    services = factory.services
    enrolments, collection = services.operations.people.enrolments(), services.faces.name
    found: list[dict[str, Any]] = []
    for person in services.operations.people.all():
        theirs = [each for each in enrolments if each.person_id == person.person_id]
        indexed = [each for each in theirs if each.state is EnrolmentState.INDEXED and each.collection == collection]
        found.append(
            {
                "name": person.name,
                "pictures": len(indexed),
                "unfinished": len(theirs) - len(indexed),
                "consent_given_on": person.consent.given_on.isoformat(),
                "forgotten_after": last_day(person, services.people_policy).isoformat(),
                "consent_sha256": person.consent.sha256,
                "is_leaving": person.is_leaving,
            }
        )
    if as_json:
        print_json({"people": found})
        return
    columns = ("name", "pictures", "unfinished", "consent of", "forgotten after", "consent, SHA-256", "")
    rows = [
        [
            *[printable(str(value)) if isinstance(value, str) else value for value in [*each.values()][:-2]],
            each["consent_sha256"][:12],
            "is being forgotten" if each["is_leaving"] else "",
        ]
        for each in found
    ]
    print_table("known people", columns, rows, empty="nobody is known")


@people.command()
@click.argument("name")
@json_option
@click.pass_obj
def forget(factory: Factory, name: str, *, as_json: bool) -> None:
    """Remove all that is kept of NAME, look again in each place, and name what backups still hold.

    Killed at any moment, it goes on when it is run again. It needs no policy.
    """
    forgotten = factory.services.forgetting.forget(name)
    if as_json:
        print_json({**asdict(forgotten), "hold_nothing": HOLD_NOTHING, "backups": BACKUPS})
    else:
        _print_forgotten(forgotten)


def _print_forgotten(forgotten: Forgotten) -> None:
    title = f"{printable(forgotten.name)} is forgotten: these places were searched, emptied and searched again"
    print_table(title, ("where", "removed", "left"), [(each.where, each.found, 0) for each in forgotten.places])
    click.echo(f"Not searched: {HOLD_NOTHING}.")
    pictures = ", ".join(map(printable, forgotten.pictures)) or "none"
    click.echo(f"No copy was kept of the pictures that you gave; remove them where they are: {pictures}")
    click.echo("What sightline does not reach:")
    for each in BACKUPS:
        click.echo(f"- {each}")


@people.command()
@click.argument("name", required=False)
@json_option
@click.pass_obj
def matches(factory: Factory, name: str | None, *, as_json: bool) -> None:
    """List the images that may show somebody: each is a candidate until a reviewer says so."""
    services = factory.services
    person = services.forgetting.person_named(name) if name else None
    found = services.operations.people.matches(person_id=person.person_id if person else None)
    if as_json:
        print_json({"matches": [_as_plain(each) for each in found]})
        return
    rows = [
        (each.image_id, printable(each.name), round(each.similarity, 1), _word(each), each.expires_at) for each in found
    ]
    print_table("candidates", ("image", "may show", "similarity", "a reviewer says", "kept until"), rows)


def _word(match: Match) -> str:
    return f"{match.word.shown} by {printable(match.by)}" if match.word else "nothing yet"


def _as_plain(match: Match) -> dict[str, Any]:
    return {
        "image": match.image_id,
        "name": match.name,
        "similarity": match.similarity,
        "box": asdict(match.box),
        "word": match.word,
        "by": match.by or None,
        "at": match.at,
        "kept_until": match.expires_at,
    }


@people.command()
@click.argument("image")
@click.argument("name")
@by_option
@click.pass_obj
def confirm(factory: Factory, image: str, name: str, by: str) -> None:
    """Say that IMAGE shows NAME."""
    _say(factory, image, name, Word.CONFIRMED, by)


@people.command()
@click.argument("image")
@click.argument("name")
@by_option
@click.pass_obj
def deny(factory: Factory, image: str, name: str, by: str) -> None:
    """Say that IMAGE does not show NAME; the graph then shows it no more."""
    _say(factory, image, name, Word.DENIED, by)


def _say(factory: Factory, image: str, name: str, word: Word, by: str) -> None:
    services = factory.services
    say(image, name, word, by, forgetting=services.forgetting, searching=services.searching)
    click.echo(f"{printable(image)}: {word}, {printable(name)}")
