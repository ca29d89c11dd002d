"""Draws of one figure under several priors, and in several worlds, all from one seed.

The strata are drawn one after the other from one source: what is drawn of the second goes by the first alone, and the
same names give the same bytes. What two worlds have in common at their beginning is drawn once, and of strata without
an unseen image nothing is drawn once no other follows: drawing is what a sweep costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sightline.stats.posterior import DRAWS, Counts, Evidence, draw_present, generator

Part: TypeAlias = tuple[Evidence, float]
"""A stratum, and the prior under which it is drawn."""


class Drawing:
    """The draws of what `names` name."""

    def __init__(self, *names: str) -> None:
        self._source = generator(*names)
        self._start = self._source.bit_generator.state
        self._known: dict[tuple[Part, ...], tuple[Counts, Mapping[str, Any]]] = {}

    def present(self, parts: Iterable[Part]) -> list[Counts]:
        """Draw how many images of each part are present, each of shape (draws,)."""
        ordered = tuple(parts)
        drawn = max((place for place, (evidence, _) in enumerate(ordered, 1) if evidence.unseen), default=0)
        certain = [np.full(DRAWS, evidence.present, dtype=np.int64) for evidence, _ in ordered[drawn:]]
        return [self._after(ordered[:place])[0] for place in range(1, drawn + 1)] + certain

    def total(self, parts: Iterable[Part]) -> Counts:
        """Draw how many images are present in all parts together, shape (draws,)."""
        return sum(self.present(parts), np.zeros(DRAWS, dtype=np.int64))

    def _after(self, parts: Sequence[Part]) -> tuple[Counts, Mapping[str, Any]]:
        """Return the draws of the last part, and the state of the source after them."""
        key = tuple(parts)
        if key not in self._known:
            self._source.bit_generator.state = self._after(parts[:-1])[1] if parts[:-1] else self._start
            evidence, prior = parts[-1]
            counts = draw_present(evidence, self._source, prior)
            self._known[key] = (counts, self._source.bit_generator.state)
        return self._known[key]
