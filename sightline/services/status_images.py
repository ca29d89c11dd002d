"""What `status` says of the images and their parts: by the sparse indexes, or of every row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sightline.models.images import ImageRow, ResultStatus, State
from sightline.storage.images.protocol import ImageStore

Section = dict[str, Any]

WAITING_READ = 2_000
"""Of how many unfinished images `parts` says what they wait for: it reads their rows."""

PART_COUNTS = ("waiting", *ResultStatus)


def images_section(images: ImageStore) -> Section:
    """Count images by state without a scan: the indexes of unfinished and ended ones, and the table's own count.

    DynamoDB renews that count every six hours or so, so `complete` is as old as `total_age_seconds` says.
    """
    total, age = images.count()
    counts = images.count_by_state()
    others = sum(number for state, number in counts.items() if state is not State.COMPLETE)
    return _images(counts | {State.COMPLETE: max(0, total - others)}, total, age.total_seconds())


def parts_section(images: ImageStore, features: Iterable[str]) -> Section:
    """Count by feature how many analyses of unfinished images wait, are answered, or are rejected."""
    ids = [each.image_id for each in islice(images.unfinished(), WAITING_READ)]
    return _results(images.get_many(ids).values(), features)


def exact_sections(rows: Iterable[ImageRow], features: Iterable[str]) -> tuple[Section, Section]:
    """Give both sections from every row, read once."""
    states: Counter[State] = Counter()

    def counted() -> Iterator[ImageRow]:
        for row in rows:
            states[row.state] += 1
            yield row

    parts = _results(counted(), features)
    return _images(states, sum(states.values()), 0.0), parts


def _images(counts: Mapping[State, int], total: int, age_seconds: float) -> Section:
    by_state = {str(state): counts.get(state, 0) for state in State}
    return {**by_state, "total": total, "total_age_seconds": age_seconds}


def _results(rows: Iterable[ImageRow], features: Iterable[str]) -> Section:
    """Count the parts of the features that are asked for now, and of those that rows still hold."""
    parts = {name: dict.fromkeys(PART_COUNTS, 0) for name in features}
    for row in rows:
        waiting = row.unsettled()
        for feature in row.wanted:
            status = "waiting" if feature in waiting else str(row.parts[feature].status)
            parts.setdefault(feature, dict.fromkeys(PART_COUNTS, 0))[status] += 1
    return parts
