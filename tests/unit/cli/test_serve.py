"""How the console is started: what it refuses, and its first user."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from sightline.cli.factory import Factory
from sightline.cli.serve import add_first_user, options_of, thumbnails_folder
from sightline.config import InvalidSettings, Settings
from sightline.storage.users.protocol import Role
from tests.unit.web.house import PASSWORDS

SECRET = SecretStr("s" * 32)


def settings(**given) -> Settings:
    own: dict[str, Any] = {"checkpoint_bucket": "own", "neo4j_password": SecretStr("hush"), "web_secret": SECRET}
    return Settings(_env_file=None, **(own | given))


def test_by_default_it_is_reached_from_this_machine_alone():
    options = options_of(settings())
    assert ("127.0.0.1", 8080) == (settings().web_address, settings().web_port)
    assert ("sightline", False, ()) == (options.cookie, options.is_https, options.origins)
    assert b"s" * 32 == options.secret
    assert "sss" not in repr(options)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_plain_http_is_allowed(address):
    assert not options_of(settings(web_address=address)).is_https


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.4", "203.0.113.7"])  # noqa: S104 - the point of it
def test_elsewhere_it_is_refused_unless_that_is_said(address):
    with pytest.raises(InvalidSettings, match="SIGHTLINE_WEB_HTTPS"):
        options_of(settings(web_address=address))
    assert "__Host-sightline" == options_of(settings(web_address=address, web_https=True)).cookie
    assert not options_of(settings(web_address=address, web_plain_http=True)).is_https


def test_without_a_secret_it_does_not_start(run):
    with pytest.raises(InvalidSettings, match="openssl rand"):
        options_of(settings(web_secret=None))
    refused = run("serve")
    assert 1 == refused.exit_code
    assert "SIGHTLINE_WEB_SECRET" in refused.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"web_secret": SecretStr("s" * 31)},
        {"web_hosts": ("*",)},
        {"web_hosts": ("console.example:8080",)},
        {"web_origins": ("*",)},
        {"web_origins": ("https://shop.example/page",)},
        {"web_origins": ("shop.example",)},
        {"web_grafana_url": "javascript:alert(1)"},
        {"web_flower_url": "http://admin:sss@flower.example"},
        {"web_address": "console.example"},
        {"web_session_hours": 0},
    ],
)
def test_settings_that_would_be_unsafe_are_refused_without_showing_a_secret(wrong):
    with pytest.raises(ValidationError) as refused:
        settings(**wrong)
    assert "sss" not in str(refused.value)


def test_hosts_and_origins_are_read_as_words(monkeypatch):
    monkeypatch.setenv("SIGHTLINE_WEB_HOSTS", "console.example, localhost")
    monkeypatch.setenv("SIGHTLINE_WEB_ORIGINS", "https://shop.example http://127.0.0.1:3000")
    assert ("console.example", "localhost") == settings().web_hosts
    assert ("https://shop.example", "http://127.0.0.1:3000") == settings().web_origins


def test_what_else_shows_how_it_goes_is_linked_where_its_address_is_set():
    assert {} == options_of(settings()).other_pages
    chosen = settings(web_flower_url="http://localhost:5555", web_grafana_url="https://grafana.example/d/sightline?a=1")
    assert {"Flower": "http://localhost:5555", "Grafana": "https://grafana.example/d/sightline?a=1"} == (
        options_of(chosen).other_pages
    )


def test_the_first_user_has_every_role_and_is_added_once(world):
    chosen = settings(web_first_password=SecretStr("correct horse battery"))
    factory = Factory(chosen, world.services)
    for _ in range(2):
        add_first_user(chosen, world.users, PASSWORDS, factory)
    (user,) = world.users.users()
    assert ("sightline", frozenset(Role)) == (user.name, user.roles)
    assert PASSWORDS.match(user.password_hash, "correct horse battery")
    world.users.remove("sightline")
    add_first_user(settings(), world.users, PASSWORDS, factory)
    assert [] == list(world.users.users())


def test_small_pictures_are_kept_in_the_state_folder_or_as_long_as_the_process_lives(tmp_path):
    with thumbnails_folder(settings(state_folder=str(tmp_path))) as folder:
        assert tmp_path / "thumbs" == folder
    with thumbnails_folder(settings()) as folder:
        assert folder.is_dir()
    assert not folder.exists()
