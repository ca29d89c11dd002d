import json

import pytest

from sightline.services.users import Passwords


def test_a_user_is_added_with_a_password_that_is_printed_once(run, world):
    added = run("users", "add", "ann", "--role", "owner", "--role", "reviewer")
    password = added.stdout.strip()
    assert Passwords().match(world.users.user("ann").password_hash, password)
    listed = json.loads(run("users", "list", "--json").stdout)["users"]
    assert [("ann", ["owner", "reviewer"], [])] == [(each["name"], each["roles"], each["tokens"]) for each in listed]
    assert password not in run("users", "list").stdout
    assert [("add user", "ann")] == [(act.what, act.on) for act in world.users.acts()]


def test_another_password_takes_the_place_of_the_old_one(run, world):
    old = run("users", "add", "ann", "--role", "operator").stdout.strip()
    new = run("users", "passwd", "ann").stdout.strip()
    matches = [Passwords().match(world.users.user("ann").password_hash, each) for each in (old, new)]
    assert [False, True] == matches


def test_a_removed_user_is_gone(run, world):
    run("users", "add", "ann", "--role", "owner")
    assert "ann: removed\n" == run("users", "remove", "ann").stdout
    assert [] == list(world.users.users())
    assert "remove user" == world.users.acts()[0].what


@pytest.mark.parametrize("words", [("passwd", "bob"), ("remove", "bob"), ("add", "a#b", "--role", "owner")])
def test_what_cannot_be_done_is_told_and_not_noted(run, world, words):
    refused = run("users", *words)
    assert 1 == refused.exit_code
    assert words[1] in refused.stderr
    assert [] == world.users.acts()


@pytest.mark.parametrize("words", [("add", "ann"), ("add", "ann", "--role", "gardener")])
def test_a_user_without_a_known_role_is_wrong_usage(run, words):
    assert 2 == run("users", *words).exit_code
