"""What a bucket refuses for now, and what has to wait for it: the whole bucket, one prefix of it, or one image.

A refusal that lasts (another region, no permission, an encryption key, requester-pays, an archive) meets every image of
its bucket or prefix. So images that were refused are remembered until another image of the same prefix is read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

HELD_AFTER = 3
"""So many images, each refused since another was last read, stop their prefix, or their bucket."""

PROBE_EVERY = timedelta(seconds=55)
"""One image is tried so often. A little less than the minute of the reconciler, so that each turn finds it due."""

MOST_REMEMBERED = 10
"""Refused images of one prefix: enough to try another one each time."""


MOST_SUSPECTS = 100
"""Images of a bucket that were refused while others were read, and stop nobody if they are refused again."""


class Reader(StrEnum):
    """Who reads the object: we ourselves, or Rekognition with our credentials."""

    S3 = "s3"
    REKOGNITION = "rekognition"


@dataclass(frozen=True, slots=True)
class RefusedImage:
    """An image that was refused since another of its prefix was last read.

    is_since_passed: whether it was refused after any other image of its bucket was last read
    """

    image_id: str
    first_at: datetime
    is_since_passed: bool = True


@dataclass(frozen=True, slots=True)
class Tries:
    """How often one image was refused. Only tries between which others were read count.

    count: of such tries, the first of them at `first_at`; passes: the bucket's passes that its last try knew of
    """

    first_at: datetime
    count: int
    passes: int


@dataclass(frozen=True, slots=True)
class BucketRefusal:
    """What is known of one bucket and one reader.

    passes: how often an image was read after one had been refused; is_news: whether the next one read counts
    probe_at: place → when one image of it may be tried again; letters: place → the error that its dead letter names
    released: places whose images may go on, and which the reconciler has not sent yet
    suspects: images that were refused before others were read: perhaps they alone are bad, so they stop nobody
    """

    bucket: str
    reader: Reader
    refused: tuple[RefusedImage, ...] = ()
    passes: int = 0
    is_news: bool = False
    probe_at: Mapping[str, datetime] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    released: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    revision: int = 0

    @property
    def place(self) -> str:
        """Name the whole bucket."""
        return f"s3://{self.bucket}/"

    def of_prefix(self, prefix: str) -> list[RefusedImage]:
        """Return the refused images of one prefix."""
        return [each for each in self.refused if prefix_of(each.image_id) == prefix]

    @property
    def is_whole(self) -> bool:
        """Return whether the whole bucket waits: images of several prefixes were refused, and none was read."""
        recent = [prefix_of(each.image_id) for each in self.refused if each.is_since_passed and self._speaks(each)]
        return len(recent) >= HELD_AFTER and len(set(recent)) > 1

    def held(self) -> list[str]:
        """Return the bucket, or those of its prefixes, whose images all wait."""
        prefixes = dict.fromkeys(prefix_of(each.image_id) for each in self.refused)
        return [self.place] if self.is_whole else [each for each in prefixes if self._is_held(each)]

    def _is_held(self, prefix: str) -> bool:
        return sum(map(self._speaks, self.of_prefix(prefix))) >= HELD_AFTER

    def _speaks(self, refused: RefusedImage) -> bool:
        """Return whether a refused image says something of its bucket."""
        return refused.image_id not in self.suspects

    def waits_for(self, image_id: str) -> str | None:
        """Return the place that an image waits for: the bucket, a prefix, or itself; None if it may be tried."""
        if self.is_whole:
            return self.place
        if self._is_held(prefix_of(image_id)):
            return prefix_of(image_id)
        is_refused = any(each.image_id == image_id and each.is_since_passed for each in self.refused)
        return image_id if is_refused else None

    def blamed(self, image_id: str) -> str | None:
        """Return the place that a dead letter names for this image's refusal.

        The bucket, if nothing in it was read since; else the prefix, if it is held. None: others are read beside it.
        """
        if all(each.is_since_passed for each in self.refused):
            return self.place
        place = self.waits_for(image_id)
        return place if place != image_id else None

    def may_probe(self, place: str, now: datetime) -> bool:
        """Return whether one image of the place may be tried."""
        return place not in self.probe_at or now >= self.probe_at[place]

    def probed(self, place: str, now: datetime) -> "BucketRefusal":
        """Let nobody else try until the next probe. Times of long ago are forgotten."""
        recent = {name: at for name, at in self.probe_at.items() if at > now - PROBE_EVERY}
        return replace(self, probe_at={**recent, place: now + PROBE_EVERY})

    def with_refused(self, image_id: str, now: datetime) -> "BucketRefusal":
        """Remember a refused image as the latest of its prefix; the oldest one beyond MOST_REMEMBERED goes."""
        known = next((each for each in self.refused if each.image_id == image_id), RefusedImage(image_id, now))
        own = [each for each in self.of_prefix(prefix_of(image_id)) if each.image_id != image_id]
        own = [*own[1 - MOST_REMEMBERED :], replace(known, is_since_passed=True)]
        others = [each for each in self.refused if prefix_of(each.image_id) != prefix_of(image_id)]
        after = replace(self, refused=(*others, *own)[-HELD_AFTER * MOST_REMEMBERED :], is_news=True)
        return after.probed(after.waits_for(image_id) or image_id, now)

    def without(self, image_ids: Collection[str]) -> "BucketRefusal":
        """Forget images that wait no more. If none is left, its letters are forgotten as well."""
        refused = tuple(each for each in self.refused if each.image_id not in image_ids)
        return replace(self, refused=refused, letters=self.letters if refused else {})

    def with_passed(self, image_id: str) -> "BucketRefusal":
        """Forget what its prefix refused. Places that are held no more are released."""
        kept = [each for each in self.refused if prefix_of(each.image_id) != prefix_of(image_id)]
        refused = tuple(replace(each, is_since_passed=False) for each in kept)
        after = replace(self, refused=refused, passes=self.passes + 1, is_news=False)
        free = [place for place in [*self.held(), *self.letters] if place not in after.held()]
        still = {place: error for place, error in self.letters.items() if place in after.held()}
        own = [each.image_id for each in self.of_prefix(prefix_of(image_id))]
        suspects = [each for each in dict.fromkeys([*self.suspects, *own]) if each != image_id]
        released = tuple(dict.fromkeys([*self.released, *free]))
        return replace(after, letters=still, released=released, suspects=tuple(suspects[-MOST_SUSPECTS:]))


def prefix_of(image_id: str) -> str:
    """Return the first folder of an image's bucket, which is the camera's in most; the bucket if there is none."""
    head, slash, _ = image_id.removeprefix("s3://").partition("/")
    folder, has_folder, _ = image_id.removeprefix(f"s3://{head}{slash}").partition("/")
    return f"s3://{head}/{folder}/" if has_folder else f"s3://{head}/"


def bucket_of(image_id: str) -> str:
    """Return the bucket of an image id."""
    return image_id.removeprefix("s3://").partition("/")[0]
