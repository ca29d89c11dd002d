"""`sightline serve`: the console, in this process."""

import gc
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import click
import uvicorn

from sightline.cli.factory import Factory
from sightline.config import InvalidSettings, Settings
from sightline.logs import configure_logs
from sightline.services.users import Passwords, add_user
from sightline.storage.users.protocol import Role, UserStore
from sightline.web.app import make_app
from sightline.web.console import Console, Options
from sightline.web.thumbnails import Thumbnails

REQUESTS_AT_ONCE = 64
ENDS_WITHIN_SECONDS = 20

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A page of a day reads 30,000, of which none is in a cycle. By default Python looks for cycles after 700, and each
hundredth time at all that the console keeps: an eighth of such a page's CPU."""

MEBIBYTE = 1024 * 1024


@click.command()
@click.pass_obj
def serve(factory: Factory) -> None:
    """Serve the console: pages and the JSON API, on SIGHTLINE_WEB_ADDRESS and SIGHTLINE_WEB_PORT."""
    settings = factory.settings
    options = options_of(settings)
    configure_logs(settings.log_level, as_json=settings.log_json)
    services = factory.services_in_a_hurry
    passwords = Passwords()
    add_first_user(settings, services.users, passwords, factory)
    with thumbnails_folder(settings) as folder:
        thumbnails = Thumbnails(folder, settings.web_thumbs_mib * MEBIBYTE, services.buckets)
        app = make_app(Console(services, options, factory.send, thumbnails, passwords))
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        gc.freeze()  # two hundred thousand objects that stay: no collection walks through them any more
        uvicorn.run(
            app,
            host=settings.web_address,
            port=settings.web_port,
            limit_concurrency=REQUESTS_AT_ONCE,
            timeout_graceful_shutdown=ENDS_WITHIN_SECONDS,
            proxy_headers=False,  # X-Forwarded-For could name any address
            server_header=False,
            access_log=False,  # it would hold queries; the console logs each request itself
            log_config=None,
        )


def options_of(settings: Settings) -> Options:
    """Return how the console is reached; raise InvalidSettings for what would be unsafe."""
    if settings.web_secret is None:
        raise InvalidSettings(
            "SIGHTLINE_WEB_SECRET",
            rule="the console needs a secret to sign the addresses of pictures with",
            remedy="Set one of at least 32 bytes: `openssl rand -hex 32` draws one",
        )
    if not (is_loopback(settings.web_address) or settings.web_https or settings.web_plain_http):
        raise InvalidSettings(
            f"SIGHTLINE_WEB_ADDRESS={settings.web_address}",
            rule="passwords must not reach the console unencrypted from other machines",
            remedy=(
                "Put a proxy with HTTPS in front and set SIGHTLINE_WEB_HTTPS=true; or, if the network between is"
                " private, SIGHTLINE_WEB_PLAIN_HTTP=true"
            ),
        )
    pages = {"Flower": settings.web_flower_url, "Grafana": settings.web_grafana_url}
    return Options(
        secret=settings.web_secret.get_secret_value().encode(),
        hosts=settings.web_hosts,
        origins=settings.web_origins,
        is_https=settings.web_https,
        session_lasts=timedelta(hours=settings.web_session_hours),
        visit_gap=timedelta(seconds=settings.web_visit_gap_seconds),
        other_pages={name: url for name, url in pages.items() if url is not None},
    )


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    return address == "localhost" or ip_address(address).is_loopback


def add_first_user(settings: Settings, users: UserStore, passwords: Passwords, factory: Factory) -> None:
    """Add the first user, with every role, if there is none and a password for it is set."""
    password = settings.web_first_password
    if password is None or next(iter(users.users()), None) is not None:
        return
    clock = factory.services_in_a_hurry.clock
    add_user(settings.web_first_user, Role, password.get_secret_value(), users=users, passwords=passwords, clock=clock)


@contextmanager
def thumbnails_folder(settings: Settings) -> Iterator[Path]:
    """Return where small pictures are kept; without a state folder, for as long as the process lives."""
    if settings.state_folder is not None:
        yield Path(settings.state_folder) / "thumbs"
        return
    with tempfile.TemporaryDirectory(prefix="sightline-thumbs-") as folder:
        yield Path(folder)
