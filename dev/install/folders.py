"""Where things are installed: Python packages in `.venv`, everything else in `.cache/`."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
CACHE = CHECKOUT / ".cache"
PROGRAMS = CACHE / "servers"
"""The installed servers, shared by every stack of this checkout."""
