import pytest
from neo4j.exceptions import DriverError

from sightline.cli.factory import Factory
from sightline.config import InvalidSettings, read_settings
from sightline.errors import UnknownFeature
from sightline.services.collaborators import current

GOOD = {"SIGHTLINE_CHECKPOINT_BUCKET": "own", "SIGHTLINE_NEO4J_PASSWORD": "hush"} | {
    f"SIGHTLINE_AWS_{name}": "key" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Set the environment as a shell does, away from any .env file."""
    monkeypatch.chdir(tmp_path)

    def be(**settings):
        for name, value in (GOOD | settings).items():
            monkeypatch.setenv(name, value)

    return be


def test_settings_come_from_the_environment(environment):
    environment(SIGHTLINE_FEATURES="labels text")
    assert ("own", ("labels", "text")) == (read_settings().checkpoint_bucket, read_settings().features)


def test_nothing_is_connected_before_it_is_used(environment):
    environment()
    factory = Factory()
    factory.close()
    assert set() == {"settings", "services", "services_in_a_hurry", "app"} & set(vars(factory))


def test_services_that_were_handed_in_become_those_of_the_process(settings, world):
    assert world.services is Factory(settings, world.services).services
    assert world.services is current()


def test_services_that_are_made_are_closed(environment):
    environment()
    factory = Factory()
    assert "sightline" == factory.app.main
    services = factory.services
    assert services is current()
    assert factory.services_in_a_hurry is not services
    factory.close()
    with pytest.raises((DriverError, DeprecationWarning)):
        services.graph.check()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"SIGHTLINE_QUOTAS": "{broken"}, "quotas"),
        ({"SIGHTLINE_TIME_ZONE": "Mars/North"}, "SIGHTLINE_TIME_ZONE"),
        ({"SIGHTLINE_LOG_JSON": "perhaps"}, "SIGHTLINE_LOG_JSON"),
        ({"SIGHTLINE_REDIS_URL": "redis://:hush@127.0.0.1:99999/0"}, "SIGHTLINE_REDIS_URL: an address of Redis"),
        ({"SIGHTLINE_S3_ENDPOINT": "nonsense"}, "SIGHTLINE_S3_ENDPOINT: an endpoint is http"),
        ({"SIGHTLINE_AWS_ACCESS_KEY_ID": ""}, "SIGHTLINE_AWS_ACCESS_KEY_ID"),
        ({"SIGHTLINE_QUOTAS": '{"DetectFaces": 0}'}, "SIGHTLINE_QUOTAS, DetectFaces: "),
    ],
)
def test_a_setting_that_can_not_be_is_named(run, environment, wrong, named):
    environment(**wrong)
    with pytest.raises(InvalidSettings):
        read_settings()
    result = run("features", factory=Factory())
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert named in result.stderr
    assert "hush" not in result.stderr


def test_an_unknown_feature_is_named_with_those_that_are_there(run, environment):
    environment(SIGHTLINE_FEATURES="labels,smells")
    with pytest.raises(UnknownFeature):
        read_settings()
    result = run("features", factory=Factory())
    assert 1 == result.exit_code
    said = "smells: a feature must be declared in sightline/rekognition/features. Correct SIGHTLINE_FEATURES"
    assert result.stderr.startswith(said)
