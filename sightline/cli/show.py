"""`sightline show`: everything that is known about one image."""

from typing import Any

import click

from sightline.cli.detections import as_json as detections_as_json
from sightline.cli.detections import print_found
from sightline.cli.factory import Factory
from sightline.cli.output import json_option, print_json, print_table
from sightline.cli.video_facts import show_video
from sightline.models.images import AskedBy, ImageRow
from sightline.rekognition.fingerprint import BITS
from sightline.services.collaborators import Services
from sightline.services.holding_up import held_up_by
from sightline.services.plan import Plan
from sightline.services.seen_there import seen_in_row
from sightline.services.similar_keys import not_added
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.ledger.protocol import Ledger, Status, shown_status

ASKED_BY = {
    AskedBy.BYTES: " (the bytes themselves were sent: the object is overwritten again and again)",
    AskedBy.COPY: " (about a held copy: the object is overwritten again and again)",
}
"""What is said beside an answer that is not about an object by its name."""

_APART = {"features", "stand_in"}
"""Facts that are shown below the table."""


@click.command()
@click.argument("uri")
@json_option
@click.pass_obj
def show(factory: Factory, uri: str, *, as_json: bool) -> None:
    """Show what is known about one image: its state, what it waits for, labels, faces and text.

    Of a video, its state and its frames.
    """
    if video := factory.services.videos.get(str(ObjectUri.parse(uri))):
        show_video(video, factory.services, as_json=as_json)
        return
    facts = image_facts(uri, factory.services)
    if as_json:
        print_json(facts)
        return
    shown = {**facts, "state": facts["state"].shown, "lane": facts["lane"].shown}
    lines = [(name, value) for name, value in shown.items() if name not in _APART and value is not None]
    print_table(uri, ("fact", "value"), [(name.replace("_", " "), value) for name, value in lines])
    if facts["stand_in"]:
        _print_stand_in(facts["stand_in"])
    for name, feature in facts["features"].items():
        empty = "nothing found" if feature["status"] == Status.ANSWERED else "nothing yet"
        title = f"{name}, {feature['status']}{feature['because']}{ASKED_BY.get(feature['asked_by'], '')}"
        print_found(title, feature["detections"], empty=empty)


def image_facts(uri: str, services: Services) -> dict[str, Any]:
    """Return the image's row and its answers, as JSON; raise InvalidUri, or ImageMissing if there is no row."""
    row = services.images.get(str(ObjectUri.parse(uri)))
    if row is None:
        raise not_added(ObjectUri.parse(uri), services.images, services.buckets)
    content, capture = row.content, row.capture
    return {
        "image_id": row.image_id,
        "state": row.state,
        "waits_for": held_up_by(row, services),
        "lane": row.lane,
        "camera": capture.camera if capture else None,
        "taken_at": capture.taken_at if capture else None,
        "capture_source": capture.source if capture else None,
        "capture_ignored": "; ".join(capture.ignored) or None if capture else None,
        "capture_doubt": capture.doubt or None if capture else None,
        "video": capture.video or None if capture else None,
        "offset_ms": capture.offset_ms if capture and capture.video else None,
        "size_bytes": content.size_bytes if content else None,
        "pixels": f"{content.width_pixels} × {content.height_pixels}" if content else None,
        "sha256": content.sha256 if content else None,
        "etag": content.etag if content else None,
        "received_at": row.received_at,
        "version": row.version,
        "merged_version": row.merged_version,
        "rejection": row.rejection.message if row.rejection else None,
        "dropped_answers": row.drops.count if row.drops else None,
        "last_dropped_at": row.drops.at if row.drops else None,
        "stand_in": _stand_in(row, services),
        "not_asked_for": _not_asked_for(row, services.plan),
        "features": {feature: _feature_facts(row, feature, services.ledger) for feature in sorted(row.wanted)},
    }


def _print_stand_in(stand_in: dict[str, Any]) -> None:
    click.echo(f"\nNot paid for: it looks like {stand_in['image_id']}\n({stand_in['distance']} of {BITS} bits differ).")
    if not stand_in["is_as_it_was"]:
        click.echo("That image has other bytes by now, or is gone; what follows was found when they looked alike.")
    for name, found in stand_in["seen_there"].items():
        print_table(f"Seen there: {name}", ("name", "confidence"), [(each, f"{most:.1f} %") for each, most in found])
    if not stand_in["seen_there"]:
        click.echo("Nothing is known of what was seen there yet.")


def _stand_in(row: ImageRow, services: Services) -> dict[str, Any] | None:
    """Return the image that this one is shown with, and what was found in that."""
    seen = seen_in_row(row, services.images, services.ledger, services.plan)
    if seen is None:
        return None
    other = {"image_id": seen.stand_in.image_id, "distance": seen.stand_in.distance}
    return other | {"is_as_it_was": seen.is_as_it_was, "seen_there": dict(seen.found)}


def _not_asked_for(row: ImageRow, plan: Plan) -> str | None:
    """Name the features that an image has no answer of and waits for none of: what they would find is unknown."""
    if not row.is_analysed:
        return None
    return ", ".join(name for name in sorted(plan.features) if name not in row.wanted) or None


def _feature_facts(row: ImageRow, feature: str, ledger: Ledger) -> dict[str, Any]:
    entry = ledger.get(row.wanted[feature])
    because = f" ({entry.rejection.message})" if entry and entry.rejection else ""
    found = detections_as_json(entry.answer.detections) if entry and entry.answer else []
    part = row.parts.get(feature)
    return {
        "analysis_id": row.wanted[feature],
        "status": shown_status(entry),
        "because": because,
        "asked_by": part.asked_by if part and part.analysis_id == row.wanted[feature] else None,
        "detections": found,
    }
