"""Images that are analysed already, written straight into the twins, with a truth that verdicts can be taken from."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sightline.models.images import CameraDay, Capture, Content, FeatureResult, Lane, ResultStatus
from sightline.services.rollups.run import RollUp
from sightline.stats.strata import Stratum
from sightline.stats.verdicts import Answer, Source, Verdict
from sightline.storage.dirty_days import Purpose
from sightline.storage.rollups.protocol import ALL_CAMERAS, Rollup
from sightline.storage.verdicts.protocol import KeptVerdict
from sightline.testing.fake import FakeSightline

LAST_DAY = "2044-05-16"
"""The clock of the tests stands at noon of the day after."""


class Yard(FakeSightline):
    """A sightline whose images need no detector."""

    def image(
        self,
        number: int,
        found: Mapping[str, float],
        day: str = LAST_DAY,
        camera: str = "yard",
        model: str = "3.0",
        cut_percent: float = 30.0,
    ) -> str:
        """Write an analysed image; the same number again overwrites its bytes."""
        uri = f"s3://frames/{camera}/{day}/{number}.jpg"
        digest = hashlib.sha256(f"{uri} {found} {model}".encode()).hexdigest()
        taken_at = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=17 * number % 1440)
        self.images.add(uri, Lane.LIVE)
        seen = self.images.get(uri)
        assert seen is not None
        content, capture = Content(digest, digest[:8], 9, 90, 90), Capture(camera, taken_at, "key")
        row = self.images.begin(seen, content, capture, {"labels": digest}, Lane.LIVE)
        finding = tuple(found.items())
        part = FeatureResult(digest, ResultStatus.ANSWERED, finding, cut_percent=cut_percent, model_version=model)
        row = self.images.write_result(uri, "labels", part)
        assert row is not None
        self.images.mark_analysed(row)
        self.mark(camera, day)
        return uri

    def images_of_a_day(self, count: int = 60, day: str = LAST_DAY, camera: str = "yard", model: str = "3.0") -> None:
        """Write images of which a third is found, a sixth nearly; which of them show a person, `truth` says."""
        kinds: list[dict[str, float]] = [{"Person": 90.0}, {"Plant": 70.0}, {"Person": 35.0}]
        for number in range(count):
            self.image(number, kinds[0 if number % 3 == 0 else 2 if number % 6 == 1 else 1], day, camera, model)

    def mark(self, camera: str, day: str) -> None:
        self.operations.dirty_days.mark([CameraDay(camera, day)], [Purpose.ROLLUPS])

    def say(
        self,
        uri: str,
        answer: Answer,
        source: Source = Source.SAMPLED,
        reviewer: str = "ann",
        stratum: Stratum = Stratum.C,
    ) -> None:
        """Record a verdict on the image's current bytes. stratum: that the image was asked for."""
        row = self.images.get(uri)
        assert row is not None
        assert row.content is not None
        assert row.capture is not None
        asked = (stratum, 50.0) if source is Source.SAMPLED else (None, None)
        verdict = Verdict(uri, "Person", reviewer, answer, row.content.sha256, source, self.clock.now, *asked)
        self.verdicts.write(KeptVerdict(verdict, row.capture.camera_day))

    def census(self, uris: Iterable[str]) -> None:
        """Record the true answer for each image."""
        for uri in uris:
            self.say(uri, truth(uri))

    def roll_up(self) -> RollUp:
        run = RollUp(self.services)
        self.outcome = run.do(lambda: True)
        return run

    def rollup(self, end_day: str = LAST_DAY, window_days: int = 1, camera: str = ALL_CAMERAS) -> Rollup:
        """Return the only rollup of a window."""
        (found,) = self.rollups.between(camera, "Person", window_days, end_day, end_day)
        return found

    def uris(self) -> list[str]:
        return sorted(row.image_id for row in self.images.scan())


def truth(uri: str) -> Answer:
    """Return what an image shows: one in four images shows a person."""
    number = int(uri.rsplit("/", 1)[1].removesuffix(".jpg"))
    return Answer.PRESENT if number % 4 == 0 else Answer.ABSENT
