"""Where the local stack keeps its files: all below `.cache/` of the checkout."""

from dev.install.folders import CACHE, CHECKOUT, PROGRAMS

__all__ = ["CHECKOUT", "PROGRAMS", "UP"]

UP = CACHE / "stack"
"""The folder of the stack that `make up` leaves running."""
