"""Search and patterns over a real Neo4j tell a reviewer nothing of what was found in what they are asked about."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import neo4j
import pytest

from sightline.graph.neo4j import Neo4jGraphStore
from sightline.models.answers import Answer, Detection
from sightline.services.graph_merge import graph_image
from sightline.storage.users.protocol import Role
from sightline.testing.fake import picture, uri_of
from tests.unit.web.house import DAY, House, build

ASKED = {3, 4, 7}
"""Pictures that the review asks about, on both sides of a page's end."""

PEOPLE = ("Person", "ZzLabel")


def answers_of(number: int, *, is_swapped: bool) -> dict[str, Answer]:
    """Return what is found in a picture; swapped, those under review have other answers."""
    odd = number % 2 == 1
    is_found = (not odd) if is_swapped and number in ASKED else odd or number not in ASKED
    percent = 88.0 if is_swapped else 97.0
    found = [Detection(name, percent if number in ASKED else 90.0) for name in PEOPLE] if is_found else []
    lines = [Detection("ZZ 99", 93.0, attributes={"type": "line"})] if is_found else []
    return {"labels": Answer((*found, Detection("Plant", 61.0)), "m-1", 30.0), "text": Answer(tuple(lines), "t-1")}


CALLS = [
    "/search?label=Person",
    "/search?label=Person&at_least=85&below=95",
    "/search?label=ZzLabel&weekday=1&hour=11",
    "/search?text=zz",
    "/search?text=ZZ&label=Person&at_least=95",
    "/search?q=ZzLabel",
    f"/search?label=Person&since={DAY}&until={DAY}&camera=yard",
    *(f"/heat{form}?label={label}&at_least=0" for label in PEOPLE for form in ("", ".png")),
    "/heat?at_least=95",
    *(f"/confidence?label={label}" for label in PEOPLE),
    *(f"/months?at_least={percent}&before=2026-10&after=2026-11" for percent in (0, 95)),
    *(f"/api/v1/images?limit=2&label={label}" for label in PEOPLE),
    "/api/v1/images?limit=2&text=ZZ",
    "/api/v1/images?label=Person&at_least=95",
    f"/api/v1/images?day={DAY}&label=Person",
]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Mapping[bool, House]]:
    houses = {is_swapped: build(tmp_path) for is_swapped in (False, True)}
    yield houses
    for house in houses.values():
        house.console.close()


def fill(house: House, driver: neo4j.Driver, *, is_swapped: bool) -> None:
    """Take nine pictures through the pipeline, show them in Neo4j, and have the review ask about some."""
    driver.execute_query("MATCH (node) DETACH DELETE node", database_="neo4j")
    graph = Neo4jGraphStore(driver, "neo4j")
    for number in range(9):
        uri = uri_of(f"{number:02}")
        house.analyse(uri, answers_of(number, is_swapped=is_swapped), picture(20 * number))
        row = house.world.images.get(uri)
        assert row is not None
        assert all(not isinstance(each, Exception) for each in graph.merge([graph_image(row)]))
        if number in ASKED:
            house.ask(uri)
    house.world.services = house.console.services = house.world.make_services(house.world.plan)
    object.__setattr__(house.console.services, "graph", graph)


def told(house: House, who: str) -> dict[str, bytes]:
    """Return every answer without what differs by request; of lists with a cursor every page."""
    client, header = house.client(who), house.token(who, Role.OWNER)
    found = {}
    for call in CALLS:
        onward: str | None = call
        while onward:
            answer = house.client().get(onward, headers=header) if "/api/" in onward else client.get(onward)
            assert answer.status_code in {200, 303}, (onward, answer.text)
            found[onward] = answer.content.replace(answer.headers["x-request-id"].encode(), b"")
            found[f"place of {onward}"] = answer.headers.get("location", "").encode()
            cursor = answer.json().get("cursor") if "/api/" in onward else None
            onward = f"{call}&cursor={cursor}" if cursor else None
    return found


def test_nothing_differs_whatever_the_detector_found_in_pictures_under_review(
    made: Mapping[bool, House], driver: neo4j.Driver
) -> None:
    seen: dict[str, list[dict[str, bytes]]] = {"all": [], "owner": []}
    for is_swapped, house in made.items():
        fill(house, driver, is_swapped=is_swapped)
        for who, answers in seen.items():
            answers.append(told(house, who))
    one, other = seen["all"]
    assert [] == [call for call in one.keys() | other.keys() if one.get(call) != other.get(call)]
    one, other = seen["owner"]
    told_apart = {call.partition("?")[0] for call in CALLS if one.get(call) != other.get(call)}
    assert {call.partition("?")[0] for call in CALLS} == told_apart, "to somebody who is asked nothing each page tells"
    assert b"97" not in seen["all"][0]["/search?label=Person"].split(b"<main")[1].split(b"/picture")[0]
