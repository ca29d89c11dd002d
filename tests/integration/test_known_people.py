"""Known people over the real stores: what is kept of them, and that nothing of it is left when they are forgotten.

Every item of every table, every object with its bytes, every node and relationship, every key of Redis and the local
Rekognition's collections are read, before and after.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import neo4j
import pytest
import redis
from click.testing import CliRunner
from pydantic import SecretStr

from sightline.bootstrap import connect
from sightline.cli import sightline
from sightline.cli.factory import Factory
from sightline.config import Settings
from sightline.models.people import EnrolmentState
from sightline.models.people_policy import PeoplePolicy
from sightline.services.people.expiry import expire
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline
from tests.integration.known_faces import BLUE, GREEN, RED, local_rekognition, shown
from tests.integration.rights import POLICIES
from tests.integration.test_buckets import s3_client
from tests.servers import Neo4jAddress

ANN, BOB = "Ann O'Neil \"the 😀\" '}) DETACH DELETE n //", "Bob"
POLICY = PeoplePolicy("find who left the gate open", "consent", 30, ("gate",))
BUCKET = "gates"


@dataclass
class World:
    """One sightline over real stores, with a Rekognition that knows people by their colour."""

    settings: Settings
    folder: Path
    dynamodb: Any
    driver: neo4j.Driver
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = connect(self.settings, on_request=self._note)
        self.steps = FakeSightline(features=("faces",))
        self.steps.services = self.services

    def _note(self, service: str, operation: str) -> None:
        if service == "rekognition":
            self.called.append(operation)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command as a shell would."""
        factory = Factory(self.settings, self.services, send=self.steps.send)
        result = CliRunner().invoke(sightline, [*arguments], obj=factory)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert code == result.exit_code, result.output
        return result.stdout

    def consent(self, name: str) -> str:
        """Write a consent that holds."""
        path, today = self.folder / f"{len(name)}.toml", datetime.now(UTC).date()
        quoted = json.dumps(name, ensure_ascii=False)
        until = today + timedelta(days=9)
        path.write_text(f"person = {quoted}\ngiven_on = {today}\nuntil = {until}\npurpose = '{POLICY.purpose}'\n")
        return str(path)

    def photo(self, name: str, *faces: Any) -> str:
        """Write a picture to enrol."""
        path = self.folder / f"portrait-{name}.jpg"
        path.write_bytes(shown(*faces))
        return str(path)

    def take(self, number: int, *faces: Any, camera: str = "gate") -> str:
        """Have a camera take an image, and take it through all its steps."""
        uri = f"s3://{BUCKET}-{self.settings.checkpoint_bucket}/{camera}/2026-11-02/Hour-11/snap/MDAlarm_20261102-11{number:04}.jpg"
        self.services.buckets.put(ObjectUri.parse(uri), shown(*faces))
        self.steps.add(uri)
        self.steps.run_now()
        return uri

    def search(self) -> Counter[str]:
        """Do what the scheduled task does."""
        return self.services.searching.run(lambda: True)

    def dump(self) -> dict[str, str]:
        """Return all that every store holds, by where it is."""
        found = dict(self._tables()) | dict(self._objects()) | dict(self._graph())
        found |= {str(path): path.read_text() for path in [self.folder / "collections.json"] if path.exists()}
        with redis.Redis.from_url(self.settings.redis_url.get_secret_value()) as client:
            keys = client.keys("*")
            found |= {f"Redis, {key!r}": repr(client.dump(key)) for key in keys}
        return found

    def _tables(self) -> Iterator[tuple[str, str]]:
        for page in self.dynamodb.get_paginator("list_tables").paginate():
            for name in page["TableNames"]:
                if name.startswith(self.settings.table_prefix):
                    for scanned in self.dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
                        yield from (
                            (f"{name}, {item}", json.dumps(item, ensure_ascii=False))
                            for item in map(_plain, scanned["Items"])
                        )

    def _objects(self) -> Iterator[tuple[str, str]]:
        client = s3_client(str(self.settings.s3_endpoint))
        for bucket in client.list_buckets()["Buckets"]:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                for each in page.get("Contents", []):
                    got = client.get_object(Bucket=bucket["Name"], Key=each["Key"])
                    told = f"{each['Key']} {got['Metadata']} {got['Body'].read().decode('latin-1')}"
                    yield f"s3://{bucket['Name']}/{each['Key']}", told

    def _graph(self) -> Iterator[tuple[str, str]]:
        for statement in (
            "MATCH (n) RETURN labels(n) AS kind, properties(n) AS told",
            "MATCH ()-[e]->() RETURN type(e) AS kind, properties(e) AS told",
        ):
            for number, record in enumerate(self.driver.execute_query(statement, database_="neo4j").records):
                yield f"Neo4j, {record['kind']} {number}", json.dumps(record["told"], ensure_ascii=False, default=str)


def _plain(item: Any) -> Any:
    return json.loads(json.dumps(item, default=lambda value: base64.b64encode(value).decode()))


@pytest.fixture
def world(  # noqa: PLR0917 - a fixture for each server
    tmp_path: Path,
    redis_url: str,
    dynamodb_client: Any,
    dynamodb_endpoint: str,
    table_prefix: str,
    s3_endpoint: str,
    neo4j_address: Neo4jAddress,
    driver: neo4j.Driver,
) -> Iterator[World]:
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")
    tag = uuid4().hex[:10]
    with local_rekognition(tmp_path, s3_endpoint) as address:
        settings = Settings(
            _env_file=None,
            redis_url=SecretStr(redis_url),
            key_prefix=f"test-{tag}:",
            table_prefix=table_prefix,
            checkpoint_bucket=f"own-{tag}",
            aws_access_key_id=SecretStr("tests"),
            aws_secret_access_key=SecretStr("tests"),
            dynamodb_endpoint=dynamodb_endpoint,
            s3_endpoint=s3_endpoint,
            rekognition_endpoint=address,
            neo4j_uri=neo4j_address.uri,
            neo4j_user=neo4j_address.user,
            neo4j_password=SecretStr(neo4j_address.password),
            neo4j_database=neo4j_address.database,
            features=("faces",),
            people_policy=POLICY,
            known_people=True,
        )
        made = World(settings, tmp_path, dynamodb_client, driver)
        made.run("setup")
        made.services.buckets.create(f"{BUCKET}-own-{tag}")
        yield made
        made.services.graph.close()


FACE = (260, 160, 380, 320)


def found_in(dump: dict[str, str], needles: dict[str, str]) -> dict[str, list[str]]:
    """Return where each needle is, also as JSON writes it."""
    forms = {
        what: {needle, json.dumps(needle)[1:-1], json.dumps(needle, ensure_ascii=False)[1:-1]}
        for what, needle in needles.items()
    }
    return {
        what: [where for where, text in dump.items() if any(form in text or form in where for form in each)]
        for what, each in forms.items()
    }


@pytest.mark.timeout(600)
def test_who_is_forgotten_is_in_no_store_any_more_and_nobody_else_is_touched(world: World) -> None:
    portrait, other = world.photo("a", (RED, FACE)), world.photo("b", (GREEN, FACE))
    world.run("people", "enrol", ANN, portrait, "--consent", world.consent(ANN))
    world.run("people", "enrol", BOB, other, "--consent", world.consent(BOB))
    # A stranger's face is the largest; Ann's is beside it, Bob's far away, and reaches into no other's cut-out.
    crowd = world.take(1, (BLUE, (40, 100, 200, 300)), (RED, (210, 160, 270, 240)), (GREEN, (500, 160, 560, 240)))
    alone = world.take(2, (BLUE, FACE))
    world.take(3, (RED, (100, 100, 220, 260)), camera="yard")
    assert {"searched": 2} == dict(world.search())
    assert {(crowd, ANN), (crowd, BOB)} == {(each.image_id, each.name) for each in world.services.graph.people.shown()}
    assert alone not in world.run("people", "matches")
    assert 4 == world.called.count("SearchFacesByImage")
    world.run("people", "confirm", crowd, ANN, "--by", "rita")

    people = world.services.operations.people
    person, stays = people.get(ANN), people.get(BOB)
    assert person is not None
    assert stays is not None
    (enrolment,), (of_bob,) = people.enrolments(person.person_id), people.enrolments(stays.person_id)
    needles = {
        "name": ANN,
        "person id": person.person_id,
        "ExternalImageId": enrolment.external_id,
        "face id": enrolment.face_id,
        "consent": person.consent.sha256,
        "enrolled picture": enrolment.content,
        "its file": portrait,
    }
    of_others = {"name": BOB, "face id": of_bob.face_id, "picture": of_bob.content}
    before = found_in(world.dump(), needles)
    assert all(before.values()), before
    bobs = found_in(world.dump(), of_others)

    said = world.run("people", "forget", ANN)
    assert "point-in-time recovery" in said
    assert {what: [] for what in needles} == found_in(world.dump(), needles)
    assert {what: len(places) for what, places in bobs.items()} == {
        what: len(places) for what, places in found_in(world.dump(), of_others).items()
    }
    assert {(crowd, BOB)} == {(each.image_id, each.name) for each in world.services.graph.people.shown()}
    world.run("people", "forget", ANN, code=1)


@pytest.mark.timeout(600)
def test_an_index_call_that_was_cut_is_found_and_a_consent_that_expires_ends_it_all(world: World) -> None:
    portrait = world.photo("a", (RED, FACE))
    people, faces = world.services.operations.people, world.services.faces
    arguments = ("people", "enrol", ANN, portrait, "--consent", world.consent(ANN))
    world.run(*arguments)
    (enrolment,) = people.enrolments()
    world.dynamodb.update_item(  # as if the process had died before it kept the answer
        TableName=f"{world.settings.table_prefix}operations",
        Key={"kind": {"S": "enrolment"}, "id": {"S": enrolment.content}},
        UpdateExpression="SET #s = :s REMOVE face_id",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": EnrolmentState.RELEASED}},
    )
    world.called.clear()
    world.run(*arguments)
    assert ("IndexFaces" in world.called, [enrolment]) == (
        False,
        [replace(each, attempts=1) for each in people.enrolments()],
    )
    world.take(1, (RED, FACE))
    world.search()
    assert 1 == len(people.matches())
    later = datetime.now(UTC) + timedelta(days=10)
    done = expire(replace(world.services.forgetting, clock=lambda: later), POLICY, lambda: True)
    assert 1 == done["forgotten"]
    assert ([], [], [], []) == (people.all(), people.enrolments(), people.matches(), faces.faces())


def actions(policy: str) -> set[str]:
    statements = json.loads((POLICIES / f"{policy}.json").read_text())["Statement"]
    return {action.removeprefix("rekognition:") for each in statements for action in each["Action"]}


@pytest.mark.timeout(600)
def test_enrolment_and_workers_have_the_rights_that_they_take_and_no_other(world: World) -> None:
    portrait = world.photo("a", (RED, FACE))
    world.run("people", "enrol", ANN, portrait, "--consent", world.consent(ANN))
    world.run("people", "forget", ANN)
    assert actions("enrolment") == {*world.called}
    world.run("people", "enrol", ANN, portrait, "--consent", world.consent(ANN))
    world.take(1, (RED, FACE))
    world.called.clear()
    world.search()
    later = datetime.now(UTC) + timedelta(days=10)
    expire(replace(world.services.forgetting, clock=lambda: later), POLICY, lambda: True)
    assert actions("people") == {*world.called}
