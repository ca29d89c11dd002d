import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.errors import AccessDenied, MissingTable, Unavailable, WrongPassword
from sightline.queues.redis import Memory
from sightline.storage.images.keys import Shards
from sightline.storage.images.moved_days import MovedDays
from sightline.testing.fake import BUCKET, picture, uri_of
from sightline.testing.images import InMemoryImageStore
from sightline.testing.queues import InMemoryQueues

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

    def unfinished(self):
        raise self._error

    def query(self, name):  # noqa: ARG002 - the interface
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


def test_setup_takes_the_shards_of_a_new_table_and_refuses_others_for_an_old_one(run, world):
    assert 2 == run("setup", "--unfinished-shards", "3").exit_code
    assert 2 == run("setup", "--day-shards", "0").exit_code
    assert 0 == run("setup", "--unfinished-shards", "64").exit_code
    assert Shards(feed=4, unfinished=64, day=4) == world.images.shards
    assert 0 == run("setup").exit_code
    refused = run("setup", "--feed-shards", "8")
    assert 1 == refused.exit_code
    assert "it has 64 of the unfinished, 4 of the feed and 4 of a day" in refused.stderr


class OfAnOlderVersion(InMemoryImageStore):
    """A table whose days have still to move to their shards."""

    def move_days(self, shards, tell):
        tell(1_500)
        return MovedDays(1_500 + (shards or 0), is_over=False)


def test_setup_says_that_it_must_be_run_again_while_days_move(run, world, settings):
    factory = Factory(settings, replace(world.services, images=OfAnOlderVersion(world.clock)))
    result = run("setup", "--day-shards", "5", factory=factory)
    assert "1,500 rows moved" in result.stderr
    assert "1,505 rows moved" in result.stdout
    assert "run it again" in result.stdout
    told = json.loads(run("setup", "--json", factory=factory).stdout)
    assert {"moved": 1500, "is_over": False} == told["days"]


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


def told(run, *arguments):
    result = run("check", "--json", *arguments)
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.usefixtures("ready")
def test_a_policy_that_evicts_messages_is_a_problem(run, world):
    world.queues.memory_now = Memory("allkeys-lru", 90, 100, 1234)
    code, lines = told(run)
    assert code == 1
    assert lines["Redis"]["problem"].startswith("maxmemory-policy allkeys-lru: Redis must not evict messages")
    assert "1,234 keys. Set maxmemory-policy to noeviction" in lines["Redis"]["problem"]


@pytest.mark.usefixtures("ready")
def test_a_redis_that_takes_no_write_is_a_problem(run, world, settings):
    class Full(InMemoryQueues):
        def try_write(self) -> None:
            raise Unavailable("Redis", rule="command not allowed when used memory > 'maxmemory'")

    factory = Factory(settings, replace(world.services, queues=Full()))
    result = run("check", "--json", factory=factory)
    assert "used memory" in json.loads(result.stdout)["Redis"]["problem"]


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("seconds", "code", "kind"),
    [(1.9, 0, None), (-2.1, 0, "warning"), (2.1, 0, "warning"), (20.1, 1, "problem"), (-151, 1, "problem")],
)
def test_a_clock_that_is_apart_is_warned_of_and_then_a_problem(run, world, seconds, code, kind):
    now = world.clock()
    world.queues.clock = lambda: now + timedelta(seconds=seconds)
    found, lines = told(run)
    assert found == code
    assert lines["clock, Redis"]["value"] == f"{abs(seconds):.1f} s apart"
    assert kind in {None, *(name for name in ("warning", "problem") if lines["clock, Redis"].get(name))}
    assert bool(kind) == bool(lines["clock, Redis"].get("warning") or lines["clock, Redis"]["problem"])


@pytest.mark.usefixtures("ready")
def test_a_bucket_of_another_region_is_a_problem_with_both_remedies(run, world):
    world.buckets.regions[BUCKET] = "eu-west-1"
    code, lines = told(run)
    said = lines[f"images, s3://{BUCKET}/"]["problem"]
    assert code == 1
    assert said.startswith(f"s3://{BUCKET} in eu-west-1: Rekognition reads buckets of its own region alone")
    assert "SIGHTLINE_REGION=eu-west-1" in said


@pytest.mark.usefixtures("ready")
def test_a_bucket_that_may_not_be_read_is_a_problem_also_if_only_unfinished_images_name_it(run, world):
    world.buckets.create("others")
    world.put("s3://others/yard/1.jpg", picture())
    world.add("s3://others/yard/1.jpg")
    world.buckets.deny("others")
    code, lines = told(run)
    assert (code, AccessDenied.rule in lines["images, s3://others/"]["problem"]) == (1, True)


@pytest.mark.usefixtures("ready")
def test_a_real_call_is_made_only_for_pay_and_is_counted(run, world):
    world.put(uri_of("01"), picture())
    assert told(run)[1][f"images, s3://{BUCKET}/"]["value"].startswith("region not told, read yard/")
    assert world.detector.asked == []
    _, lines = told(run, "--pay")
    assert lines[f"images, s3://{BUCKET}/"]["value"].endswith("analysed by DetectFaces for 0.0010 USD")
    assert world.detector.asked == [("faces", uri_of("01"))]
    assert world.operations.usage.calls("2044-05-17", "2044-05-17")["faces", "answered"] == 1


@pytest.mark.usefixtures("ready")
def test_a_place_that_is_named_is_looked_at(run):
    code, lines = told(run, "s3://nowhere/yard")
    assert (code, "must exist" in lines["images, s3://nowhere/yard"]["problem"]) == (1, True)


def warnings(run, *arguments, **given):
    result = run("check", "--json", *arguments, **given)
    lines = json.loads(result.stdout)
    return result.exit_code, {name: line["warning"] for name, line in lines.items() if "warning" in line}


@pytest.mark.usefixtures("ready")
def test_a_time_zone_of_a_camera_that_is_not_there_is_warned_of_with_the_nearest(run, world, settings):
    zones = {"gtae": "Europe/Berlin", "yard/": "UTC", "roof": "UTC"}
    factory = Factory(settings.model_copy(update={"camera_time_zones": zones}), world.services)
    assert (0, {}) == warnings(run, factory=factory)
    world.put("s3://frames/gate/1.jpg", picture())
    world.graph.answers["camera-names"] = [{"camera": "yard"}]
    assert (
        0,
        {
            "time zone of gtae": "no camera has this name; the nearest is gate. Correct SIGHTLINE_CAMERA_TIME_ZONES",
            "time zone of roof": "no camera has this name. Correct SIGHTLINE_CAMERA_TIME_ZONES",
        },
    ) == warnings(run, factory=factory)


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("other", "shown"),
    [("yard ", r"yard, yard\x20"), ("yard\u200b", r"yard, yard\u200b"), ("yard\xa0", r"yard, yard\xa0")],
)
def test_cameras_that_look_the_same_are_warned_of_and_shown_apart(run, world, other, shown):
    for camera in ("yard", other, "gate"):
        world.put(f"s3://frames/{camera}/1.jpg", picture())
    code, found = warnings(run)
    assert (0, [f"cameras {shown}"]) == (code, [*found])


@pytest.mark.usefixtures("ready")
def test_one_camera_in_two_buckets_is_warned_of_until_the_pattern_sees_the_bucket(run, world, settings):
    world.buckets.create("south")
    for bucket in ("frames", "south"):
        world.put(f"s3://{bucket}/yard/1.jpg", picture())
    world.put("s3://south/gate/1.jpg", picture())
    code, found = warnings(run, "s3://south")
    assert (0, ["camera yard"]) == (code, [*found])
    assert "SIGHTLINE_KEY_PATTERN with a group `bucket`" in found["camera yard"]
    seeing = settings.model_copy(update={"key_pattern": "^(?P<camera>(?P<bucket>[^/]+)/[^/]+)/"})
    assert (0, {}) == warnings(run, "s3://south", factory=Factory(seeing, world.services))


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://frames/yrad/", "no key begins so; the nearest folder is s3://frames/yard/. Correct the prefix"),
        ("s3://frames/yard//", "no key begins so; the nearest folder is s3://frames/yard/. Correct the prefix"),
        ("s3://frames/roof/", "no key begins so. Correct the prefix"),
        (
            "s3://frames/site/gaet/",
            "no key begins so; the nearest folder is s3://frames/site/gate/. Correct the prefix",
        ),
    ],
)
def test_a_place_that_holds_nothing_is_warned_of_with_the_nearest_folder(run, world, place, said):
    world.put("s3://frames/yard/1.jpg", picture())
    world.put("s3://frames/site/gate/1.jpg", picture())
    assert (0, {f"images, {place}": said}) == warnings(run, place)


@pytest.mark.usefixtures("ready")
def test_the_table_of_users_is_looked_at_where_there_is_a_console(run, world, settings):
    assert "DynamoDB, users" not in json.loads(run("check", "--json").stdout)
    with_console = settings.model_copy(update={"web_secret": SecretStr("s" * 32)})
    broken = replace(world.services, users=Broken(MissingTable("users")))
    told = json.loads(run("check", "--json", factory=Factory(with_console, broken)).stdout)
    assert told["DynamoDB, users"]["problem"].endswith("Run `sightline setup`.")
    assert "ssss" not in str(told)
