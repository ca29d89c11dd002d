"""`sightline show`: everything that is known of one image."""

from typing import Any

import click

from console.factory import Factory
from console.output import json_option, print_json, print_table, printable
from stores.images.protocol import ImageStore
from stores.ledger.protocol import Ledger
from stores.rows import ImageRow
from vision.errors import ImageMissing
from vision.models import Answer


@click.command()
@click.argument("uri")
@json_option
@click.pass_obj
def show(factory: Factory, uri: str, *, as_json: bool) -> None:
    """Show labels, faces and text of one image beside its facts."""
    facts = image_facts(uri, factory.services.images, factory.services.ledger)
    if as_json:
        print_json(facts)
        return
    lines = {name: value for name, value in facts.items() if name != "features" and value is not None}
    print_table(printable(uri), ("fact", "value"), lines.items())
    for name, feature in facts["features"].items():
        rows = [(each["name"], each["confidence"]) for each in feature["detections"]]
        print_table(f"{name}: {feature['status']}{feature['because']}", ("found", "confidence"), rows)


def image_facts(uri: str, images: ImageStore, ledger: Ledger) -> dict[str, Any]:
    """Give the image's row and the answers behind it, as JSON; raise ImageMissing where there is no row."""
    row = images.get(uri)
    if row is None:
        raise ImageMissing(uri, rule="sightline knows no such image", remedy="Add it with `sightline add`")
    content, capture = row.content, row.capture
    return {
        "image_id": row.image_id,
        "state": row.state,
        "lane": row.lane,
        "camera": capture.camera if capture else None,
        "taken_at": capture.taken_at if capture else None,
        "capture_source": capture.source if capture else None,
        "size_bytes": content.size_bytes if content else None,
        "pixels": f"{content.width_pixels} × {content.height_pixels}" if content else None,
        "sha256": content.sha256 if content else None,
        "etag": content.etag if content else None,
        "received_at": row.received_at,
        "version": row.version,
        "merged_version": row.merged_version,
        "rejection": row.rejection.message if row.rejection else None,
        "features": {feature: _feature_facts(row, feature, ledger) for feature in sorted(row.wanted)},
    }


def _feature_facts(row: ImageRow, feature: str, ledger: Ledger) -> dict[str, Any]:
    entry = ledger.get(row.wanted[feature])
    because = f" ({entry.rejection.message})" if entry and entry.rejection else ""
    status = entry.status if entry else "waiting"
    found = _detections(entry.answer) if entry and entry.answer else []
    return {"analysis_id": row.wanted[feature], "status": status, "because": because, "detections": found}


def _detections(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "confidence": each.confidence, "attributes": dict(each.attributes)}
        for each in answer.detections
    ]
