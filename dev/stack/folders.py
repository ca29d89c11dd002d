"""Where the local stack keeps its things: all under `.cache/` of the checkout."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = CHECKOUT / ".cache" / "servers"
"""The installed servers, shared by every stack of this checkout."""

UP = CHECKOUT / ".cache" / "stack"
"""The folder of the stack that `make up` leaves running."""
