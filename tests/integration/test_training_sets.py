"""Training sets over real servers: the bench in small, and the rights that a quarantine takes."""

import hashlib
import json
import random
from typing import Any, Self
from uuid import uuid4

import pytest

from bench.verify_set_pictures import Counts, planted
from bench.verify_set_run import World, compare
from dev.rekognition.answers import name_of
from dev.rekognition.operations.wire import MODEL_VERSION
from dev.stack import Options, Stack
from sightline.rekognition.features import feature_named
from sightline.services.training_sets.quarantine import Move, Moved, Place, Quarantine
from sightline.storage.buckets.protocol import ObjectUri, Prefix
from sightline.storage.buckets.s3 import S3Buckets
from tests.integration.rights import granted
from tests.integration.test_buckets import s3_client

COUNTS = Counts(all=30, strays=5, people=3, duplicates=4, broken=3)
PARENTS = {"Stop Sign": ["Sign"], "Traffic Light": ["Sign"], "Clock": ["Sign"]}
"""All share a parent: the label that must not pass a stray."""


def remembered(files):
    """Return lines of answers, as the local Rekognition remembers them: detecting is not what is tested."""
    parameters = dict(feature_named("labels").parameters)
    for file in files:
        names = [*file.labels, *sorted({parent for name in file.labels for parent in PARENTS.get(name, ())})]
        labels = [
            {"Name": name, "Confidence": 95.5, "Parents": [{"Name": each} for each in PARENTS.get(name, ())]}
            for name in names
        ]
        answer = {"Labels": labels, "LabelModelVersion": MODEL_VERSION}
        name = name_of(hashlib.sha256(file.data).hexdigest(), "DetectLabels", parameters, MODEL_VERSION)
        yield json.dumps([name, answer]) + "\n"


@pytest.fixture(scope="module")
def files():
    return planted(COUNTS, random.Random(16))  # noqa: S311 - its sequence is what is wanted


@pytest.fixture(scope="module")
def world(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    answers = folder / "remembered.jsonl"
    answers.write_text("".join(remembered(files)))
    options = Options(dynamodb_in_memory=True, rekognition=("--processes", "1", "--remember", str(answers)))
    with Stack(folder / "stack", ("redis", "dynamodb", "s3", "rekognition"), options) as stack:
        made = World(stack.env, folder)
        made.set_up(files)
        yield made


@pytest.mark.timeout(900)
def test_planted_strays_are_found_once_paid_and_moved_and_brought_back_by_commands_that_are_killed(world, files):
    arguments, before = world.arguments(files, 85), world.objects()
    report = world.run(*arguments)
    found = compare(files, report)
    assert ({}, set(), set()) == (found.wrong, found.missed_duplicates, found.other_duplicates)
    different = {file.data for file in files if file.outcome != "unreadable"}
    assert len(different) == report["calls"]
    wrong = COUNTS.strays + COUNTS.people + COUNTS.broken
    world.kill_when(wrong // 2, *arguments, *world.aside())
    assert 0 == world.run(*arguments, *world.aside())["calls"]
    moved = world.objects()
    assert wrong == sum(key.startswith("aside/objects/") for key in moved)
    there = {key.removeprefix("aside/objects/"): each for key, each in moved.items() if "/manifest/" not in key}
    assert before == there
    undo = (arguments[0], *world.aside(), "--undo", "--yes")
    world.kill_when(wrong // 2, *undo)
    world.run(*undo)
    assert before == world.objects()


_ACTIONS = {
    "GetObject": ["GetObject"],
    "HeadObject": ["GetObject"],
    "PutObject": ["PutObject"],
    "DeleteObject": ["DeleteObject"],
    "CopyObject": ["PutObject", "PutObjectTagging"],
}
_OF_A_COPYS_SOURCE = ("GetObject", "GetObjectTagging")
"""CopyObject in the Amazon S3 API reference: it copies tags too."""


class MovingRights:
    """Notes the rights that moving pictures takes, with the names that places have in the policy."""

    def __init__(self, client: Any) -> None:
        self.used: set[tuple[str, str]] = set()
        self._events = client.meta.events

    def __enter__(self) -> Self:
        self._events.register("provide-client-params.s3", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("provide-client-params.s3", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if "Key" not in params:
            self.used.add(("s3:ListBucket", "IMAGES_BUCKET"))
            return
        self.used |= {(f"s3:{action}", _place(params["Key"])) for action in _ACTIONS[model.name]}
        if source := params.get("CopySource"):
            self.used |= {(f"s3:{action}", _place(source["Key"])) for action in _OF_A_COPYS_SOURCE}


def _place(key: str) -> str:
    return f"IMAGES_BUCKET/{'SET_PREFIX' if key.startswith('dogs/') else 'QUARANTINE_PREFIX'}*"


def test_the_policy_gives_what_a_quarantine_and_its_undo_take_and_nothing_else(s3_endpoint):
    client, name = s3_client(s3_endpoint), f"test-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    buckets, uri = S3Buckets(client), ObjectUri(name, "dogs/a b+c%20🎥.jpg")
    client.put_object(Bucket=name, Key=uri.key, Body=b"a dog", Tagging="by=camera", Metadata={"by": "a camera"})
    place = Place.parse(Prefix(name, "dogs/"), f"s3://{name}/aside", ())
    head = buckets.head(uri)
    move = Move(
        str(uri), str(place.target(uri)), hashlib.sha256(b"a dog").hexdigest(), head.etag, head.version, "stray"
    )
    quarantine = Quarantine(place, buckets)
    with MovingRights(client) as taken:
        quarantine.require_rights()
        assert [Moved.MOVED] == [moved for _, moved in quarantine.move(quarantine.plan([move]))]
        assert [Moved.BACK] == [moved for _, moved in quarantine.undo()]
    assert granted("quarantine", "s3") == taken.used
    assert [{"Key": "by", "Value": "camera"}] == client.get_object_tagging(Bucket=name, Key=uri.key)["TagSet"]
    assert [uri] == [each.uri for each in buckets.list_page(name, "", None)]
