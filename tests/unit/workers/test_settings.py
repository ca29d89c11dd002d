"""What can be set, what is refused, and that secrets stay secret."""

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from sightline.config import Settings
from sightline.errors import UnknownFeature
from sightline.rekognition.features import all_features
from tests.unit.workers.settings import NEEDED, settings

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


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("s3://a/Front Door/, s3://b", ("s3://a/Front Door/", "s3://b/")),
        (" s3://a/x,y/\ts3://b/ ", ("s3://a/x,y/", "s3://b/")),
        ("", ()),
        (" , ", ()),
    ],
)
def test_places_may_hold_blanks_and_commas(monkeypatch, text, places):
    monkeypatch.setenv("SIGHTLINE_SWEEP", text)
    assert places == settings().sweep


def test_an_unknown_feature_is_refused_by_name_with_those_that_there_are():
    with pytest.raises(UnknownFeature, match=r"^smells: .*Correct SIGHTLINE_FEATURES; there are celebrities, faces"):
        settings(features="labels,smells")


def test_no_feature_at_all_is_refused():
    with pytest.raises(ValidationError, match="name at least one feature"):
        settings(features="")


@pytest.mark.parametrize("name", ["Mars/Olympus", "/etc/passwd", "Europe", ""])
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
        Settings(_env_file=None, **{key: value for key, value in NEEDED.items() if key != name})  # type: ignore[arg-type]


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
        settings().generation = "2"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("redis_url", "nonsense", "an address of Redis is"),
        ("redis_url", "redis://127.0.0.1:notaport/0", "an address of Redis is"),
        ("redis_url", "redis://:hush@127.0.0.1:99999/0", "an address of Redis is"),
        ("redis_url", "redis://:hush/y@127.0.0.1:6379/0", "an address of Redis is"),
        ("redis_url", "redis://127.0.0.1:6379/first", "an address of Redis is"),
        ("redis_url", "redis://127.0.0.1:6379/0?db=2", "options of TLS alone"),
        ("redis_url", "rediss://127.0.0.1:6379/0?ssl_cert_reqs=none&password=hush", "options of TLS alone"),
        ("neo4j_uri", "nonsense", "an address of Neo4j is"),
        ("neo4j_uri", "http://127.0.0.1", "an address of Neo4j is"),
        ("neo4j_password", "", "at least 1"),
        ("s3_endpoint", "nonsense", "an endpoint is"),
        ("dynamodb_endpoint", "127.0.0.1:8000", "an endpoint is"),
        ("rekognition_endpoint", "ftp://127.0.0.1", "an endpoint is"),
        ("region", "us east", "a region is a word"),
        ("aws_secret_access_key", "hush", "set both .*, or neither"),
        ("aws_access_key_id", "hush", "set both .*, or neither"),
        ("feature_parameters", {"labels": {"Bogus": 1}}, 'labels: Unknown parameter in input: "Bogus"'),
        ("feature_parameters", {"labels": {"MinConfidence": "much"}}, "Invalid type for parameter MinConfidence"),
        ("feature_parameters", {"labels": {"MinConfidence": 101}}, "MinConfidence must be at most 100, not 101"),
        ("feature_parameters", {"labels": {"Image": {}}}, "Image is each image itself"),
        ("feature_parameters", {"smells": {}}, "'smells' is no feature; there are"),
        ("quotas", {"Nope": 5}, "'Nope' is not an operation that is called; there are"),
        ("quotas", {"DetectLabels": 0}, "greater than or equal to 0.01"),
        ("quotas", {"DetectLabels": -1}, "greater than or equal to 0.01"),
        ("need", {"asks": {"celebrities": {"hours": [1]}}}, "celebrities must be in SIGHTLINE_FEATURES"),
        ("need", {"asks": {"labels": {"hours": [1]}}}, "labels come first"),
        ("need", {"near": {"seconds": 30, "bits": 65}}, "less than or equal to 64"),
        ("need", {"near": {"seconds": 30}}, "bits"),
        ("need", {}, "name asks or near"),
        ("log_level", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("metrics_address", "nowhere", "'nowhere' must be an IP address"),
    ],
)
def test_a_value_that_can_not_be_is_refused_by_its_rule_and_shows_no_secret(name, value, rule):
    with pytest.raises(ValidationError, match=rule) as caught:
        settings(**{name: value})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_url", "rediss://me:p%2Fw@redis.example:6380/2"),
        ("redis_url", "rediss://redis.example:6380/2?ssl_cert_reqs=none"),
        ("neo4j_uri", "neo4j+s://graph.example"),
        ("s3_endpoint", "http://s3:9090"),
        ("dynamodb_endpoint", "http://[::1]:8000"),
        ("metrics_address", "localhost"),
        ("metrics_address", "::1"),
        ("feature_parameters", {"labels": {"Features": ["GENERAL_LABELS"], "MinConfidence": 100}}),
    ],
)
def test_a_value_that_can_be_is_kept(name, value):
    kept = getattr(settings(**{name: value}), name)
    assert value == (kept.get_secret_value() if name == "redis_url" else kept)


def test_labels_cannot_ask_for_anything_if_no_image_is_analysed_for_them():
    with pytest.raises(ValidationError, match="SIGHTLINE_FEATURES must have labels"):
        settings(features="faces", need={"asks": {"faces": {"labels": {"Person": 50}}}})


def test_what_asks_for_a_feature_is_read_from_json(monkeypatch):
    monkeypatch.setenv("SIGHTLINE_NEED", '{"asks": {"faces": {"labels": {"Person": 50}, "hours": [22, 23]}}}')
    need = settings().plan.need
    assert need is not None
    assert ({"Person": 50}, {22, 23}) == (need.asks["faces"].labels, need.asks["faces"].hours)
    assert (5, "sightline") == (need.control_percent, need.salt)
    monkeypatch.setenv("SIGHTLINE_NEED", "")
    assert settings().plan.need is None


def test_an_empty_key_or_endpoint_is_as_if_it_were_not_set():
    chosen = settings(aws_access_key_id="", aws_secret_access_key="", s3_endpoint="")
    assert (None, None, None) == (chosen.aws_access_key_id, chosen.aws_secret_access_key, chosen.s3_endpoint)


def test_the_old_name_of_related_labels_is_still_read_and_a_warning_tells_the_new_one():
    with capture_logs() as lines:
        old = settings(label_kin={"Person": ("Face",)}).strata_rules
    assert settings(related_labels={"Person": ("Face",)}).strata_rules == old
    assert ["warning"] == [line["log_level"] for line in lines]
    assert "SIGHTLINE_RELATED_LABELS" in lines[0]["event"]


@pytest.mark.parametrize(
    ("name", "value", "encrypted"),
    [
        ("redis_url", "redis://:hush@cache.example.com:6379/0", "SIGHTLINE_REDIS_URL: use rediss://"),
        ("neo4j_uri", "bolt://graph.example.com", r"SIGHTLINE_NEO4J_URI: use neo4j\+s://"),
    ],
)
def test_a_password_does_not_go_to_a_public_host_unencrypted_unless_that_is_allowed(name, value, encrypted):
    with pytest.raises(ValidationError, match=encrypted) as caught:
        settings(**{name: value})
    assert "hush" not in str(caught.value)
    assert settings(**{name: value}, plaintext_passwords=True).plaintext_passwords


@pytest.mark.parametrize(
    "url", ["redis://:hush@redis:6379/0", "redis://:hush@10.0.0.7/0", "redis://cache.example.com/0"]
)
def test_a_private_network_or_no_password_needs_no_tls(url):
    assert settings(redis_url=url).redis_url.get_secret_value() == url


def test_a_file_of_certificates_must_be_one(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(ValidationError, match="must be a readable file of certificates"):
            settings(redis_ca_file=str(path))


POLICY = {"purpose": "see", "legal_ground": "consent", "retention_days": 30, "cameras": ["gate"]}


def test_known_people_are_off_and_need_a_policy_and_faces():
    assert settings(people_policy=POLICY).known_people_plan is None
    plan = settings(people_policy=POLICY, known_people=True, people_least_percent=95).known_people_plan
    assert (95.0, ("gate",)) == (plan.least_percent, plan.policy.cameras)
    with pytest.raises(ValidationError, match="SIGHTLINE_KNOWN_PEOPLE needs SIGHTLINE_PEOPLE_POLICY"):
        settings(known_people=True)
    with pytest.raises(ValidationError, match="SIGHTLINE_FEATURES must have faces"):
        settings(known_people=True, people_policy=POLICY, features=("labels",))


def test_the_quotas_of_searching_are_there_where_a_policy_is():
    operations = {"CompareFaces", "IndexFaces", "SearchFacesByImage"}
    assert operations <= {*settings(people_policy=POLICY).all_quotas}
    assert set() == operations & {*settings().all_quotas}
