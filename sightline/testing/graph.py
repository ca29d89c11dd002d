"""The graph in memory: for tests of the layers above it, and for trying things without a server."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TypeAlias

from typing_extensions import override

from sightline.graph.declarations import (
    FIXED,
    FRAME,
    HAS_VIDEO,
    IMAGE,
    LOOKS_LIKE,
    SHOWS,
    Declarations,
    Key,
    Node,
    Relationship,
    declare,
)
from sightline.graph.differences import Shown, differences
from sightline.graph.facts import ImageFacts, all_facts, facts_of, outcomes_in_order
from sightline.graph.protocol import (
    Difference,
    GraphCounts,
    GraphImage,
    Merged,
    PeopleShown,
    PersonShown,
    StaleFence,
    SyncMove,
    SyncState,
    VideoFindings,
)
from sightline.graph.queries import query_named
from sightline.models.answers import Json
from sightline.models.images import CameraDay
from sightline.rekognition.features import all_features

Triple: TypeAlias = tuple[str, Key, str, float | None, str, Key]
"""(label, key) of the start, type, value of the relationship's property, (label, key) of the end."""


def _now() -> datetime:
    return datetime.now(UTC)


Rows: TypeAlias = list[dict[str, Json]]


class InMemoryGraphStore:
    """Images by id, as facts; shared nodes stay when their last image goes, as they do in Neo4j.

    answers: name of a query → the rows it returns, whatever the images are, or what makes them of the parameters; a
    query without an entry finds nothing
    asked: each query that was run, with all its parameters
    """

    def __init__(self, declarations: Declarations | None = None, clock: Callable[[], datetime] = _now) -> None:
        self._declarations = declarations or declare(all_features())
        self._clock = clock
        self.answers: dict[str, Rows | Callable[[Mapping[str, Json]], Rows]] = {}
        self.asked: list[tuple[str, dict[str, Json]]] = []
        self._images: dict[str, ImageFacts] = {}
        self._shared: set[tuple[Node, Key]] = set()
        self._has_video: set[tuple[Key, Key]] = set()
        self._bare: set[Key] = set()
        self.shown_videos: dict[tuple[str, str], VideoFindings] = {}
        self._state = SyncState()
        self._fence = 0
        self._lock = Lock()
        self.people = InMemoryPeopleShown(self._is_shown)

    def _is_shown(self, image_id: str) -> bool:
        image = self._images.get(image_id)
        return image is not None and not image.is_gone

    def setup(self) -> None:
        """Do nothing: a dictionary needs no constraints."""

    def check(self) -> None:
        """Do nothing: memory is always available."""

    def merge(self, images: Sequence[GraphImage], move: SyncMove | None = None) -> list[Merged | Exception]:
        """Write whole images, each only if its version is higher; one outcome each, in order."""
        facts, outcomes = all_facts(images, self._declarations, self._clock())
        with self._lock:
            self._move(move)
            outcomes |= {each.image_id: self._write(each) for each in facts}
        return outcomes_in_order(images, facts, outcomes)

    def lower(
        self, images: Sequence[GraphImage], unchanged: Callable[[Sequence[str]], set[str]]
    ) -> list[Merged | Exception]:
        """Write whole images over newer ones, if their rows are found unchanged while the lock is held."""
        facts, outcomes = all_facts(images, self._declarations, self._clock())
        with self._lock:
            still = unchanged([each.image_id for each in facts])
            outcomes |= {each.image_id: each.image_id in still and self._write(each) for each in facts}
        return outcomes_in_order(images, facts, outcomes)

    def _write(self, image: ImageFacts) -> bool:
        shown = self._images.get(image.image_id)
        if not image.is_due(shown.version if shown else None):
            return False
        if image.is_gone:
            self.people.hide_all(image.image_id)
        self._images[image.image_id] = image
        self._bare = (self._bare | _looked_like(image)) - self._images.keys()
        kinds = (each for each in image.links if not each.owns_node and each.node != IMAGE)
        self._shared.update((kind.node, key) for kind in kinds for key, _ in image.links[kind])
        self._has_video.update(_videos_of(image))
        return True

    def _move(self, move: SyncMove | None) -> None:
        if move is None:
            return
        if move.fence < self._fence:
            raise StaleFence("the sync")
        self._fence, self._state = move.fence, move.state

    def show_video(self, findings: VideoFindings) -> None:
        """Show what a job found in a video, in place of what a job of this kind had found."""
        with self._lock:
            self.shown_videos[findings.video_id, findings.kind] = findings

    def sync_state(self) -> SyncState:
        """Return how far the sync has come."""
        return self._state

    def days(self) -> list[CameraDay]:
        """Return every camera's capture day of which an image is shown."""
        with self._lock:
            found = {each.properties.get("camera_day") for each in self._images.values()}
        return sorted(CameraDay.parse(day) for day in found if day)

    def versions_of_day(self, camera_day: CameraDay) -> dict[str, int | None]:
        """Return the images that are shown for a camera's capture day."""
        with self._lock:
            shown = [each for each in self._images.values() if each.properties.get("camera_day") == str(camera_day)]
        return {each.image_id: each.version for each in shown}

    def differences(self, images: Sequence[GraphImage]) -> dict[str, list[Difference]]:
        """Compare images with what is shown of them."""
        expected = [facts_of(image, self._declarations, self._clock()) for image in images]
        with self._lock:
            shown = {each.image_id: self._images.get(each.image_id) for each in expected}
        found = {each.image_id: differences(each, _as_shown(shown[each.image_id])) for each in expected}
        return {image_id: some for image_id, some in found.items() if some}

    def purge(self, gone_before: datetime) -> Iterator[tuple[str, int]]:
        """Delete what is no longer needed."""
        with self._lock:
            kept: set[Key] = {key for image in self._images.values() for key in _looked_like(image)}
            old = [each for each in self._images.values() if _gone_at(each) < gone_before.timestamp()]
            old = [each for each in old if each.image_id not in kept]
            for each in old:
                del self._images[each.image_id]
            self._bare &= kept
            stale = self._has_video - {link for image in self._images.values() for link in _videos_of(image)}
            self._has_video -= stale
            linked = {(kind.node, key) for kind, key in self._linked()}
            orphans = Counter(node.label for node, _ in self._shared - linked)
            self._shared &= linked
        yield from [(IMAGE.label, len(old)), (HAS_VIDEO, len(stale)), *orphans.items()]

    def _linked(self) -> Iterator[tuple[Relationship, Key]]:
        for image in self._images.values():
            for kind, links in image.links.items():
                yield from ((kind, key) for key, _ in links)

    def versions(self, image_ids: Sequence[str]) -> dict[str, int]:
        """Return the version that the graph shows, for those images that it has."""
        with self._lock:
            return {name: self._images[name].version for name in image_ids if name in self._images}

    def counts(self) -> GraphCounts:
        """Count nodes and relationships by kind."""
        nodes = dict.fromkeys((node.label for node in self._declarations.nodes), 0)
        relationships = dict.fromkeys((each.name for each in self._declarations.relationships), 0)
        with self._lock:
            nodes[IMAGE.label] = len(self._images) + len(self._bare)
            for node, _ in self._shared:
                nodes[node.label] += 1
            relationships[HAS_VIDEO] = len(self._has_video)
            relationships[SHOWS] = sum(len(each.spans) for each in self.shown_videos.values())
            for kind, count in self._link_counts():
                relationships[kind.name] += count
                nodes[kind.node.label] += count if kind.owns_node else 0
        return GraphCounts(nodes, relationships)

    def _link_counts(self) -> list[tuple[Relationship, int]]:
        return [(kind, len(links)) for image in self._images.values() for kind, links in image.links.items()]

    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, Json]]:
        """Return the rows in `answers`; raise ConfigurationError if the query or a parameter does not exist."""
        asked, rows = query_named(name).bind(parameters), self.answers.get(name, [])
        self.asked.append((name, asked))
        return rows(asked) if callable(rows) else rows

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def triples(self) -> set[Triple]:
        """Return the whole graph as a set of relationships."""
        with self._lock:
            of_images = {
                _triple(image, kind, key, value)
                for image in self._images.values()
                for kind, links in image.links.items()
                for key, value in links
            }
            return of_images | {("Camera", c, HAS_VIDEO, None, FRAME.node.label, v) for c, v in self._has_video}

    def image(self, image_id: str) -> dict[str, Json]:
        """Return the properties of an image's node; raise KeyError if there is none."""
        with self._lock:
            return dict(self._images[image_id].properties)


class InMemoryPeopleShown(PeopleShown):
    """Known people. is_there: whether an image has a node and is not gone."""

    def __init__(self, is_there: Callable[[str], bool]) -> None:
        self._is_there = is_there
        self._names: set[str] = set()
        self._shown: dict[tuple[str, str], PersonShown] = {}

    @override
    def know(self, name: str) -> None:
        self._names.add(name)

    @override
    def show(self, shown: PersonShown) -> None:
        if shown.name in self._names and self._is_there(shown.image_id):
            self._shown[shown.image_id, shown.name] = shown

    @override
    def hide(self, image_id: str, name: str) -> None:
        self._shown.pop((image_id, name), None)

    def hide_all(self, image_id: str) -> None:
        """Remove all links of an image, as the merge of a gone one does."""
        self._shown = {key: each for key, each in self._shown.items() if key[0] != image_id}

    @override
    def shown(self) -> list[PersonShown]:
        return sorted(self._shown.values())

    @override
    def names(self) -> list[str]:
        return sorted(self._names)

    @override
    def forget(self, name: str) -> int:
        self._names.discard(name)
        theirs = [key for key in self._shown if key[1] == name]
        for key in theirs:
            del self._shown[key]
        return len(theirs)


def _as_shown(facts: ImageFacts | None) -> Shown | None:
    return Shown(facts.properties, facts.links) if facts else None


def _videos_of(image: ImageFacts) -> set[tuple[Key, Key]]:
    """Return the camera of a frame with its video."""
    cameras, videos = image.links.get(FIXED[0], ()), image.links.get(FRAME, ())
    return {(camera, video) for camera, _ in cameras for video, _ in videos}


def _looked_like(image: ImageFacts) -> set[Key]:
    return {key for key, _ in image.links.get(LOOKS_LIKE, ())}


def _gone_at(facts: ImageFacts) -> float:
    return float(facts.properties.get("gone_at", math.inf))


def _triple(image: ImageFacts, kind: Relationship, key: Key, value: float | None) -> Triple:
    ours, other = (IMAGE.label, image.image_id), (kind.node.label, key)
    start, end = (other, ours) if kind.points_to_image else (ours, other)
    return (*start, kind.name, value, *end)
