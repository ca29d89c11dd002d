"""The errors that sightline raises on purpose. The branch of the tree decides what happens next.

The errors of videos, and of the jobs on them, belong to the same tree; `sightline/video_errors.py` draws them.

SightlineError                    message = input, rule, remedy
├── RetryableError                the same step may succeed later; says nothing about the image
│   ├── Throttled                 Rekognition refused the call: quota exceeded
│   │   └── RampedTooFast         ... because the rate rose too quickly
│   ├── Unavailable               a server is down, slow or answers 5xx
│   │   └── OutcomeUnknown        ... after the request was sent: it may have been billed
│   ├── LeaseHeld                 another worker is paying for this analysis right now
│   ├── SlotRefused               the limiter has no slot within this lane's horizon
│   ├── ImageChanged              the object or its row changed meanwhile: start again
│   ├── ImageNotYetThere          the object is not there, but may only be late
│   ├── ImageNotYetWritten        the object is empty, but so young that its bytes may follow
│   ├── ImageNotSeen              S3 has the object, and Rekognition does not see it
│   ├── BucketWaits               the image's bucket or prefix is refused for now
│   ├── BudgetSpent               a cap of SIGHTLINE_BUDGET leaves no money for the call
│   └── NewerVersion              a newer version of sightline wrote what is stored: only that one may change it
├── RejectedError                 the image itself is bad: a dead letter, no retry
│   ├── EmptyImage, NotAnImage, UnsupportedFormat, TruncatedImage, ImageTooSmall, ImageTooLarge, TooManyBytes
│   ├── InvalidParameter, RefusedByGraph      Rekognition or Neo4j refuses what is sent for this image
│   ├── ImageMissing, ImageArchived, MissingBucket      the first: state `gone`
│   ├── UnreadableAnswer          Rekognition answered and was paid, but the answer cannot be parsed
│   ├── Poisonous, Exhausted      it killed worker processes; its steps failed in five rounds
│   ├── ObjectRefused             it alone cannot be read, while others of its bucket can
│   └── UnreadableKey             the key names no camera
├── BadMessage                    a message that no task can process: a dead letter
│   ├── InvalidUri
│   ├── UnreadableEvent           a message of a queue of S3's events that holds no event
│   └── InvalidVerdict
│       └── VerdictStands         the reviewer has answered the queue already
└── ConfigurationError            the operator must act: fail loudly, do not drain the queue
    ├── AccessDenied, MissingTable, MissingQueue, WrongPassword, UnknownFeature, NotSupported
    ├── NoPeoplePolicy, OtherCamera         the operator's policy lets no faces be compared, or none of this camera
    └── OtherRegion, EncryptionKeyRefused       a bucket that this setup cannot read
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


class SightlineError(Exception):
    """An error with its input, the rule that was broken, and what to do about it."""

    rule = "the rule is not stated"
    remedy = "see the log"

    def __init__(self, subject: str, *, rule: str | None = None, remedy: str | None = None) -> None:
        self.subject = subject
        self.rule = rule or type(self).rule
        self.remedy = remedy or type(self).remedy
        super().__init__(subject, self.rule, self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by attributes, because subclasses take other arguments: Celery carries errors in messages."""
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
    """Rekognition refused the call because the quota was exceeded."""

    rule = "the account's quota for this operation was exceeded"
    remedy = "The rate is lowered and the call is retried; if this persists, the configured quota is too high"


class RampedTooFast(Throttled):
    """Rekognition refused the call because the rate rose too quickly."""

    rule = "the rate of calls rose too quickly"
    remedy = "The rate restarts from a low value; no action is needed"


class Unavailable(RetryableError):
    """A server is down, slow, or returns an internal error."""

    rule = "the server is down, slow, or returns an internal error"
    remedy = "It is retried; if this persists, run `sightline check`"


class OutcomeUnknown(Unavailable):
    """The request was sent but no answer arrived: it may have been billed."""

    rule = "no answer arrived, so the call may have been billed"
    remedy = "It is retried, and counted with an unknown outcome"


class LeaseHeld(RetryableError):
    """Another worker holds the claim on this analysis. `free_at`: the latest time at which it can be claimed."""

    rule = "another worker is paying for this analysis now"
    remedy = "It is retried when that lease ends"

    def __init__(self, subject: str, *, free_at: datetime | None = None) -> None:
        super().__init__(subject)
        self.free_at = free_at


class SlotRefused(RetryableError):
    """The limiter's next slot lies beyond the lane's horizon."""

    rule = "no slot is free within the lane's horizon"
    remedy = "It is requested again"


class ImageChanged(RetryableError):
    """The object or its row changed after this step began."""

    rule = "the image changed while it was being processed"
    remedy = "It is ingested again"


class ImageNotYetThere(RetryableError):
    """The object is not there at the first attempt."""

    rule = "the object must exist, although S3 may show a new one late"
    remedy = "It is looked up once more"


class ImageNotYetWritten(RetryableError):
    """The object is empty and was uploaded a moment ago."""

    rule = "an object may be empty for three minutes: some tools create it first and write it afterwards"
    remedy = "It is looked at again every 20 seconds until then"


class ImageNotSeen(RetryableError):
    """S3 has the object, and Rekognition does not see it: AWS has one error for another region and no permission."""

    rule = "S3 has the object and Rekognition does not see it"
    remedy = (
        "Rekognition reads buckets of its own region only, with our permissions: compare the two regions, and the"
        " policies of the bucket and of its encryption key. Images go on by themselves"
    )


class BucketWaits(RetryableError):
    """The image's bucket or prefix is refused for now. Nothing is asked of it but one probe a minute."""

    rule = "the bucket must let its images be read"
    remedy = "Its dead letter says what to do; the image goes on by itself"


class BudgetSpent(RetryableError):
    """A cap leaves no money for the call. Nothing was sent."""

    rule = "what is spent must stay below the caps of SIGHTLINE_BUDGET"
    remedy = "It goes on with the next day or month (UTC), or with a higher cap"


class NewerVersion(RetryableError):
    """What is stored holds a value that this version does not know."""

    rule = "what is stored must hold no value that only a newer version of sightline knows"
    remedy = "It is left as it is, and its message is kept for a newer worker; upgrade this one"


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
    remedy = "Upload it again; the camera may have stopped while writing it"


class ImageTooSmall(RejectedError):
    """A side is shorter than Rekognition's minimum."""

    rule = "each side must have at least 80 pixels"
    remedy = "Use a larger picture"


class ImageTooLarge(RejectedError):
    """A side is longer than Rekognition's maximum."""

    rule = "each side must have at most 10,000 pixels"
    remedy = "Scale it down"


class TooManyBytes(RejectedError):
    """The file is larger than Rekognition's maximum."""

    rule = "an image must have at most 15 MB in S3 and 5 MB when its bytes are sent"
    remedy = "Compress it, or scale it down"
    etag: str | None = None
    """Of the object, where it was refused before its bytes were read."""


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
    remedy = "Upload it, or close its dead letter with `sightline dead close`"


class ImageArchived(RejectedError):
    """The object is in an archive storage class."""

    rule = "the object must be readable immediately, not archived"
    remedy = "Restore it from the archive"


class MissingBucket(RejectedError):
    """The bucket does not exist."""

    rule = "the bucket must exist"
    remedy = "Create it, or correct the producer's URI"


class BadMessage(SightlineError):
    """A message that no task can process."""

    rule = "the task's arguments must fit its signature"
    remedy = "Fix the producer; see docs/producing.md"


class InvalidUri(BadMessage):
    """The value is not an image id."""

    rule = "an image is named s3://bucket/key, with a key of 1 to 1,024 bytes"
    remedy = "Send the full URI"


class UnreadableEvent(BadMessage):
    """A message of a queue of S3's events that holds no event."""

    rule = "a message must be an event as S3, SNS or EventBridge sends it"
    remedy = "Correct what sends to the queue; see docs/events.md"


class InvalidVerdict(BadMessage):
    """A verdict that cannot be stored."""

    rule = "a verdict is present, absent or unsure, for an image that was analysed"
    remedy = "Correct it"


class VerdictStands(InvalidVerdict):
    """A volunteered verdict that would take the place of the same reviewer's answer to the review queue."""

    rule = "you answered the review queue about these bytes, and a volunteered verdict does not replace that answer"
    remedy = "Ask somebody else to look, or mark it as sampled if your answer was a slip"


class UnreadableAnswer(RejectedError):
    """Rekognition's answer does not have AWS's format. It was paid for, and a retry would fail the same way."""

    rule = "an answer must have AWS's format"
    remedy = (
        "Check SIGHTLINE_REKOGNITION_ENDPOINT and boto3's version; then run `sightline dead redrive`, which pays again"
    )


class Poisonous(RejectedError):
    """It killed its worker processes."""

    rule = "a step must not kill its worker process: this one started three times, the last time alone, without ending"
    remedy = "Check the image and the workers' memory; then run `sightline dead redrive`"


class Exhausted(RejectedError):
    """The reconciler has resent its steps too often."""

    rule = "a step must succeed within five rounds, not counting rounds in which a server was unavailable"
    remedy = "Fix the cause; then run `sightline dead redrive`"


class ObjectRefused(RejectedError):
    """It alone cannot be read."""

    rule = "an image must be readable if others of its bucket are"
    remedy = "Correct the object's permissions, or upload it again; then run `sightline dead redrive`"


class UnreadableKey(RejectedError):
    """The key does not say which camera took the picture."""

    rule = "the key must begin with the camera's name and a slash"
    remedy = "Store it as <camera>/<anything>, or set SIGHTLINE_KEY_PATTERN"


class ConfigurationError(SightlineError):
    """The setup is wrong, so the operator must act; no image is at fault."""

    rule = "the request, or the client that sent it, is configured incorrectly"
    remedy = "See `sightline check` for each setting"


class AccessDenied(ConfigurationError):
    """The credentials do not allow the request. is_of_credentials: they are refused themselves, everywhere."""

    is_of_credentials = False
    rule = "the credentials must be valid and allow this request"
    remedy = "Compare the policy in deploy/ with the account's; then run `sightline check`"


class MissingTable(ConfigurationError):
    """A DynamoDB table does not exist."""

    rule = "the tables must exist"
    remedy = "Run `sightline setup`"


class MissingQueue(ConfigurationError):
    """A queue of S3's events does not exist."""

    rule = "the queue must exist"
    remedy = "Create it, or correct SIGHTLINE_EVENT_QUEUES; see docs/events.md"


class WrongPassword(ConfigurationError):
    """A server rejects the password."""

    rule = "the password must match the server's"
    remedy = "Correct SIGHTLINE_NEO4J_PASSWORD or the password in SIGHTLINE_REDIS_URL"


class UnknownFeature(ConfigurationError):
    """No feature of that name is declared."""

    rule = "a feature must be declared in sightline/rekognition/features"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, remedy=f"Correct SIGHTLINE_FEATURES; there are {', '.join(known)}")


class NotSupported(ConfigurationError):
    """This endpoint does not offer the operation."""

    rule = "the endpoint does not offer this operation"
    remedy = "Use AWS, or remove the feature from SIGHTLINE_FEATURES"


class NoPeoplePolicy(ConfigurationError):
    """Faces are compared, and nobody has laid down why, by which right and for how long."""

    rule = "comparing faces is biometric: a policy must say why, by which right, for how long and on which cameras"
    remedy = "Set SIGHTLINE_PEOPLE_POLICY; see docs/comparing-faces.md"


class OtherCamera(ConfigurationError):
    """The policy names the cameras whose images may be compared, and not this one."""

    rule = "faces are compared only in images of the cameras that SIGHTLINE_PEOPLE_POLICY names"
    remedy = "Compare another image, or have the policy changed by whoever answers for it"


class OtherRegion(ConfigurationError):
    """The bucket lies in another region than it is asked in."""

    rule = "a bucket must be asked in its own region"
    remedy = "Set AWS_REGION to the bucket's region; Rekognition must have the same one"


class EncryptionKeyRefused(ConfigurationError):
    """The key that encrypts the object cannot be used."""

    rule = "the key that encrypts the object must exist, be enabled and let us decrypt"
    remedy = "Allow kms:Decrypt on the key, or enable it; images go on by themselves"
