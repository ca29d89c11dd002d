"""The graph store: its interface, and the values that go in and out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sightline.errors import Unavailable
from sightline.models.answers import Finding, Json
from sightline.models.images import CameraDay
from sightline.models.video_jobs import Span


@dataclass(frozen=True, slots=True)
class GraphImage:
    """One image as the graph shows it, whole.

    version: the image row's; the graph is changed only if it is higher than the node's `row_version`
    taken_at: aware, with the camera's offset; its year, month, day and hour are the camera's
    findings: feature → finding
    is_gone: nothing but a bare node with its version stays
    replaces: a version that the graph shows wrongly: it is written over though it is not lower, and no other is
    video, offset_ms: of which video it is a frame, by its URI, and how long after its beginning; empty: of none
    looks_like, distance: which image stands in for it, by its id, and in how many bits they differ; empty: none
    """

    image_id: str
    object_key: str
    version: int
    camera: str
    taken_at: datetime
    findings: Mapping[str, Finding]
    is_gone: bool = False
    replaces: int | None = None
    video: str = ""
    offset_ms: int = 0
    looks_like: str = ""
    distance: int = 0


@dataclass(frozen=True, slots=True)
class VideoFindings:
    """What a job found in a video, whole: what it found before is replaced.

    kind: of the job; label, key: of the nodes that are shown, and the property that names one
    """

    video_id: str
    kind: str
    label: str
    key: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one image. is_changed: False if the graph already showed that version or a newer one."""

    image_id: str
    version: int
    is_changed: bool


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """How much there is: nodes by label, relationships by type."""

    nodes: Mapping[str, int]
    relationships: Mapping[str, int]


class DifferenceKind(StrEnum):
    """How the graph differs from the rows."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an image is shown wrongly. `what` names it for people."""

    kind: DifferenceKind
    what: str


class StaleFence(Unavailable):
    """Another has taken over the sync."""

    rule = "only the holder of the sync's lease may move its position, and another has taken over"
    remedy = "Nothing is to be done: the other goes on"


@dataclass(frozen=True, slots=True)
class FullLoad:
    """A load of every row that is under way.

    feed_from: the position in the feed to go on from once it has ended
    after: the last image loaded, in the order of the scan; None if none is
    """

    feed_from: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the sync has come.

    positions: shard of the feed → position; empty until a full load has ended
    is_published: whether a copy of the positions was put where people can see it
    """

    positions: Mapping[int, str] = field(default_factory=dict)
    load: FullLoad | None = None
    is_published: bool = False


@dataclass(frozen=True, slots=True)
class SyncMove:
    """A new state, by the holder of the lease with this fence."""

    fence: int
    state: SyncState


@dataclass(frozen=True, slots=True, order=True)
class PersonShown:
    """One image that may show a known person. similarity: percent."""

    image_id: str
    name: str
    similarity: float
    is_confirmed: bool


class PeopleShown(Protocol):
    """Known people, apart from whole images: `sightline.graph.people`."""

    def know(self, name: str) -> None:
        """See that a person has a node."""

    def show(self, shown: PersonShown) -> None:
        """Link an image with a person, if both are there."""

    def hide(self, image_id: str, name: str) -> None:
        """Remove the link of an image with a person."""

    def shown(self) -> list[PersonShown]:
        """Return every link, in order."""

    def names(self) -> list[str]:
        """Return who has a node, in order."""

    def forget(self, name: str) -> int:
        """Remove a person's node with its links; return how many links there were."""


class GraphStore(Protocol):
    """Whole images by version, and the known people that they may show."""

    @property
    def people(self) -> PeopleShown:
        """Return the known people."""

    def setup(self) -> None:
        """Create constraints, then indexes, where they are missing; safe to repeat."""

    def check(self) -> None:
        """Raise Unavailable or WrongPassword if the database cannot be used."""

    def merge(self, images: Sequence[GraphImage], move: SyncMove | None = None) -> list[Merged | Exception]:
        """Write whole images in one transaction, each only if its version is higher; one outcome each, in order.

        `move` is written in the same transaction, the last one where it takes several. StaleFence undoes both.

        An error of one image's data is bisected until that image stands alone and is its outcome. An absent database
        raises Unavailable for all.
        """

    def lower(
        self, images: Sequence[GraphImage], unchanged: Callable[[Sequence[str]], set[str]]
    ) -> list[Merged | Exception]:
        """Write whole images over newer ones, each only if its node still shows `replaces`; one outcome each, in order.

        unchanged: called while the images' locks are held; returns those whose rows have not changed since they were
        read. The others are left as they are. It may be called again if a transaction is tried again.
        """

    def versions(self, image_ids: Sequence[str]) -> dict[str, int]:
        """Return the version that the graph shows, for those images that it has."""

    def show_video(self, findings: VideoFindings) -> None:
        """Show what a job found in a video, in place of what a job of this kind had found; safe to repeat."""

    def sync_state(self) -> SyncState:
        """Return how far the sync has come."""

    def days(self) -> list[CameraDay]:
        """Return every camera's capture day of which the graph shows an image."""

    def versions_of_day(self, camera_day: CameraDay) -> dict[str, int | None]:
        """Return the images that the graph shows for a camera's capture day; None for one that has lost its version."""

    def differences(self, images: Sequence[GraphImage]) -> dict[str, list[Difference]]:
        """Compare images with what the graph shows of them, whole; those that do not differ are left out."""

    def purge(self, gone_before: datetime) -> Iterator[tuple[str, int]]:
        """Delete shared nodes without an image, and images gone before that time; yield label and number by slice."""

    def counts(self) -> GraphCounts:
        """Count nodes and relationships by kind, from the database's own counters."""

    def query(self, name: str, parameters: Mapping[str, Json] | None = None) -> list[dict[str, Json]]:
        """Run a named query of `queries.cypher`; raise ConfigurationError if there is none."""

    def close(self) -> None:
        """Close the connections."""
