"""What can be set, what is refused, and that secrets stay secret."""

import pytest
from pydantic import ValidationError

from tests.unit.workers.settings import NEEDED, settings
from vision.errors import UnknownFeature
from vision.features import all_features
from workers.settings import Settings

SECRETS = {
    "redis_url": "redis://:redis-secret@127.0.0.1:6379/0",
    "neo4j_password": "neo4j-secret",
    "aws_access_key_id": "key-secret",
    "aws_secret_access_key": "aws-secret",
}


def test_by_default_every_image_is_asked_what_is_on_by_default():
    chosen = settings()
    assert tuple(name for name, each in all_features().items() if each.on_by_default) == chosen.features
    assert dict(all_features()["labels"].parameters) == chosen.plan.features["labels"]
    assert "1" == chosen.plan.generation


@pytest.mark.parametrize("text", ["faces,text", "faces text", " faces , text "])
def test_features_are_words_with_commas_or_blanks_between_them(monkeypatch, text):
    monkeypatch.setenv("SIGHTLINE_FEATURES", text)
    assert ("faces", "text") == settings().features


def test_an_unknown_feature_is_refused_by_name_with_those_that_there_are():
    with pytest.raises(UnknownFeature, match=r"^smells: .*Correct SIGHTLINE_FEATURES; there are celebrities, faces"):
        settings(features="labels,smells")


def test_no_feature_at_all_is_refused():
    with pytest.raises(ValidationError, match="name at least one feature"):
        settings(features="")


@pytest.mark.parametrize("name", ["Mars/Olympus", "/etc/passwd", ""])
def test_a_time_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(ValidationError, match="is no time zone of the IANA database"):
        settings(time_zone=name)
    with pytest.raises(ValidationError, match="is no time zone of the IANA database"):
        settings(camera_time_zones={"yard": name})


def test_time_zones_that_exist_are_kept():
    zones = {"yard": "Europe/Berlin", "gate": "America/Lima"}
    assert zones == settings(time_zone="Asia/Tokyo", camera_time_zones=zones).camera_time_zones


@pytest.mark.parametrize("name", NEEDED)
def test_what_has_no_default_must_be_said(monkeypatch, name):
    monkeypatch.delenv(f"SIGHTLINE_{name.upper()}", raising=False)
    with pytest.raises(ValidationError, match=rf"{name}\n  Field required"):
        Settings(_env_file=None, **{key: value for key, value in NEEDED.items() if key != name})


def test_parameters_of_a_feature_go_over_its_own_and_leave_the_others():
    plan = settings(feature_parameters={"labels": {"MinConfidence": 80}}, features="labels,faces", generation="2").plan
    assert {"MaxLabels": 200, "MinConfidence": 80} == plan.features["labels"]
    assert dict(all_features()["faces"].parameters) == plan.features["faces"]
    assert "2" == plan.generation


def test_a_quota_that_is_set_goes_over_the_regions_own():
    quotas = settings(quotas={"DetectLabels": 3}).all_quotas
    assert {each.operation for each in all_features().values()} == set(quotas)
    assert (3, 100) == (quotas["DetectLabels"], quotas["DetectFaces"])


def test_secrets_never_print():
    chosen = settings(**SECRETS)
    shown = f"{chosen!r} {chosen} {chosen.model_dump()} {chosen.model_dump_json()}"
    assert [] == [secret for secret in SECRETS.values() if secret in shown]
    assert "neo4j-secret" == chosen.neo4j_password.get_secret_value()


def test_every_setting_says_what_it_is():
    assert [] == [name for name, field in Settings.model_fields.items() if not field.description]


def test_a_setting_can_not_be_changed_once_it_is_read():
    with pytest.raises(ValidationError, match="frozen"):
        settings().generation = "2"
