"""Which camera images must a person look at, what did the detector miss, and what did that cost?

For producers: `from sightline import add_images`. It is imported when it is first used, so that `import sightline`
loads neither Celery nor SciPy nor the Neo4j driver.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.producer import add_images

__all__ = ["add_images"]


def __getattr__(name: str) -> Any:
    """Import what is exported when it is asked for."""
    if name != "add_images":
        message = f"module 'sightline' has no attribute {name!r}"
        raise AttributeError(message)
    from sightline.producer import add_images  # noqa: PLC0415 - imported lazily, see above

    return add_images
