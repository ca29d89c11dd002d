"""The rights that deploy/iam/console.json gives: what pages and calls ask of DynamoDB, and not more."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import neo4j
import pytest
from starlette.testclient import TestClient
from typing_extensions import override

from sightline.graph.neo4j import Neo4jGraphStore
from sightline.graph.protocol import Merged
from sightline.models.answers import Json
from sightline.models.people_policy import KnownPeople, PeoplePolicy
from sightline.services.graph_merge import graph_image
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.ledger.dynamodb import DynamoLedger
from sightline.storage.operations import dynamo_operations
from sightline.storage.rollups.dynamodb import DynamoRollupStore
from sightline.storage.users.dynamodb import DynamoUserStore
from sightline.storage.users.protocol import Role
from sightline.storage.verdicts.dynamodb import DynamoVerdictStore
from sightline.storage.video_jobs.dynamodb import DynamoVideoJobStore
from sightline.storage.videos.dynamodb import DynamoVideoStore
from sightline.testing.fake import CHECKPOINTS, FakeSightline, uri_of
from sightline.web.app import make_app
from sightline.web.console import Console
from tests.integration.rights import Rights, granted, process_while_days_move
from tests.unit.web.house import DAY, FROM_HERE, PASSWORD, PASSWORDS, URI, House, build, fields_of
from tests.unit.web.known import keep, know

BAD = uri_of("99")
BAD_VIDEO = BAD.replace("jpg", "mp4")


@pytest.fixture
def house(tmp_path: Path, dynamodb_client: Any, table_prefix: str) -> Iterator[House]:
    """Give a house whose rows are in DynamoDB: one image with its answers, and one that was refused."""
    policy = PeoplePolicy("see that all rights are there", "consent", 1, ("yard",))
    world = FakeSightline(people_policy=policy, known_people=KnownPeople(policy, 99.0))
    house = build(tmp_path, world=world)
    house.console.close()
    client, prefix, world = dynamodb_client, table_prefix, house.world
    world.images = DynamoImageStore(client, prefix, world.clock)  # type: ignore[assignment] # real stores for fakes
    world.videos = DynamoVideoStore(client, prefix, world.clock)  # type: ignore[assignment]
    world.video_jobs = DynamoVideoJobStore(client, prefix, world.clock)  # type: ignore[assignment]
    world.ledger = DynamoLedger(client, prefix, world.clock, world.buckets, CHECKPOINTS)  # type: ignore[assignment]
    world.verdicts = DynamoVerdictStore(client, prefix)  # type: ignore[assignment]
    world.rollups = DynamoRollupStore(client, prefix)  # type: ignore[assignment]
    world.users = DynamoUserStore(client, prefix, world.clock)  # type: ignore[assignment]
    world.operations = dynamo_operations(client, prefix, world.clock)
    stores = (world.images, world.videos, world.ledger, world.verdicts, world.rollups, world.users, world.operations)
    for store in stores:
        store.setup()
    world.services = replace(world.make_services(world.plan), users=world.users)
    old = house.console
    house.console = Console(world.services, old.options, world.send, old.thumbnails, PASSWORDS)
    house.app = make_app(house.console)
    house.add("all", Role)
    house.analyse()
    world.put(BAD, b"no picture")
    world.add(BAD)
    world.put(BAD_VIDEO, b"no video")
    world.add_video(BAD_VIDEO)
    world.run()
    yield house
    house.console.close()


@pytest.fixture
def rights(
    house: House,  # noqa: ARG001 - what its making asks for is not noted
    dynamodb_client: Any,
    table_prefix: str,
) -> Iterator[Rights]:
    with Rights(dynamodb_client, table_prefix) as noted:
        yield noted


def test_the_policy_gives_what_the_console_asks_of_dynamodb_and_nothing_else(
    house: House, rights: Rights, dynamodb_client: Any, table_prefix: str
) -> None:
    client = house.client()
    assert 303 == client.post("/login", data={"name": "all", "password": PASSWORD}, headers=FROM_HERE).status_code
    open_pages(client)
    look_at_what_is_new(house, client)
    correct(house, client)
    review(house, client)
    answer_candidates(house, client)
    keep_tokens(house, client)
    redrive(client)
    manage_people(client)
    call(client)
    moving = process_while_days_move(dynamodb_client, table_prefix, house.world.clock)
    house.console.services = replace(house.console.services, images=moving)
    assert 200 == client.get(f"/api/v1/images?day={DAY}").status_code
    client.post("/logout", headers=FROM_HERE)
    assert granted("console", "dynamodb") >= rights.used
    # Figures are replaced while one reads them.
    unused = granted("console", "dynamodb") - rights.used
    assert {("dynamodb:BatchGetItem", "users"), ("dynamodb:GetItem", "rollups")} >= unused


def open_pages(client: TestClient) -> None:
    """Open each page that changes nothing."""
    for path in (
        "/",
        f"/day?day={DAY}",
        f"/image?id={URI}",
        "/calendar",
        "/me",
        "/api",
        "/api/v1/accuracy",
        "/accuracy",
        "/agreement",
        "/search?label=Person",
        "/heat",
        "/months",
        "/confidence",
        "/status",
        "/dead",
        "/dead?error=NotAnImage",
        "/cost",
        "/rates",
        "/people",
        "/log",
    ):
        assert client.get(path).status_code in {200, 422}, path


def look_at_what_is_new(house: House, client: TestClient) -> None:
    """Look at what is new, mark it as seen, and undo that."""
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    opened = client.get("/new").text
    assert "data-pictures" in opened
    marked = client.post("/new/seen", data=fields_of(opened), headers=FROM_HERE).headers["location"]
    assert 303 == client.post("/new/undo", data=fields_of(client.get(marked).text), headers=FROM_HERE).status_code


def correct(house: House, client: TestClient) -> None:
    """Say on an image's page that the detector is wrong, and switch the keys."""
    said = {"id": URI, "label": "Person", "answer": "absent", "content": content_of(house)}
    assert 303 == client.post("/image/verdict", data=said, headers=FROM_HERE).status_code
    client.post("/me/keys", data={}, headers=FROM_HERE)


def review(house: House, client: TestClient) -> None:
    """Answer a batch, close it, doubt an answer, and ask for a second look."""
    place = client.post("/review", data={"label": "Person"}, headers=FROM_HERE).headers["location"]
    batch = house.world.users.batches.newest("all", 1)[0]
    assert 200 == client.get(place).status_code
    seen = {"answer": "absent", "content": batch.pictures[0].content}
    assert 303 == client.post(place, params=seen, headers=FROM_HERE).status_code
    assert 303 == client.post(f"/review/{batch.batch_id}/done", headers=FROM_HERE).status_code
    assert 303 == client.post(f"{place}/doubt", headers=FROM_HERE).status_code
    assert 200 == client.get("/review/second").status_code


def keep_tokens(house: House, client: TestClient) -> None:
    """Make a token, and withdraw one."""
    client.post("/me/tokens", data={"title": "t", "roles": "owner"}, headers=FROM_HERE)
    withdrawn = {"token_id": house.world.users.tokens("all")[0].token_id}
    client.post("/me/tokens/withdraw", data=withdrawn, headers=FROM_HERE)


def redrive(client: TestClient) -> None:
    """Redrive dead letters twice: the second time they are gone."""
    confirmed = fields_of(client.get("/dead/confirm?error=NotAnImage&act=redrive&whole=1").text)
    assert 303 == client.post("/dead/redrive", data=confirmed, headers=FROM_HERE).status_code
    assert 409 == client.post("/dead/redrive", data=confirmed, headers=FROM_HERE).status_code


def manage_people(client: TestClient) -> None:
    """Add a user, and do all that can be done to one."""
    client.post("/people", data={"name": "ann", "roles": "owner"}, headers=FROM_HERE)
    for deed in ("roles", "password", "sign-out", "remove"):
        form = {"name": "ann", "again": "ann", "roles": "operator"}
        assert client.post(f"/people/{deed}", data=form, headers=FROM_HERE).status_code in {200, 303}, deed


def call(client: TestClient) -> None:
    """Ask the API, redrive by it, and have it compare faces."""
    for path in ("/cameras", f"/images?day={DAY}", f"/image?id={URI}", f"/verdicts?id={URI}", "/status"):
        assert 200 == client.get(f"/api/v1{path}").status_code, path
    letters = client.get("/api/v1/dead-letters").json()["dead_letters"]
    ids = {"ids": [each["id"] for each in letters]}
    redriven = client.post("/api/v1/dead-letters/redrive", json=ids, headers=FROM_HERE).json()
    assert {"sent": 2} == {name: number for name, number in redriven.items() if number}
    compared = client.post("/api/v1/comparisons", json={"source": URI, "target": URI}, headers=FROM_HERE)
    assert 202 == compared.status_code, compared.text
    assert "waiting" == client.get(f"/api/v1/comparisons/{compared.json()['id']}").json()["state"]


def content_of(house: House) -> str:
    """Return the SHA-256 of the image's bytes."""
    row = house.world.images.get(URI)
    assert row is not None
    assert row.content is not None
    return row.content.sha256


def answer_candidates(house: House, client: TestClient) -> None:
    """Answer a candidate on its page, and another over the API."""
    for number, name in enumerate(("Ann", "Bob")):
        know(house, name, f"{number}" * 32)
        keep(house, URI, name)
    opened = client.get("/review/people").headers["location"]
    candidate = opened.rsplit("/", 1)[1]
    assert 200 == client.get(opened).status_code
    assert 200 == client.get(f"/look/people/{candidate}/320").status_code
    said = {"answer": "yes", "content": content_of(house)}
    assert "said=yes" in client.post(opened, params=said, headers=FROM_HERE).headers["location"]
    (left,) = client.get("/api/v1/candidates").json()["candidates"]
    given = client.post(f"/api/v1/candidates/{left['id']}", json={"answer": "no"}, headers=FROM_HERE)
    assert 200 == given.status_code, given.text
    assert "alike" in client.get("/review/people/said").text


class CountingGraph(Neo4jGraphStore):
    """The graph, whose named queries are noted; each is one transaction."""

    sent: Counter[str]

    @override
    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, Json]]:
        self.sent[f"Neo4j {name}"] += 1
        return super().query(name, parameters)


def graph_of(house: House, driver: neo4j.Driver, sent: Counter[str]) -> None:
    """Show in Neo4j what the graph of a house shows, and have the console ask it."""
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")
    graph = CountingGraph(driver, "neo4j")
    graph.sent = sent
    row = house.world.images.get(URI)
    assert row is not None
    assert [True] == [each.is_changed for each in graph.merge([graph_image(row)]) if isinstance(each, Merged)]
    house.console.services = replace(house.console.services, graph=graph)


OF_A_REVIEWER = {"Query users": 1, "Query verdicts": 1}
"""To be told that they are asked about nothing."""

WHO_IS_ASKED = {"Neo4j images-between": 1, "BatchGetItem images": 1, "BatchGetItem verdicts": 2}
"""And if there is one image: that it is among those counted, its row, the question and what was said of it."""


def test_search_and_patterns_send_as_many_requests_as_their_budget_has(
    house: House, dynamodb_client: Any, driver: neo4j.Driver
) -> None:
    sent = Counter[str]()
    graph_of(house, driver, sent)
    client = house.client("all")
    paths = {
        "/search?label=Person": {
            "Neo4j newest-with-label": 1,
            "BatchGetItem images": 1,
            "Query users": 1,
            "BatchGetItem verdicts": 1,
            "BatchGetItem users": 1,
        },
        "/heat": {"Neo4j label-by-time": 1} | OF_A_REVIEWER,
        "/heat.png": {"Neo4j label-by-time": 1} | OF_A_REVIEWER,
        "/months": {"Neo4j labels-of-days": 1} | OF_A_REVIEWER,
        "/confidence": {"Neo4j label-by-confidence": 1} | OF_A_REVIEWER,
    }
    for path in paths:
        client.get(path)  # reads once in a while who asks and which days there are; notes what was seen
    with requests_of(dynamodb_client, sent):
        for path, expected in paths.items():
            sent.clear()
            assert 200 == client.get(path).status_code
            assert expected == sent, path
        house.ask()
        client.get("/heat")  # reads which answers are doubted, once a minute
        for path in ("/heat.png", "/months"):  # the others look for the last picture, since nothing is left to count
            sent.clear()
            assert 200 == client.get(path).status_code
            assert paths[path] | WHO_IS_ASKED == sent, path
        house.add("owner", [Role.OWNER])
        owner = house.client("owner")
        owner.get("/me")
        sent.clear()
        assert 200 == owner.get("/heat?weeks=12").status_code
        of_counts = {"Query operations": 1, "Query rollups": 1}
        assert of_counts | {"Neo4j label-by-time": 1} == sent, "to owners: the one day that is not rolled up"


@contextmanager
def requests_of(dynamodb_client: Any, sent: Counter[str]) -> Iterator[None]:
    """Count what is asked of DynamoDB, by operation and table."""

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        tables = params.get("RequestItems") or [params["TableName"]]
        sent.update(f"{model.name} {table.rsplit('-', 1)[-1]}" for table in tables)

    dynamodb_client.meta.events.register("provide-client-params.dynamodb", note)
    try:
        yield
    finally:
        dynamodb_client.meta.events.unregister("provide-client-params.dynamodb", note)


def test_pages_send_as_many_requests_as_their_budget_has(house: House, dynamodb_client: Any) -> None:
    house.world.clock.move(timedelta(seconds=10))  # so that the feed's newest entries are read
    client, sent = house.client("all"), Counter[str]()
    for path in (f"/day?day={DAY}", "/new"):
        client.get(path)  # reads once in a while who asks and which days there are; notes what was seen
    house.console.status.read(whole=True)
    client.get("/dead")
    mask = {"Query users": 1, "BatchGetItem verdicts": 1}
    noted = {"BatchGetItem users": 1}
    of_a_day = {"BatchGetItem images": 1, "Query images": 1}
    with requests_of(dynamodb_client, sent):
        for path, expected in (
            (f"/day?day={DAY}&camera=yard", of_a_day | mask | noted),
            (f"/day?day={DAY}&label=Person", of_a_day | mask | noted),
            ("/new", {"GetItem users": 1, "Query images": 4 * 2, "BatchGetItem images": 1} | mask | noted),
            ("/calendar", {"Query rollups": 1, "GetItem users": 1, "Query images": 4 * 2}),
            ("/status", {}),
            ("/dead", {}),
            ("/dead?error=NotAnImage", {"Query operations": 1, "BatchGetItem images": 1}),
            ("/cost", {"GetItem operations": 1, "Query operations": 2}),
            ("/rates", {}),
            ("/people", {"Query users": 2}),
            ("/log", {"Query users": 1}),
        ):
            sent.clear()
            assert 200 == client.get(path).status_code
            assert expected == sent, path
