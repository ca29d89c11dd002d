"""Of which answers reviewers are not sure, as pages and the mask need it: kept for a minute."""

from collections.abc import Sequence

from sightline.stats.second_looks import Picture
from sightline.storage.users.doubts import Doubt
from sightline.web.console import Console


def doubts_of(label: str, console: Console) -> Sequence[Doubt]:
    """Return the doubts about answers of a label."""
    return console.doubts.of(label, lambda: console.services.users.doubts.of(label))


def doubted_pictures(label: str, console: Console) -> frozenset[Picture]:
    """Return the images, with their bytes, of which somebody doubts the answer."""
    return frozenset((each.image_id, each.content) for each in doubts_of(label, console))
