"""What the tests of image stores tell: images brought as far as a test needs them."""

from datetime import timedelta

from sightline.models.images import Capture, Content, FeatureResult, ImageRow, Lane, Rejection, ResultStatus
from sightline.storage.images.protocol import ImageStore
from sightline.testing.clocks import MovingClock

BAD = Rejection("NotAnImage", "s3://bucket/key: the content must be a picture. Upload the picture.")
NO_OBJECT = Rejection("ImageMissing", "s3://bucket/key: the object must exist. Upload it.")


def content(name: str = "content") -> Content:
    return Content(sha256=name, etag=f"etag of {name}", size_bytes=1000, width_pixels=640, height_pixels=480)


def answered(analysis_id: str, *finding: tuple[str, float]) -> FeatureResult:
    return FeatureResult(analysis_id, ResultStatus.ANSWERED, finding, cut_percent=30.5, model_version="3.0-local")


class Story:
    """Brings images as far as a test needs them."""

    def __init__(self, images: ImageStore, camera: str, clock: MovingClock) -> None:
        self.images = images
        self.camera = camera
        self.clock = clock

    def capture(self, **later: float) -> Capture:
        return Capture(self.camera, self.clock.now + timedelta(**later), "key")

    def received(self, image_id: str) -> ImageRow:
        self.images.add(image_id, Lane.LIVE)
        row = self.images.get(image_id)
        assert row is not None
        return row

    def begun(self, image_id: str, name: str = "content", **wanted: str) -> ImageRow:
        wanted = wanted or {"labels": "L1"}
        row = self.images.begin(self.received(image_id), content(name), self.capture(), wanted, Lane.LIVE)
        assert row is not None
        return row

    def looked_at(self, row: ImageRow) -> ImageRow:
        """Let the reconciler look at an unfinished row for the first time."""
        later = self.images.postpone(row, self.clock.now + timedelta(minutes=5), counts_round=False)
        assert later is not None
        return later

    def settled(self, image_id: str) -> ImageRow:
        self.begun(image_id)
        row = self.images.write_result(image_id, "labels", answered("L1", ("Person", 98.7654)))
        assert row is not None
        return row

    def analysed(self, image_id: str) -> ImageRow:
        row = self.images.mark_analysed(self.settled(image_id))
        assert row is not None
        return row

    def complete(self, image_id: str) -> ImageRow:
        row = self.images.mark_merged(image_id, self.analysed(image_id).version)
        assert row is not None
        return row
