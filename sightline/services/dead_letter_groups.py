"""Open dead letters by error: how many, since when, of which cameras, and the rule and remedy that they share."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sightline.errors import InvalidUri, UnreadableKey
from sightline.services.redrive import CameraOf
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.dead_letters import DeadLetter, DeadLetters, error_of, subject_of


@dataclass(slots=True)
class Group:
    """The open dead letters of one error.

    newest: the last time of any; first: one of them, whose rule and remedy stand for all
    cameras: camera → how many; None: of those that name none
    """

    error: str
    newest: datetime
    first: DeadLetter | None = None
    cameras: Counter[str | None] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        """Return how many they are."""
        return self.cameras.total()


def read_groups(dead_letters: DeadLetters, camera_of: CameraOf) -> Mapping[str, Group]:
    """Read the ids of all open dead letters, and one letter of each error; the newest group stands first."""
    groups: dict[str, Group] = {}
    for dead_letter_id, last_at in dead_letters.open_ids():
        error = error_of(dead_letter_id)
        group = groups.get(error)
        if group is None:
            group = groups[error] = Group(error, last_at, dead_letters.get(dead_letter_id))
        group.newest = max(group.newest, last_at)
        group.cameras[_camera(subject_of(dead_letter_id), camera_of)] += 1
    return {each.error: each for each in sorted(groups.values(), key=lambda each: each.newest, reverse=True)}


def _camera(subject: str, camera_of: CameraOf) -> str | None:
    try:
        return camera_of(ObjectUri.parse(subject))
    except (InvalidUri, UnreadableKey):
        return None
