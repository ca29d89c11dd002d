"""Answers remembered by content, operation and parameters: computed once, and kept in a file if one is named."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from dev.rekognition.once import Once
from dev.rekognition.operations import IMAGES
from sightline.models.answers import Json
from sightline.rekognition.analysis import analysis_id

Name: TypeAlias = str


def name_of(content: str, operation: str, request: Json, model: str) -> Name:
    """Return the name of `model`'s answer to `request`, without its images, for `content` (sha256)."""
    parameters = {name: value for name, value in request.items() if name not in IMAGES}
    return analysis_id(content, operation, parameters, model)


class Answers:
    """Remembers answers; with a `path`, the next server does too."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: dict[Name, Json] = dict(_read(path)) if path and path.exists() else {}
        self._making: Once[Name, Json] = Once()

    async def get(self, name: Name, make: Callable[[], Awaitable[Json]]) -> Json:
        """Return the answer called `name`; the first caller computes it."""
        if name in self._kept:
            return self._kept[name]

        async def make_and_keep() -> Json:
            answer = await make()
            self._keep(name, answer)
            return answer

        return await self._making.get(name, make_and_keep)

    def _keep(self, name: Name, answer: Json) -> None:
        self._kept[name] = answer
        if self._path:
            with self._path.open("a") as file:
                file.write(json.dumps([name, answer]) + "\n")


def _read(path: Path) -> list[tuple[Name, Json]]:
    """Read the file, and remove a last line that a kill left incomplete."""
    whole, _, rest = path.read_text().rpartition("\n")
    if rest:
        path.write_text(whole + "\n" * bool(whole))
    return [tuple(json.loads(line)) for line in whole.splitlines()]
