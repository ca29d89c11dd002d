"""`sightline users`: who may sign in to the console."""

import click

from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.services.users import (
    COMMAND_LINE,
    NoSuchUser,
    Passwords,
    add_user,
    new_password,
    note_act,
    set_password,
)
from sightline.storage.users.protocol import Role

roles_option = click.option(
    "--role",
    "roles",
    type=click.Choice([*map(str, Role)]),
    multiple=True,
    required=True,
    help="What the user may do; several times for several.",
)


@click.group()
def users() -> None:
    """Add, list and remove users of the console."""


@users.command()
@click.argument("name")
@roles_option
@click.pass_obj
def add(factory: Factory, name: str, roles: tuple[str, ...]) -> None:
    """Add a user, and print the password that was drawn."""
    services, password = factory.services, new_password()
    add_user(name, map(Role, roles), password, users=services.users, passwords=Passwords(), clock=services.clock)
    _note(factory, "add user", name, roles=sorted(roles))
    click.echo(password)


@users.command()
@click.argument("name")
@click.pass_obj
def passwd(factory: Factory, name: str) -> None:
    """Draw another password for a user, print it, and end the user's sessions."""
    password = new_password()
    set_password(name, password, users=factory.services.users, passwords=Passwords())
    _note(factory, "set password", name)
    click.echo(password)


@users.command(name="list")
@json_option
@click.pass_obj
def list_users(factory: Factory, *, as_json: bool) -> None:
    """List the users, each with roles and tokens."""
    store = factory.services.users
    found = [
        {
            "name": user.name,
            "roles": sorted(role.shown for role in user.roles),
            "created_at": user.created_at,
            "tokens": [token.title for token in store.tokens(user.name)],
        }
        for user in store.users()
    ]
    if as_json:
        print_json({"users": found})
    else:
        columns = ("user", "roles", "created at", "tokens")
        print_table("users", columns, [[*each.values()] for each in found], empty="none yet")


@users.command()
@click.argument("name")
@click.pass_obj
def remove(factory: Factory, name: str) -> None:
    """Remove a user with sessions, tokens and marks; verdicts stay."""
    if not factory.services.users.remove(name):
        raise NoSuchUser(name)
    _note(factory, "remove user", name)
    click.echo(f"{name}: removed")


def _note(factory: Factory, what: str, name: str, **details: list[str]) -> None:
    services = factory.services
    note_act(COMMAND_LINE, what, name, details, users=services.users, clock=services.clock)
