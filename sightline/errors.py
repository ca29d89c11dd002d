"""Every error that sightline raises on purpose. The tree decides what happens next.

SightlineError                    message = input, rule, remedy
├── RetryableError                the same step may succeed later: never a fact about the image
│   ├── Throttled                 Rekognition refused by quota (provisioned throughput exceeded)
│   │   └── RampedTooFast         ... because the rate rose too quickly
│   ├── Unavailable               a server is away, slow or answers 5xx
│   │   └── OutcomeUnknown        ... after the request went out: it may have been billed
│   ├── LeaseHeld                 somebody else is paying for this analysis right now
│   ├── SlotRefused               the limiter has no slot near enough for this lane
│   ├── ImageChanged              the object or its row changed meanwhile: begin again
│   └── ImageNotYetThere          the object is not there, and may only be late
├── RejectedError                 the image itself is bad: a dead letter, never retried in vain
│   ├── EmptyImage, NotAnImage, UnsupportedFormat, TruncatedImage, ImageTooSmall, ImageTooLarge, TooManyBytes
│   ├── InvalidParameter, RefusedByGraph      Rekognition or Neo4j refuses what we send for this image
│   ├── ImageMissing, ImageArchived, MissingBucket      the first: state `gone`
│   ├── UnreadableAnswer          Rekognition answered, was paid, and nobody can read it
│   ├── Poisonous, Exhausted      processes died of it; its steps failed in five rounds
│   └── UnreadableKey             the key names no camera
├── BadMessage                    a message that no task can work on: a dead letter
│   └── InvalidUri, InvalidVerdict
└── ConfigurationError            ours to mend: stop loudly, do not eat the queue
    └── AccessDenied, MissingTable, WrongPassword, UnknownFeature, NotSupported
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


class SightlineError(Exception):
    """An error with its input, the rule it broke, and what to do about it."""

    rule = "the rule is not stated"
    remedy = "see the log"

    def __init__(self, subject: str, *, rule: str | None = None, remedy: str | None = None) -> None:
        self.subject = subject
        self.rule = rule or type(self).rule
        self.remedy = remedy or type(self).remedy
        super().__init__(subject, self.rule, self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let Celery carry the error in a message: its parts, whatever arguments its class takes."""
        return _rebuild, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return f"{self.subject}: {self.rule}. {self.remedy}."


def _rebuild(kind: type[SightlineError], arguments: tuple[str, ...], parts: dict[str, Any]) -> SightlineError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(parts)
    return error


class RetryableError(SightlineError):
    """The same step may succeed later."""


class Throttled(RetryableError):
    """Rekognition refused by quota."""

    rule = "the account's quota for this operation was exceeded"
    remedy = "The rate is lowered and the call tried again; a lasting excess means the configured quota is too high"


class RampedTooFast(Throttled):
    """Rekognition refused because the rate rose too quickly."""

    rule = "the rate of calls rose too quickly"
    remedy = "The rate starts again from low; nothing is to be done"


class Unavailable(RetryableError):
    """A server is away, slow, or answers with an error of its own."""

    rule = "the server is away, slow, or answers with an error of its own"
    remedy = "It is tried again; if it lasts, see `sightline check`"


class OutcomeUnknown(Unavailable):
    """The request went out and no answer came back: it may have been billed."""

    rule = "no answer came back, so the call may have been billed"
    remedy = "It is tried again and counted as ended unknown"


class LeaseHeld(RetryableError):
    """Somebody else holds the claim on this analysis. `free_at`: when it may be claimed at the latest."""

    rule = "another worker is paying for this analysis now"
    remedy = "It is looked at again when that lease ends"

    def __init__(self, subject: str, *, free_at: datetime | None = None) -> None:
        super().__init__(subject)
        self.free_at = free_at


class SlotRefused(RetryableError):
    """The limiter's next slot lies beyond the lane's horizon."""

    rule = "no slot is free within the lane's horizon"
    remedy = "It is asked for again"


class ImageChanged(RetryableError):
    """The object, or its row, is no longer what this step began with."""

    rule = "the image changed while it was worked on"
    remedy = "It is ingested again"


class ImageNotYetThere(RetryableError):
    """The object is not there when it is first looked for."""

    rule = "the object must exist, and S3 may show a new one late"
    remedy = "It is looked for once more"


class RejectedError(SightlineError):
    """The image itself is bad, for good."""


class EmptyImage(RejectedError):
    """The object holds no bytes."""

    rule = "an image must have at least one byte"
    remedy = "Upload it again"


class NotAnImage(RejectedError):
    """The bytes are not a picture of any kind."""

    rule = "the content must be a picture, whatever its name says"
    remedy = "Upload the picture, or remove the object"


class UnsupportedFormat(RejectedError):
    """A picture, but neither JPEG nor PNG."""

    rule = "Rekognition reads JPEG and PNG only"
    remedy = "Convert it to JPEG or PNG"


class TruncatedImage(RejectedError):
    """The picture ends before it should, or its bytes are damaged."""

    rule = "the whole picture must decode"
    remedy = "Upload it again; the camera may have stopped in mid-write"


class ImageTooSmall(RejectedError):
    """A side is below Rekognition's minimum."""

    rule = "each side must have at least 80 pixels"
    remedy = "Use a larger picture"


class ImageTooLarge(RejectedError):
    """A side is above Rekognition's maximum."""

    rule = "each side must have at most 10,000 pixels"
    remedy = "Scale it down"


class TooManyBytes(RejectedError):
    """The file is above Rekognition's maximum."""

    rule = "an image must have at most 15 MB in S3 and 5 MB when its bytes are sent"
    remedy = "Compress it, or scale it down"


class InvalidParameter(RejectedError):
    """Rekognition refuses the request for this image."""

    rule = "Rekognition refuses this request for this image"
    remedy = "Look at the image with `sightline show`"


class RefusedByGraph(RejectedError):
    """Neo4j refuses the image's data."""

    rule = "the graph must be able to hold the image's data"
    remedy = "Look at the image with `sightline show`"


class ImageMissing(RejectedError):
    """The object does not exist."""

    rule = "the object must exist"
    remedy = "Upload it, or close its letter with `sightline dead close`"


class ImageArchived(RejectedError):
    """The object lies in an archive."""

    rule = "the object must be readable at once, not archived"
    remedy = "Restore it from the archive"


class MissingBucket(RejectedError):
    """The bucket does not exist."""

    rule = "the bucket must exist"
    remedy = "Create it, or correct the producer's URI"


class BadMessage(SightlineError):
    """A message that no task can work on."""

    rule = "the task's arguments must fit its signature"
    remedy = "Mend the producer; see README, `What a producer sends`"


class InvalidUri(BadMessage):
    """Not an image id."""

    rule = "an image is named s3://bucket/key, with a key of 1 to 1,024 bytes"
    remedy = "Send the full URI"


class InvalidVerdict(BadMessage):
    """A verdict that can not be kept."""

    rule = "a verdict says present, absent or unsure of an image that was analysed"
    remedy = "Correct it"


class UnreadableAnswer(RejectedError):
    """Rekognition answered in a form that is not AWS's. It was paid, and would be as unreadable the next time."""

    rule = "an answer must have AWS's form"
    remedy = "Check SIGHTLINE_REKOGNITION_ENDPOINT and boto3's age; `sightline dead redrive` then pays for a new answer"


class Poisonous(RejectedError):
    """Worker processes died of it."""

    rule = "a step must not end its worker process: this one began three times, the last time alone, and never ended"
    remedy = "Look at the image and at the workers' memory; then `sightline dead redrive`"


class Exhausted(RejectedError):
    """The reconciler has sent its steps again and again."""

    rule = "a step must succeed within five rounds, not counting those in which a server was away"
    remedy = "Mend the cause; then `sightline dead redrive`"


class UnreadableKey(RejectedError):
    """The key does not say which camera took the picture."""

    rule = "the key must begin with the camera's name and a slash"
    remedy = "Store it as <camera>/<anything>, or set SIGHTLINE_KEY_PATTERN"


class ConfigurationError(SightlineError):
    """Ours to mend: no image is to blame."""

    rule = "the request, or the client that sent it, is set up wrongly"
    remedy = "See `sightline check` for each setting"


class AccessDenied(ConfigurationError):
    """Our credentials do not allow the request."""

    rule = "the credentials must be valid and allow this request"
    remedy = "Compare the policy in deploy/ with the account's; then `sightline check`"


class MissingTable(ConfigurationError):
    """A DynamoDB table does not exist."""

    rule = "the tables must exist"
    remedy = "Run `sightline setup`"


class WrongPassword(ConfigurationError):
    """A server refuses our password."""

    rule = "the password must be the server's"
    remedy = "Correct SIGHTLINE_NEO4J_PASSWORD or the password in SIGHTLINE_REDIS_URL"


class UnknownFeature(ConfigurationError):
    """No such feature is declared."""

    rule = "a feature must be declared in vision/features"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, remedy=f"Correct SIGHTLINE_FEATURES; there are {', '.join(known)}")


class NotSupported(ConfigurationError):
    """This endpoint can not do what was asked."""

    rule = "the endpoint does not offer this operation"
    remedy = "Use AWS for it, or take the feature out of SIGHTLINE_FEATURES"
