"""Which camera images must a person look at, what did the detector miss, and what did that cost?

For producers: `from sightline import add_images`. What is exported is imported when it is first used, so that
`import sightline` loads neither Celery nor SciPy nor the Neo4j driver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.comparing import compare_faces
    from sightline.producer import add_images

__all__ = ["add_images", "compare_faces"]

_MODULES = {"add_images": "sightline.producer", "compare_faces": "sightline.comparing"}


def __getattr__(name: str) -> Any:
    """Import what is exported when it is asked for."""
    if name not in _MODULES:
        message = f"module 'sightline' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)
