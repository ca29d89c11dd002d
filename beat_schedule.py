"""What runs when. Each entry expires before the next is due: an outage leaves one run behind, not a hundred."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {}
