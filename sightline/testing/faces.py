"""The in-memory fake of a collection of known faces: whoever is in it looks like what the test says."""

from collections import deque
from collections.abc import Callable

from sightline.errors import InvalidParameter
from sightline.models.answers import Box
from sightline.models.people import FoundFace, IndexedFace, Searched

MIDDLE = Box(0.25, 0.25, 0.5, 0.5)


class InMemoryFaces:
    """Keeps faces by collection. Each search finds what `looks_like` says of its bytes, and sees a face in the middle.

    looks_like: bytes → person id's similarity in percent; without it, everybody is 99.5 % alike
    script: errors to raise, or None to see no face, one for each paid call; a callable is called before the answer
    """

    def __init__(self, name: str = "sightline-people-1") -> None:
        self._name = name
        self.kept: dict[str, list[IndexedFace]] = {}
        self.script: deque[object] = deque()
        self.asked: list[str] = []
        self.looks_like: Callable[[bytes], dict[str, float]] | None = None
        self.after_index: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        return self._name

    def create(self) -> None:
        self.kept.setdefault(self._name, [])

    def index(self, data: bytes, external_id: str) -> IndexedFace | None:  # noqa: ARG002 - the interface
        self.asked.append("index")
        if not self._goes_on():
            return None
        face = IndexedFace(f"face-{len(self.asked)}", external_id)
        self.kept[self._name].append(face)
        self.after_index()
        return face

    def search(self, data: bytes, least_percent: float) -> Searched:
        self.asked.append("search")
        if not self._goes_on():
            raise InvalidParameter("a face")
        alike = self.looks_like(data) if self.looks_like else None
        found = [
            FoundFace(face, alike.get(face.person_id, 0.0) if alike is not None else 99.5)
            for face in self.kept.get(self._name, [])
        ]
        return Searched(MIDDLE, 99.0, tuple(each for each in found if each.similarity >= least_percent))

    def _goes_on(self) -> bool:
        """Follow the script; return whether there is a face."""
        step = self.script.popleft() if self.script else True
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step()
        return step is not None

    def faces(self, collection: str | None = None) -> list[IndexedFace]:
        return list(self.kept.get(collection or self._name, []))

    def delete(self, face_ids: list[str], collection: str | None = None) -> None:
        name = collection or self._name
        self.kept[name] = [each for each in self.kept.get(name, []) if each.face_id not in face_ids]
