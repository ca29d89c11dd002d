"""Only docker-compose.yml declares our processes."""

import os
import re

import pytest
import yaml

from dev.stack.compose import FILE, fill_in, our_service, our_services
from dev.stack.errors import UnknownService
from dev.stack.quotas import for_this_machine
from dev.stack.redis_users import USERS as REDIS_USERS
from sightline.config import Settings
from sightline.queues.names import QUEUE_NAMES
from sightline.rekognition.features import all_features

USERS = {f"SIGHTLINE_REDIS_{user.upper()}_PASSWORD": f"pw-{user}" for user in REDIS_USERS}
WEB = {"SIGHTLINE_WEB_SECRET": "s" * 32, "SIGHTLINE_WEB_FIRST_PASSWORD": "first password"}
PASSWORDS = {"SIGHTLINE_NEO4J_PASSWORD": "graph", "SIGHTLINE_FLOWER_PASSWORD": "pages"} | USERS | WEB


def after(command, flag):
    return command[command.index(flag) + 1]


def workers():
    return {name: service for name, service in our_services(PASSWORDS).items() if service.is_worker}


def test_every_queue_is_consumed_by_one_service():
    consumed = [queue for service in workers().values() for queue in after(service.command, "-Q").split(",")]
    assert sorted(QUEUE_NAMES) == sorted(consumed)


def test_a_worker_takes_the_live_queue_of_its_own_name_first():
    assert {name: name for name in workers()} == {
        name: after(service.command, "-Q").split(",")[0] for name, service in workers().items()
    }


def test_exactly_the_features_that_are_off_by_default_stand_in_a_profile():
    off = {name for name, feature in all_features().items() if not feature.on_by_default}
    assert off == {name for name, service in our_services(PASSWORDS).items() if service.is_optional}


def test_the_features_asked_by_default_are_those_that_the_settings_ask():
    features = our_service("ingest", PASSWORDS).environment["SIGHTLINE_FEATURES"]
    assert set(Settings.model_fields["features"].get_default(call_default_factory=True)) == set(features.split(","))


def test_replicas_on_one_host_have_names_of_their_own():
    first, second = (our_service("text", PASSWORDS | {"SIGHTLINE_REPLICA": number}).command for number in ("0", "1"))
    assert ("text-0@%h", "text-1@%h") == (after(first, "-n"), after(second, "-n"))


def test_calls_that_only_wait_for_a_core_are_not_made_to_the_local_rekognition():
    here = dict(for_this_machine().defaults)
    threads = [after(our_service(name, PASSWORDS | here).command, "-c") for name in all_features()]
    assert {str(2 * len(os.sched_getaffinity(0)))} == set(threads)
    assert "16" == after(our_service("labels", PASSWORDS).command, "-c")


def test_only_workers_of_seldom_queues_tell_flower_of_tasks_whatever_is_set():
    telling = {
        name for name, service in our_services(PASSWORDS).items() if service.is_worker and "-E" in service.command
    }
    assert {"operations", "careful"} == telling


@pytest.mark.parametrize("chosen", ["true", "false"])
def test_flower_turns_events_on_only_where_the_workers_are_told_to_send_them(chosen):
    values = PASSWORDS | {"SIGHTLINE_TASK_EVENTS": chosen}
    assert f"--enable_events={chosen}" in our_service("flower", values).command
    assert chosen == our_service("rows", values).environment["SIGHTLINE_TASK_EVENTS"]


def test_events_of_tasks_are_off_by_default():
    assert "--enable_events=false" in our_service("flower", PASSWORDS).command
    assert "false" == our_service("rows", PASSWORDS).environment["SIGHTLINE_TASK_EVENTS"]


def test_the_detector_that_is_asked_for_is_that_of_the_local_rekognition():
    assert "objects" == after(for_this_machine(detector="objects").rekognition, "--detector")
    assert "--detector" not in for_this_machine().rekognition


def test_only_setting_up_ends_by_itself():
    assert ["setup"] == [name for name, service in our_services(PASSWORDS).items() if service.is_once]


def test_what_the_stack_says_goes_over_the_addresses_within_docker():
    redis_url = our_service("rows", PASSWORDS | {"SIGHTLINE_REDIS_URL": "redis://127.0.0.1:1/0"}).environment
    assert "redis://127.0.0.1:1/0" == redis_url["SIGHTLINE_REDIS_URL"]


def test_each_process_signs_in_to_redis_as_the_user_that_it_is():
    urls = {name: service.environment["SIGHTLINE_REDIS_URL"] for name, service in our_services(PASSWORDS).items()}
    assert urls.pop("flower") == "redis://flower:pw-flower@redis:6379/0"
    assert urls.pop("listen") == "redis://producer:pw-producer@redis:6379/0"
    assert set(urls.values()) == {"redis://worker:pw-worker@redis:6379/0"}


def test_no_password_of_a_server_stands_in_a_command():
    """Not even as a variable that a shell would put there."""
    servers = yaml.safe_load(FILE.read_text())["services"]
    commands = {name: " ".join(map(str, body.get("command", ()))) for name, body in servers.items()}
    checks = {name: " ".join(map(str, body.get("healthcheck", {}).get("test", ()))) for name, body in servers.items()}
    assert [] == [name for name, command in commands.items() if "PASSWORD" in command]
    assert [] == [name for name, check in checks.items() if re.search(r"-(p|a|-pass|-password) ", check)]


def test_a_variable_in_a_default_is_looked_up_only_if_the_default_is_used():
    text = "${URL:-redis://${PASSWORD:?choose one}@redis}"
    assert "given" == fill_in(text, {"URL": "given"})
    assert "redis://pw@redis" == fill_in(text, {"PASSWORD": "pw"})
    with pytest.raises(UnknownService, match="choose one"):
        fill_in(text, {})


def test_flowers_password_is_not_in_its_command_where_everybody_could_read_it():
    flower = our_service("flower", PASSWORDS)
    assert "sightline:pages" == flower.environment["FLOWER_BASIC_AUTH"]
    assert not any("pages" in word for word in flower.command)


def test_the_console_speaks_plain_http_within_its_container_and_is_published_on_loopback():
    web = our_service("web", PASSWORDS)
    assert ("sightline", "serve") == web.command
    assert "true" == web.environment["SIGHTLINE_WEB_PLAIN_HTTP"]
    assert ["127.0.0.1:8080:8080"] == yaml.safe_load(FILE.read_text())["services"]["web"]["ports"]


def test_a_password_that_is_not_given_is_asked_for():
    with pytest.raises(UnknownService, match=r"SIGHTLINE_\w+_PASSWORD.*choose a password"):
        our_services({})


def test_a_service_that_is_not_declared_is_refused_with_those_that_are():
    with pytest.raises(UnknownService, match=r"labes.*labels"):
        our_service("labes", PASSWORDS)


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("${A}", "one"),
        ("${MISSING}", ""),
        ("${MISSING:-else}", "else"),
        ("${EMPTY:-else}", "else"),
        ("${EMPTY-else}", ""),
        ("${A:-else} and ${A}", "one and one"),
        ("${A:?needed}", "one"),
        ("${EMPTY?needed}", ""),
        ("$$HOME and %h", "$HOME and %h"),
        ("$${A}", "${A}"),
    ],
)
def test_variables_are_filled_in_as_compose_fills_them_in(text, filled_in):
    assert filled_in == fill_in(text, {"A": "one", "EMPTY": ""})


@pytest.mark.parametrize("text", ["${MISSING:?why}", "${MISSING?why}", "${EMPTY:?why}"])
def test_a_variable_that_must_be_there_says_why(text):
    with pytest.raises(UnknownService, match="why"):
        fill_in(text, {"EMPTY": ""})


def test_every_published_port_is_on_loopback_and_every_image_has_its_version():
    text = FILE.read_text()
    published = [port for ports in re.findall(r"ports: \[(.*)\]", text) for port in ports.split(", ")]
    assert published
    assert [] == [port for port in published if not port.startswith('"127.0.0.1:')]
    images = set(re.findall(r"image: (\S+)", text)) - {"sightline", "sightline-rekognition"}
    assert [] == [image for image in images if not re.search(r":\d+\.\d+\.\d+", image)]


def test_the_console_leads_to_flower_where_browsers_find_it():
    published = yaml.safe_load(FILE.read_text())["services"]["flower"]["ports"]
    assert ["127.0.0.1:5555:5555"] == published
    assert "http://127.0.0.1:5555" == our_service("web", PASSWORDS).environment["SIGHTLINE_WEB_FLOWER_URL"]
    given = {"SIGHTLINE_WEB_FLOWER_URL": "https://flower.example"}
    assert given.items() <= our_service("web", PASSWORDS | given).environment.items()


def test_the_console_leads_to_no_flower_where_its_address_is_set_empty():
    given = {"SIGHTLINE_WEB_FLOWER_URL": ""}
    assert given.items() <= our_service("web", PASSWORDS | given).environment.items()
