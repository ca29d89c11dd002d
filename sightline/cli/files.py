"""Files, and the output, that can not be written to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sightline.errors import SightlineError


class Unwritable(SightlineError):
    """What was to be written did not go there."""

    rule = "its folder must exist, have room, and let us write"
    remedy = "Name another file, or mend the folder"


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Raise Unwritable where writing the file fails."""
    try:
        yield
    except OSError as error:
        raise Unwritable(str(file), rule=f"{Unwritable.rule} ({error.strerror or error})") from error
