"""What a list of visits is limited to: it stands in the address, and each part has a chip that takes it away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from sightline.services.rollups.plan import AccuracyPlan
from sightline.stats.strata import StrataRule
from sightline.web.chosen import ALL_IMAGES, NO_IMAGES, Chosen

Only: TypeAlias = Literal["found", "near", "all"]
"""found: what shows the label from `at_least` up; near: near misses, just below the threshold of a watched label.

all: every picture; the label chooses covers, and which bars of the strip are coloured
"""


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what is asked for, in words. without: what is asked for if it goes."""

    words: str
    without: "Filters"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for."""

    camera: str | None = None
    label: str | None = None
    at_least: int = 0
    only: Only = "found"

    @property
    def query(self) -> Mapping[str, Any]:
        """Return what stands in the address."""
        return {
            "camera": self.camera,
            "label": self.label,
            "at_least": (self.at_least or None) if self.label and self.only != "near" else None,
            "only": self.only if self.only == "near" or (self.only == "all" and self.label) else None,
        }

    @property
    def is_any(self) -> bool:
        """Return whether anything is asked for."""
        return any(value is not None for value in self.query.values())

    @property
    def unused(self) -> str:
        """Return why the confidence filters nothing, in a sentence; empty if it filters, or none is asked for."""
        if not self.at_least or (self.label is not None and self.only != "near"):
            return ""
        if self.only == "near":
            return "The confidence filters nothing here: near misses are those just below the label's threshold."
        return "The confidence filters only together with a label: choose a label."

    def near_rule(self, plan: AccuracyPlan) -> StrataRule | None:
        """Return by which rule near misses are chosen; None if none are, or the label is not watched."""
        if self.only != "near":
            return None
        named = (rule for rule in plan.rules if self.label is None or rule.label.casefold() == self.label.casefold())
        return next(named, None)

    def unknown(self, plan: AccuracyPlan) -> str:
        """Return why no near misses are known, in a sentence; empty if they are, or are not asked for."""
        if self.only != "near" or self.near_rule(plan):
            return ""
        watched = ", ".join(rule.label for rule in plan.rules)
        return f"Near misses are known only for watched labels: {watched or 'none is watched'}."

    def chosen(self, plan: AccuracyPlan) -> Chosen:
        """Return which images these are: none for near misses of a label that has no threshold."""
        if self.only == "near":
            rule = self.near_rule(plan)
            return Chosen(rule.label, at_least=rule.low_percent, below=rule.threshold_percent) if rule else NO_IMAGES
        return Chosen(self.label, at_least=self.at_least, is_all=self.only == "all") if self.label else ALL_IMAGES

    def chips(self) -> Iterator[Chip]:
        """Return the parts."""
        if self.camera is not None:
            yield Chip(f"camera {self.camera}", replace(self, camera=None))
        if self.only == "near":
            yield Chip("near misses", replace(self, only="found"))
        if self.only == "all" and self.label is not None:
            yield Chip("all pictures", replace(self, only="found"))
        if self.label is not None:
            from_up = f" from {self.at_least} %" if self.at_least and self.only != "near" else ""
            yield Chip(f"label {self.label}{from_up}", replace(self, label=None, at_least=0))
