"""Interleaved steps of four pictures of one burst, some of which look alike."""

import hashlib
from collections import Counter
from dataclasses import replace

from sightline.models.images import ImageRow, Lane, ResultStatus
from sightline.rekognition.fingerprint import distance, fingerprint
from sightline.services.need import Near, Need
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import FakeSightline, uri_of
from tests.unit.services.interleaved import FEATURES, Play
from tests.unit.services.like_pictures import looking

BITS = 8
NEED = Need(near=Near(seconds=60, bits=BITS), control_percent=1e-9)


class NearPlay(Play):
    """One run in which pictures that look alike are not paid for twice."""

    uris = (uri_of("01"), uri_of("02"), uri_of("03"), uri_of("04"))
    pictures = tuple(looking(scene, flipped) for scene in (1, 2) for flipped in (0, 3, 6, 9, 12, 15))
    lanes = (Lane.LIVE, Lane.BACKFILL)

    def _make_services(self, world: FakeSightline) -> None:
        world.plan = replace(world.plan, need=NEED)
        cut = self.cut(world.operations.bursts)
        world.operations = replace(world.operations, bursts=cut)
        world.services = world.make_services(world.plan)
        super()._make_services(world)

    def added_at_the_end(self) -> list[str]:
        """Name those alone of whose bytes the row knows nothing: of the others, nothing is looked at again."""
        rows = self.world.images.get_many(self.uris)
        return [uri for uri in self.uris if not self._is_known(rows[uri])]

    def _is_known(self, row: ImageRow) -> bool:
        _, data = self.world.buckets.get(ObjectUri.parse(row.image_id))
        return row.content is not None and row.content.sha256 == hashlib.sha256(data).hexdigest()

    def check_row(self, row: ImageRow) -> None:
        """An image is paid for in full, or shown with one that is: with its bytes as they are, in the same burst."""
        super().check_row(row)
        if row.shown_with is None:
            assert sorted(FEATURES) == sorted(row.wanted)
            return
        other = self.world.images.get(row.shown_with.image_id)
        assert other is not None
        assert (None, {}) == (other.shown_with, dict(row.wanted))
        assert other.content is not None
        assert other.content.sha256 == row.shown_with.content_sha256
        assert {ResultStatus.ANSWERED: len(FEATURES)} == Counter(part.status for part in other.parts.values())
        assert self._distance(row, other) == row.shown_with.distance <= BITS

    def _distance(self, *rows: ImageRow) -> int:
        one, other = (fingerprint(self.world.buckets.get(ObjectUri.parse(row.image_id))[1]) for row in rows)
        assert one is not None
        assert other is not None
        return distance(one, other)

    def is_spared(self) -> int:
        """Count the images that were not paid for."""
        return sum(row.shown_with is not None for row in self.world.images.get_many(self.uris).values())
