"""Numbers as people give them on the command line."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A number within bounds: click takes `nan` for one that is within any, and `inf` where there is no upper."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; raise BadParameter, which is wrong usage, where it is no number or out of bounds."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number. Give one such as 50.", param, ctx)
        return number


PERCENT = FiniteRange(0, 100)
