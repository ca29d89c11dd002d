"""What the demonstration prints when every image is complete."""

from collections import Counter
from collections.abc import Sequence

from dev.demo.uploads import Upload
from sightline.cli.output import print_table
from sightline.cli.query import short
from sightline.graph.queries import query_named
from sightline.models.images import ImageRow, Rejection
from sightline.services.bookkeeping import keep_books
from sightline.services.collaborators import Services
from sightline.services.status import cost_section, dead_letters_section

AT_LEAST = 50.0
URIS_SHOWN = 10
ROWS_SHOWN = 15
COMPARED = ", compared with the ground truth"


def print_answers(uploads: Sequence[Upload], rows: Sequence[ImageRow], services: Services) -> None:
    """Print images by state, persons found and missed, three queries, what is stored, and what it cost."""
    print_states(rows)
    print_persons(uploads, rows)
    for name in ("cameras", "heat-map", "confidence-histogram"):
        print_query(name, services)
    print_stores(rows, services)
    print_calls(services)


def print_states(rows: Sequence[ImageRow]) -> None:
    """Print images by state, and each rejected image with the reason."""
    print_table("Images by state", ("state", "images"), sorted(Counter(str(row.state) for row in rows).items()))
    refused = [(row.image_id, _reason(row, row.rejection)) for row in rows if row.rejection]
    parts = [
        (row.image_id, f"{name}: {_reason(row, part.rejection)}")
        for row in rows
        for name, part in sorted(row.parts.items())
        if part.rejection
    ]
    print_table("Rejected", ("image", "why, and what to do"), sorted(refused + parts), empty="no image was rejected")


def _reason(row: ImageRow, rejection: Rejection) -> str:
    """Return rule and remedy without the image, which has its own column."""
    return rejection.message.removeprefix(f"{row.image_id}: ")


def person_percent(row: ImageRow) -> float:
    """Return the confidence that a person is in the image; 0 without the label."""
    return dict(row.parts["labels"].finding).get("Person", 0.0) if "labels" in row.parts else 0.0


def print_persons(uploads: Sequence[Upload], rows: Sequence[ImageRow]) -> None:
    """Print the persons found by each camera, with the truth if it is known, and the first URIs."""
    truth = {str(each.uri): each.has_person for each in uploads}
    cameras: dict[str, Counter[str]] = {}
    found = [row for row in rows if person_percent(row) >= AT_LEAST]
    for row in rows:
        if row.capture is not None:
            cameras.setdefault(row.capture.camera, Counter()).update(_outcome(row, truth[row.image_id]))
    is_known = None not in truth.values()
    columns = ("images", *(("persons found", "missed", "false alarms") if is_known else ("found",)))
    lines = [(camera, *(n[column] for column in columns)) for camera, n in sorted(cameras.items())]
    title = f"Persons found at {AT_LEAST:g} % confidence or more" + (COMPARED if is_known else "")
    print_table(title, ("camera", *columns), lines)
    first = sorted(found, key=lambda row: row.image_id)[:URIS_SHOWN]
    shown = [(row.image_id, person_percent(row)) for row in first]
    which = f"The first {len(shown)} of {len(found)}" if len(shown) < len(found) else f"The {len(found)}"
    print_table(
        f"{which} images where a person was found, rightly or not", ("image", "confidence"), shown, empty="none"
    )


def _outcome(row: ImageRow, has_person: bool | None) -> list[str]:  # noqa: FBT001 - it is the truth
    is_found = person_percent(row) >= AT_LEAST
    if has_person is None:
        return ["images", *(["found"] if is_found else [])]
    names = {(True, True): "persons found", (True, False): "missed", (False, True): "false alarms"}
    return ["images", *([names[has_person, is_found]] if (has_person, is_found) in names else [])]


def print_query(name: str, services: Services) -> None:
    """Print the result of a named query of the graph."""
    rows = services.graph.query(name)
    first = [short(row) for row in rows[:ROWS_SHOWN]]
    shown = f" The first {len(first)} of {len(rows)}:" if len(first) < len(rows) else ""
    title = f"sightline query {name}: {query_named(name).shows}{shown}"
    columns = [*next(iter(first), {})]
    print_table(title, columns, [[*row.values()] for row in first], empty="none of these images is one")


def print_stores(rows: Sequence[ImageRow], services: Services) -> None:
    """Print the numbers of rows in DynamoDB, and of nodes and relationships in Neo4j."""
    counts = services.graph.counts()
    stored = [
        ("DynamoDB: image rows", len(rows)),
        ("DynamoDB: analyses in the ledger", services.ledger.count()[0]),
        *((f"Neo4j: {label} nodes", number) for label, number in sorted(counts.nodes.items()) if number),
        *((f"Neo4j: {kind} relationships", number) for kind, number in sorted(counts.relationships.items()) if number),
    ]
    print_table("What is stored", ("", "count"), stored)


def print_calls(services: Services) -> None:
    """Print the calls to Rekognition, and what they would have cost on AWS."""
    day = services.clock().date().isoformat()
    calls = services.operations.usage.calls(day, day)
    outcomes = [(feature, kind, n) for (feature, kind), n in sorted(calls.items()) if kind != "cost_micro_usd"]
    throttled = sum(number for _, kind, number in outcomes if kind == "throttled")
    total = sum(number for _, _, number in outcomes)
    print_table(f"{total} calls, {throttled} of them throttled", ("feature", "ended", "calls"), outcomes)
    keep_books(services, lambda: True)  # beat would, within a minute
    cost = cost_section(services.operations, services.prices, services.clock())
    total = sum(cost["today_usd"].values())
    title = f"On AWS they would have cost {total:.3f} USD ({cost['prices_region']}, prices of {cost['prices_as_of']})"
    print_table(title, ("feature", "USD"), [(name, f"{usd:.3f}") for name, usd in cost["today_usd"].items()])


def count_dead_letters(services: Services) -> int:
    """Return how many dead letters there are."""
    return int(dead_letters_section(services.operations)["open"])
