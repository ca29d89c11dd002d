"""Which versions of the detector the days were seen by: a new one starts figures of its own."""

from sightline.models.answers import Json
from sightline.services.collaborators import Services
from sightline.services.rollups.report import models_seen


def models_section(services: Services) -> dict[str, Json]:
    """Give, for each watched label that has figures, its versions over the last 28 days, and the one that is new."""
    plan = services.accuracy
    last_day = plan.last_ended_day(services.clock())
    seen = {rule.label: models_seen(services.rollups, rule.label, last_day) for rule in plan.rules}
    return {label: _of_label(versions) for label, versions in seen.items() if versions}


def _of_label(versions: dict[str, tuple[str, str]]) -> dict[str, Json]:
    newest = max(versions, key=lambda model: versions[model])
    days = {model: {"first_day": first, "last_day": last} for model, (first, last) in versions.items()}
    changed = f"to {newest} on {versions[newest][0]}" if len(versions) > 1 else None
    return {"versions": days, "changed": changed}
