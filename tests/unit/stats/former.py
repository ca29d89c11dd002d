"""How windows were joined and thresholds swept before both were made fast: slower, and plainly what is meant."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from sightline.stats.counts import CellCounts, Tally
from sightline.stats.curves import SweepPoint
from sightline.stats.figures import Figure, Interval, NotEstimable, figure_of, unknown_reason
from sightline.stats.posterior import PRIORS, Evidence, draw_present, generator
from sightline.stats.sampling import Cell
from sightline.stats.strata import ESTIMATED, Stratum
from sightline.stats.summary import CellSummary
from sightline.stats.windows import MAXIMUM_SHARE

OF_SIDES: tuple[tuple[list[str], list[str]], ...] = ((["point"], ["found"]), (["sweep"], []))
"""What names the draws above a threshold, and those below it, which are those of the sweep."""


@dataclass(frozen=True, slots=True)
class Group:
    cell: Cell
    population: int
    present: int
    decided: int
    unsure: int = 0

    @property
    def unseen(self) -> int:
        return self.population - self.decided


def stratum_evidence(cells: Sequence[tuple[Cell, Tally]]) -> Evidence:
    filled = [Group(cell, t.population, t.present, t.decided, t.unsure) for cell, t in cells if t.population]
    reviewed = {group.cell.camera for group in filled if group.decided}
    blind = [group for group in filled if group.cell.camera not in reviewed]
    seen = joined([group for group in filled if group.cell.camera in reviewed])
    unreviewed = sum(group.population for group in blind)
    found = evidence(seen, unreviewed)
    if not found.is_known or not (blind or any(group.unsure for group in seen)):
        return found
    absent = [replace(g, decided=g.decided + g.unsure) for g in seen]
    present = [replace(g, present=g.present + g.unsure, decided=g.decided + g.unsure) for g in seen]
    return replace(
        found,
        unreviewed=unreviewed,
        unreviewed_cameras=tuple(sorted({group.cell.camera for group in blind})),
        ends=(
            evidence([*absent, *(replace(g, present=0, decided=g.population) for g in blind)]),
            evidence([*present, *(replace(g, present=g.population, decided=g.population) for g in blind)]),
        ),
    )


def evidence(groups: Sequence[Group], blind: int = 0) -> Evidence:
    population, present = sum(g.population for g in groups) + blind, sum(g.present for g in groups)
    unseen = sum(g.unseen for g in groups)
    if not groups or (not unseen and not blind) or not all(g.decided for g in groups):
        return Evidence(population, present, unseen + blind, rate=0.0, effective=0.0)
    weights = [(g.unseen if unseen else g.population) / (unseen or population - blind) for g in groups]
    rate = sum(w * g.present / g.decided for w, g in zip(weights, groups, strict=True))
    effective = 1 / sum(w * w / g.decided for w, g in zip(weights, groups, strict=True))
    return Evidence(population, present, unseen + blind, min(rate, 1.0), effective)


def joined(groups: Sequence[Group]) -> list[Group]:
    of_camera: defaultdict[str, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda g: (g.cell.camera, g.cell.day)):
        of_camera[group.cell.camera].append(group)
    return [group for camera in sorted(of_camera) for group in joined_days(of_camera[camera])]


def joined_days(left: list[Group]) -> list[Group]:
    decided, population = sum(g.decided for g in left), sum(g.population for g in left)
    while decided and len(left) > 1:
        thin = min(left, key=lambda g: g.decided / g.population)
        if thin.decided * MAXIMUM_SHARE * population >= thin.population * decided:
            break
        left.remove(thin)
        place = min(range(len(left)), key=lambda i: distance(left[i], thin))
        host = left[place]
        left[place] = replace(
            host,
            population=host.population + thin.population,
            present=host.present + thin.present,
            decided=host.decided + thin.decided,
            unsure=host.unsure + thin.unsure,
        )
    return left


def distance(host: Group, thin: Group) -> tuple[bool, int, str]:
    apart = date.fromisoformat(host.cell.day) - date.fromisoformat(thin.cell.day)
    return (host.decided == 0, abs(apart.days), host.cell.day)


def sweep(cells: Sequence[CellSummary], thresholds_percent: Sequence[float], *names: str) -> list[SweepPoint]:
    bands = [(band, counts) for cell in cells for band, counts in cell.bands.items()]
    points = []
    for step in thresholds_percent:
        below = together([counts for band, counts in bands if band < step])
        images = sum(c.tally(s).population for band, c in bands if band >= step for s in ESTIMATED)
        found = {s: stratum_evidence([(each.cell, each.tally(s)) for each in below]) for s in ESTIMATED}
        points.append(SweepPoint(step, images, present_images(found, *names, "sweep", str(step))))
    return points


def together(counts: Sequence[CellCounts]) -> list[CellCounts]:
    merged: dict[Cell, CellCounts] = {}
    for each in counts:
        known = merged.get(each.cell, CellCounts(each.cell, {}))
        merged[each.cell] = CellCounts(each.cell, {s: known.tally(s) + each.tally(s) for s in Stratum})
    return list(merged.values())


def present_images(found: dict[Stratum, Evidence], *names: str) -> Figure:
    if unknown := unknown_reason(found, ESTIMATED):
        return NotEstimable(unknown)
    least, most = ({s: getattr(each, end) for s, each in found.items()} for end in ("least", "most"))
    worlds = [found, least, most] if any(each.ends for each in found.values()) else [found]
    ends = []
    for world in worlds:
        for prior in PRIORS:
            source = generator(*names)
            total = sum(draw_present(world[s], source, prior) for s in ESTIMATED)
            ends.append(np.quantile(total, (0.025, 0.5, 0.975), method="inverted_cdf"))
    return Interval(float(min(e[0] for e in ends)), float(ends[1][1]), float(max(e[2] for e in ends)))


def recall_at(cells: Sequence[CellSummary], step: float, *names: str) -> Figure:
    bands = [(band, counts) for cell in cells for band, counts in cell.bands.items()]
    above, below = (
        {s: stratum_evidence([(each.cell, each.tally(s)) for each in together(part)]) for s in ESTIMATED}
        for part in ([c for band, c in bands if band >= step], [c for band, c in bands if band < step])
    )
    if unknown := unknown_reason(below, ESTIMATED) or unknown_reason(above, ESTIMATED):
        return NotEstimable(unknown)
    sides = (above, below)
    least, most = ([{s: getattr(e, end) for s, e in side.items()} for side in sides] for end in ("least", "most"))
    has_ends = any(each.ends for side in sides for each in side.values())
    worlds = [sides, (least[0], most[1]), (most[0], least[1])] if has_ends else [sides]
    values = []
    for found_in, missed_in in worlds:
        for prior in PRIORS:
            one, other = (generator(*names, *of, str(step), *side) for of, side in OF_SIDES)
            found = np.sum([draw_present(found_in[s], one) for s in ESTIMATED], axis=0)
            there = found + np.sum([draw_present(missed_in[s], other, prior) for s in ESTIMATED], axis=0)
            values.append(found[there > 0] / there[there > 0])
    is_seen = any(each.present for side in sides for each in side.values())
    return figure_of(values, "", "nothing is present", "" if is_seen else "no reviewed image shows the label")
