"""The declared servers: they listen on loopback only, and sightline finds them by its own settings."""

import pytest

from dev.stack.errors import UnknownService
from dev.stack.layout import Layout, write_privately
from dev.stack.quotas import for_this_machine
from dev.stack.redis_users import USERS, password
from dev.stack.servers import SERVERS, Options, dynamodb_server, s3_server
from dev.stack.stack import Stack
from dev.stack.supervisor import options as options_of_make_up
from sightline.config import Settings

PORTS = {name: 20_001 + number for number, name in enumerate(SERVERS)}


class FixedLayout(Layout):
    """A layout with fixed ports: finding free ones needs the network."""

    def port(self, name):
        return PORTS[name]


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    return SERVERS[request.param](FixedLayout(tmp_path), Options())


def test_a_server_is_told_its_own_port(server):
    said = "\n".join([*server.command, *server.files.values()])
    assert str(PORTS[server.name]) in said
    assert server.address.endswith((f"127.0.0.1:{PORTS[server.name]}", f"127.0.0.1:{PORTS[server.name]}/0"))


def test_every_setting_by_which_a_server_is_found_is_one_of_sightlines(server):
    known = {f"SIGHTLINE_{name.upper()}" for name in Settings.model_fields}
    assert server.settings
    assert set() == set(server.settings) - known


def test_no_password_stands_in_a_command(server, tmp_path):
    layout = Layout(tmp_path)
    passwords = [layout.password("neo4j"), *(password(layout, user) for user in USERS)]
    assert not any(each in word for each in passwords for word in server.command)


@pytest.mark.parametrize(("options", "expected"), [(Options(is_versioned=True), ["images"]), (Options(), [])])
def test_only_the_bucket_for_pictures_keeps_versions_and_only_where_that_is_wanted(tmp_path, options, expected):
    command = s3_server(FixedLayout(tmp_path), options).command
    assert expected == [word.partition("=")[2] for word in command if word.startswith("--versioned-buckets")]


@pytest.mark.parametrize(("options", "expected"), [(Options(), "1"), (Options(dynamodb_optimized=True), "4")])
def test_dynamodb_is_compiled_quickly_or_well(tmp_path, options, expected):
    command = dynamodb_server(FixedLayout(tmp_path), options).command
    levels = [word.partition("=")[2] for word in command if word.startswith("-XX:TieredStopAtLevel")]
    assert expected == levels[-1]


def test_the_local_stack_has_the_bucket_that_is_recommended():
    assert for_this_machine().is_versioned


def test_a_server_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with pytest.raises(UnknownService, match=r"reddis.*redis"):
        Stack(tmp_path, ["reddis"])


@pytest.mark.parametrize(
    ("options", "page"), [(options_of_make_up({}), "http://127.0.0.1:20555"), (for_this_machine(), "")]
)
def test_the_console_leads_to_flower_only_in_a_stack_that_starts_it(tmp_path, options, page):
    write_privately(tmp_path / "remembered.json", '{"ports": {"flower": "20555"}, "passwords": {}}')
    stack = Stack(tmp_path, [], options)
    stack.start_servers([])
    assert page == stack.env["SIGHTLINE_WEB_FLOWER_URL"]
