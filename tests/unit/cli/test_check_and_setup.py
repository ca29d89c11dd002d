import json
from dataclasses import replace

import pytest

from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.errors import MissingTable, WrongPassword

SERVERS = {
    "Redis",
    "DynamoDB, images",
    "DynamoDB, analyses",
    "DynamoDB, operations",
    "Neo4j",
    "S3",
    "Rekognition",
}


class Broken:
    """A store that refuses its check."""

    def __init__(self, error):
        self._error = error

    def check(self):
        raise self._error


@pytest.fixture
def ready(run):
    """Set everything up."""
    assert 0 == run("setup").exit_code


def test_setup_says_what_is_ready_and_may_be_repeated(run):
    first = run("setup").stdout
    assert "images: ready" in first
    assert first == run("setup").stdout
    assert {"images", "analyses", "operations", "graph", "bucket"} <= set(
        json.loads(run("setup", "--json").stdout)["ready"]
    )


@pytest.mark.usefixtures("ready")
def test_check_tells_every_setting_and_server(run):
    result = run("check", "--json")
    told = json.loads(result.stdout)
    assert 0 == result.exit_code
    assert {f"SIGHTLINE_{name.upper()}" for name in Settings.model_fields} <= set(told)
    assert set(told) >= SERVERS
    assert {None} == {each["problem"] for each in told.values()}


@pytest.mark.usefixtures("ready")
def test_check_shows_no_secret(run):
    for said in (run("check").stdout, run("check", "--json").stdout):
        assert "hush" not in said
        assert "redis://r:1/2" in said


@pytest.mark.usefixtures("ready")
def test_values_are_shown_as_one_would_set_them(run):
    told = json.loads(run("check", "--json").stdout)
    assert "faces,labels,text" == told["SIGHTLINE_FEATURES"]["value"]
    assert "unset" == told["SIGHTLINE_S3_ENDPOINT"]["value"]


@pytest.mark.usefixtures("ready")
def test_each_server_that_is_not_well_is_named_with_its_remedy(run, world, settings):
    broken = replace(world.services, images=Broken(MissingTable("images")), graph=Broken(WrongPassword("Neo4j")))
    factory = Factory(settings, broken)
    result = run("check", "--json", factory=factory)
    problems = {name: each["problem"] for name, each in json.loads(result.stdout).items() if each["problem"]}
    assert 1 == result.exit_code
    assert {"DynamoDB, images", "Neo4j"} == set(problems)
    assert problems["DynamoDB, images"].endswith("Run `sightline setup`.")
    assert "Run `sightline setup`." in run("check", factory=factory).stdout


def test_a_bucket_that_is_not_there_is_a_problem(run):
    result = run("check", "--json")
    assert 1 == result.exit_code
    assert "must exist" in json.loads(result.stdout)["S3"]["problem"]
