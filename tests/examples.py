"""How many examples Hypothesis tries: few by default, many if `CI` is set; HYPOTHESIS_PROFILE overrides both."""

import os
from typing import Any

from hypothesis import settings

IN_CI = 100
FEWEST = 4

settings.register_profile("dev", max_examples=20, deadline=None)
settings.register_profile("ci", max_examples=IN_CI, deadline=None, derandomize=True, database=None, print_blob=True)


def load_profile() -> None:
    """Load the profile. It must happen before a test module is imported: `@given` reads the profile at that moment."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


def examples(in_ci: int, **others: Any) -> settings:
    """Try `in_ci` examples under the profile `ci`, and proportionally fewer, but four, under one that tries fewer."""
    return settings(max_examples=max(min(in_ci, FEWEST), in_ci * settings().max_examples // IN_CI), **others)
