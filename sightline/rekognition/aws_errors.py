"""Map the errors of AWS and botocore to sightline's own. The only place that knows AWS's error codes.

A code in no table goes by its HTTP status: 5xx, 408 and 429 are `Unavailable`, since the same request may succeed
later; 501 is `NotSupported`; every other refusal is a `ConfigurationError`, because an unknown refusal would meet each
image alike: to stop loudly is better than to reject them all. AWS's own words stay in the message.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from sightline import errors, video_errors
from sightline.errors import SightlineError

AwsError: TypeAlias = boto.ClientError | boto.BotoCoreError | ResponseParserError
"""What a boto3 client raises: a refusal, a failure on the way, or an answer that cannot be parsed."""

_EVERYWHERE = {
    errors.AccessDenied: """
        AccessDenied AccessDeniedException AllAccessDisabled AuthFailure ExpiredToken ExpiredTokenException Forbidden
        IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException InvalidToken
        MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized NotSignedUp OptInRequired
        RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch SubscriptionRequiredException TokenRefreshRequired
        UnauthorizedAccess UnrecognizedClientException 401 403""",
    errors.NotSupported: """
        MethodNotAllowed NotImplemented UnknownOperationException UnsupportedOperation
        UnsupportedOperationException""",
    errors.Unavailable: """
        InternalError InternalFailure InternalServerError InternalServerErrorException InternalServiceError
        RequestTimeout RequestTimeoutException ServiceUnavailable ServiceUnavailableException""",
}

_OF_CREDENTIALS = """
    AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId
    InvalidSignatureException InvalidToken MissingAuthenticationToken MissingAuthenticationTokenException
    NotSignedUp OptInRequired RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch SubscriptionRequiredException
    TokenRefreshRequired UnrecognizedClientException 401"""
"""Refusals that every request with these credentials meets, whatever it asks for."""

_THROTTLING = """
    BandwidthLimitExceeded PriorRequestNotComplete ProvisionedThroughputExceeded
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown
    TooManyRequestsException"""

_LIMIT = "LimitExceededException"

_RAMPED = "Throttling ThrottlingError ThrottlingException ThrottledException"

_REKOGNITION = {
    errors.Throttled: f"{_THROTTLING} {_LIMIT}",
    errors.RampedTooFast: _RAMPED,
    errors.UnsupportedFormat: "InvalidImageFormatException",
    errors.TooManyBytes: "ImageTooLargeException",  # AWS has one error for bytes and pixels; the remedy serves both
    errors.ImageMissing: "InvalidS3ObjectException",
    errors.InvalidParameter: "InvalidParameterException ValidationException",
    # An adapter that does not exist or is not deployed, a quota of human reviews: the request names them, not the image
    errors.ConfigurationError: "HumanLoopQuotaExceededException ResourceNotFoundException ResourceNotReadyException",
}

_VIDEO_JOBS = {
    errors.Throttled: _THROTTLING,
    errors.RampedTooFast: _RAMPED,
    video_errors.JobsAtLimit: _LIMIT,
    video_errors.JobTokenMismatch: "IdempotentParameterMismatchException",
    errors.ImageMissing: "InvalidS3ObjectException",
    video_errors.VideoTooLargeForJobs: "VideoTooLargeException",
    errors.InvalidParameter: "InvalidParameterException ValidationException",
    video_errors.ResultsGone: "ResourceNotFoundException",
    video_errors.PagesExpired: "InvalidPaginationTokenException",
}

_STORES = {
    errors.ImageMissing: "NoSuchKey NoSuchVersion 404",
    errors.MissingBucket: "NoSuchBucket",
    errors.ImageArchived: "InvalidObjectState",
    errors.OtherRegion: """
        AuthorizationHeaderMalformed IllegalLocationConstraintException PermanentRedirect Redirect TemporaryRedirect
        301 307""",
    errors.EncryptionKeyRefused: """
        KMS.AccessDeniedException KMS.DisabledException KMS.InvalidStateException KMS.KMSInvalidStateException
        KMS.NotFoundException KMS.OptInRequired KMSAccessDeniedException KMSDisabledException
        KMSInvalidStateException KMSNotFoundException""",
    errors.InvalidUri: "InvalidBucketName InvalidURI KeyTooLongError",
    errors.MissingTable: "ResourceNotFound ResourceNotFoundException",
    errors.ImageChanged: "ConditionalCheckFailed ConditionalCheckFailedException PreconditionFailed 412",
    errors.Unavailable: f"""
        {_THROTTLING} {_LIMIT} {_RAMPED} ConditionalRequestConflict OperationAborted ReplicatedWriteConflictException
        ResourceInUseException TransactionConflict TransactionConflictException TransactionInProgressException""",
}

_QUEUES = {
    errors.MissingQueue: "AWS.SimpleQueueService.NonExistentQueue InvalidAddress QueueDoesNotExist",
    errors.EncryptionKeyRefused: """
        KMS.AccessDeniedException KMS.DisabledException KMS.InvalidKeyUsageException KMS.InvalidStateException
        KMS.NotFoundException KMS.OptInRequired KmsAccessDenied KmsDisabled KmsInvalidKeyUsage KmsInvalidState
        KmsNotFound KmsOptInRequired""",
    errors.Unavailable: f"{_THROTTLING} {_LIMIT} {_RAMPED} KMS.ThrottlingException KmsThrottled OverLimit",
}

_TRANSPORT: Mapping[type[Exception], type[SightlineError]] = {
    boto.ConnectionError: errors.Unavailable,  # refused, no such host, connect timeout: nothing was sent
    boto.ChecksumError: errors.Unavailable,
    boto.FlexibleChecksumError: errors.Unavailable,
    boto.MetadataRetrievalError: errors.Unavailable,  # the machine's own source of credentials is away
    boto.CredentialRetrievalError: errors.Unavailable,
    boto.NoCredentialsError: errors.AccessDenied,
    boto.PartialCredentialsError: errors.AccessDenied,
    boto.NoAuthTokenError: errors.AccessDenied,
    boto.TokenRetrievalError: errors.AccessDenied,
    boto.SSOError: errors.AccessDenied,
    boto.LoginError: errors.AccessDenied,
    boto.ProfileNotFound: errors.AccessDenied,
}
_AFTER_SENDING = (boto.HTTPClientError, boto.IncompleteReadError, ResponseParserError)

_PASSING_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


def _by_code(*tables: Mapping[type[SightlineError], str]) -> dict[str, type[SightlineError]]:
    return {code: error for table in tables for error, codes in table.items() for code in codes.split()}


@dataclass(frozen=True, slots=True)
class Service:
    """How to interpret the errors of one service. cut_off: the error for a request without an answer."""

    by_code: Mapping[str, type[SightlineError]]
    cut_off: type[SightlineError]


REKOGNITION = Service(_by_code(_EVERYWHERE, _REKOGNITION), cut_off=errors.OutcomeUnknown)
VIDEO_JOBS = Service(_by_code(_EVERYWHERE, _VIDEO_JOBS), cut_off=errors.OutcomeUnknown)
"""Rekognition's jobs on stored videos: some codes mean something else there."""

STORES = Service(_by_code(_EVERYWHERE, _STORES), cut_off=errors.Unavailable)
"""S3 and DynamoDB: their codes do not clash, and nothing there is billed by the answer."""

QUEUES = Service(_by_code(_EVERYWHERE, _QUEUES), cut_off=errors.Unavailable)
"""SQS."""


def translate(error: AwsError, subject: str, service: Service = STORES) -> SightlineError:
    """Return the error to raise for `subject` (an image id, a table's name)."""
    if isinstance(error, boto.ClientError):
        kind, words = _refusal(error, service), _words(error)
    else:
        kind, words = _failure(error, service), " ".join(str(error).split())
    translated = kind(subject, rule=f"{kind.rule} (AWS: {words})")
    if isinstance(translated, errors.AccessDenied):
        translated.is_of_credentials = (
            not isinstance(error, boto.ClientError) or _code(error) in _OF_CREDENTIALS.split()
        )
    return translated


@contextmanager
def aws_errors(subject: str, service: Service = STORES) -> Iterator[None]:
    """Convert AWS errors in this block to sightline's errors about `subject`."""
    try:
        yield
    except (boto.ClientError, boto.BotoCoreError, ResponseParserError) as error:
        raise translate(error, subject, service) from error


def _refusal(error: boto.ClientError, service: Service) -> type[SightlineError]:
    code = _code(error)
    if code == "404" and error.operation_name == "HeadBucket":  # an answer to HEAD has no body to say what is missing
        return errors.MissingBucket
    return service.by_code.get(code) or _by_status(error)


def _code(error: boto.ClientError) -> str:
    reasons = error.response.get("CancellationReasons", [])  # one for each item of a DynamoDB transaction
    failed = (str(reason["Code"]) for reason in reasons if reason.get("Code", "None") != "None")
    return next(failed, str(error.response.get("Error", {}).get("Code", "")))


def _by_status(error: boto.ClientError) -> type[SightlineError]:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", HTTPStatus.BAD_REQUEST)
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return errors.NotSupported
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING_STATUSES:
        return errors.Unavailable
    return errors.ConfigurationError


def _failure(error: Exception, service: Service) -> type[SightlineError]:
    if isinstance(error, _AFTER_SENDING):
        return service.cut_off
    if isinstance(error, boto.ParamValidationError) and "bucket name" in str(error):
        return errors.InvalidUri  # the producer's URI names a bucket that cannot exist: the setup is not at fault
    return next((ours for theirs, ours in _TRANSPORT.items() if isinstance(error, theirs)), errors.ConfigurationError)


def _words(error: boto.ClientError) -> str:
    said = error.response.get("Error", {})
    return " ".join(f"{said.get('Code', 'no code')} to {error.operation_name}: {said.get('Message', '')}".split())
