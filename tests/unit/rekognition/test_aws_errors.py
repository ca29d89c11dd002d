import inspect
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from sightline import errors
from sightline.rekognition.aws_errors import QUEUES, REKOGNITION, STORES, aws_errors, translate
from sightline.rekognition.features import all_features
from tests.unit.rekognition.recorded import service_model

STORE_OPERATIONS = {
    "s3": ("GetObject", "HeadObject", "PutObject", "DeleteObject", "ListObjectsV2", "HeadBucket", "CreateBucket"),
    "dynamodb": (
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"),
        *("TransactWriteItems", "CreateTable", "DescribeTable", "UpdateTimeToLive"),
    ),
}


def refusal(code: str, message: str = "said AWS", status: int = 400, operation: str = "DetectLabels", **more):
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return boto.ClientError(response, operation)  # type: ignore[arg-type]


def error_codes(service: str, operations) -> list[str]:
    model = service_model(service)
    return sorted({shape.name for each in operations for shape in model.operation_model(each).error_shapes})


@pytest.mark.parametrize("code", error_codes("rekognition", {each.operation for each in all_features().values()}))
def test_every_error_that_an_operation_of_a_feature_declares_is_mapped(code):
    assert code in REKOGNITION.by_code


# What the request itself got wrong: ours to mend, by the rule for refusals that no table names
REQUESTS_OF_OURS = {
    *("EncryptionTypeMismatch", "InvalidRequest", "InvalidWriteOffset", "TooManyParts"),
    *("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
    *("IdempotentParameterMismatchException", "ItemCollectionSizeLimitExceededException"),
    "TransactionCanceledException",  # goes by its reasons
}


@pytest.mark.parametrize(
    "code", [code for service, operations in STORE_OPERATIONS.items() for code in error_codes(service, operations)]
)
def test_every_error_that_an_operation_of_a_store_declares_is_mapped_or_ours(code):
    assert (code in REQUESTS_OF_OURS) != (code in STORES.by_code)


# What no request to a queue does: they are all made in one place
MISTAKES_OF_A_REQUEST = {
    *("BatchEntryIdsNotDistinct", "EmptyBatchRequest", "InvalidBatchEntryId", "TooManyEntriesInBatchRequest"),
    *("InvalidAttributeName", "InvalidSecurity"),
}


@pytest.mark.parametrize("code", error_codes("sqs", ("ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes")))
def test_every_error_that_an_operation_of_a_queue_declares_is_mapped_or_a_mistake(code):
    assert (code in MISTAKES_OF_A_REQUEST) != (code in QUEUES.by_code)


def test_a_queue_that_is_missing_is_named_by_its_old_code_as_well():
    error = refusal("AWS.SimpleQueueService.NonExistentQueue", operation="ReceiveMessage")
    assert errors.MissingQueue is type(translate(error, "https://sqs/1/images", QUEUES))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ProvisionedThroughputExceededException", errors.Throttled),
        ("RequestLimitExceeded", errors.Throttled),
        ("ThrottlingException", errors.RampedTooFast),
        ("InternalServerError", errors.Unavailable),
        ("ServiceUnavailableException", errors.Unavailable),
        ("InvalidImageFormatException", errors.UnsupportedFormat),
        ("ImageTooLargeException", errors.TooManyBytes),
        ("InvalidS3ObjectException", errors.ImageMissing),
        ("InvalidParameterException", errors.InvalidParameter),
        ("AccessDeniedException", errors.AccessDenied),
        ("ExpiredTokenException", errors.AccessDenied),
        ("UnrecognizedClientException", errors.AccessDenied),
        ("InvalidSignatureException", errors.AccessDenied),
        ("UnknownOperationException", errors.NotSupported),
        ("ResourceNotFoundException", errors.ConfigurationError),
        ("HumanLoopQuotaExceededException", errors.ConfigurationError),
    ],
)
def test_a_refusal_of_rekognition_becomes_our_error(code, expected):
    assert expected is type(translate(refusal(code), "s3://b/k", REKOGNITION))


@pytest.mark.parametrize(
    ("code", "operation", "expected"),
    [
        ("NoSuchKey", "GetObject", errors.ImageMissing),
        ("404", "HeadObject", errors.ImageMissing),
        ("404", "HeadBucket", errors.MissingBucket),
        ("NoSuchBucket", "GetObject", errors.MissingBucket),
        ("403", "HeadObject", errors.AccessDenied),
        ("AccessDenied", "GetObject", errors.AccessDenied),
        ("SignatureDoesNotMatch", "PutObject", errors.AccessDenied),
        ("InvalidObjectState", "GetObject", errors.ImageArchived),
        ("PermanentRedirect", "GetObject", errors.OtherRegion),
        ("AuthorizationHeaderMalformed", "GetObject", errors.OtherRegion),
        ("301", "HeadObject", errors.OtherRegion),
        ("KMS.DisabledException", "GetObject", errors.EncryptionKeyRefused),
        ("KMS.NotFoundException", "GetObject", errors.EncryptionKeyRefused),
        ("KMS.KMSInvalidStateException", "GetObject", errors.EncryptionKeyRefused),
        ("InvalidURI", "GetObject", errors.InvalidUri),
        ("InvalidBucketName", "GetObject", errors.InvalidUri),
        ("KeyTooLongError", "GetObject", errors.InvalidUri),
        ("SlowDown", "PutObject", errors.Unavailable),
        ("PreconditionFailed", "PutObject", errors.ImageChanged),
        ("ConditionalRequestConflict", "PutObject", errors.Unavailable),
        ("NotImplemented", "PutObject", errors.NotSupported),
        ("ResourceNotFoundException", "UpdateItem", errors.MissingTable),
        ("ProvisionedThroughputExceededException", "UpdateItem", errors.Unavailable),
        ("ThrottlingException", "Query", errors.Unavailable),
        ("RequestLimitExceeded", "Query", errors.Unavailable),
        ("ConditionalCheckFailedException", "UpdateItem", errors.ImageChanged),
        ("ValidationException", "UpdateItem", errors.ConfigurationError),
    ],
)
def test_a_refusal_of_a_store_becomes_our_error(code, operation, expected):
    assert expected is type(translate(refusal(code, operation=operation), "a subject"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.ConfigurationError),
        (409, errors.ConfigurationError),
        (408, errors.Unavailable),
        (429, errors.Unavailable),
        (500, errors.Unavailable),
        (501, errors.NotSupported),
        (503, errors.Unavailable),
    ],
)
@pytest.mark.parametrize("service", [REKOGNITION, STORES])
def test_a_code_that_nobody_knows_goes_by_its_status(status, expected, service):
    assert expected is type(translate(refusal("BrandNewException", status=status), "a subject", service))


def test_an_answer_without_code_or_status_is_ours_to_mend():
    assert errors.ConfigurationError is type(translate(boto.ClientError({}, "DetectLabels"), "a subject", REKOGNITION))


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["None", "ConditionalCheckFailed"], errors.ImageChanged),
        (["TransactionConflict", "None"], errors.Unavailable),
        (["None", "ThrottlingError"], errors.Unavailable),
        (["ProvisionedThroughputExceeded"], errors.Unavailable),
        (["ValidationError"], errors.ConfigurationError),
    ],
)
def test_a_cancelled_transaction_goes_by_its_first_reason(reasons, expected):
    listed = [{"Code": code} for code in reasons]
    error = refusal("TransactionCanceledException", operation="TransactWriteItems", CancellationReasons=listed)
    assert expected is type(translate(error, "a subject"))


TRANSPORT = [
    (boto.EndpointConnectionError(endpoint_url="http://x"), errors.Unavailable, errors.Unavailable),
    (boto.ConnectTimeoutError(endpoint_url="http://x"), errors.Unavailable, errors.Unavailable),
    (boto.SSLError(endpoint_url="http://x", error="bad"), errors.Unavailable, errors.Unavailable),  # type: ignore[arg-type]
    (boto.MetadataRetrievalError(error_msg="away"), errors.Unavailable, errors.Unavailable),
    (boto.ReadTimeoutError(endpoint_url="http://x"), errors.OutcomeUnknown, errors.Unavailable),
    (boto.ConnectionClosedError(endpoint_url="http://x"), errors.OutcomeUnknown, errors.Unavailable),
    (boto.ResponseStreamingError(error="cut"), errors.OutcomeUnknown, errors.Unavailable),
    (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.OutcomeUnknown, errors.Unavailable),
    (ResponseParserError("no JSON"), errors.OutcomeUnknown, errors.Unavailable),
    (boto.NoCredentialsError(), errors.AccessDenied, errors.AccessDenied),
    (boto.PartialCredentialsError(provider="env", cred_var="x"), errors.AccessDenied, errors.AccessDenied),
    (boto.ParamValidationError(report="MaxLabels: x"), errors.ConfigurationError, errors.ConfigurationError),
    (boto.ParamValidationError(report='Invalid bucket name "A B"'), errors.InvalidUri, errors.InvalidUri),
    (boto.NoRegionError(), errors.ConfigurationError, errors.ConfigurationError),
]


@pytest.mark.parametrize(("error", "of_rekognition", "of_a_store"), TRANSPORT, ids=lambda each: type(each).__name__)
def test_what_goes_wrong_on_the_way_tells_whether_it_may_have_been_billed(error, of_rekognition, of_a_store):
    found = [type(translate(error, "a subject", service)) for service in (REKOGNITION, STORES)]
    assert [of_rekognition, of_a_store] == found


BOTOCORE_ERRORS = [
    each for _, each in inspect.getmembers(boto, inspect.isclass) if issubclass(each, boto.BotoCoreError)
]


class _AnyWord(dict[str, Any]):
    def __missing__(self, key):
        return key


@pytest.mark.parametrize("kind", BOTOCORE_ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_of_botocore_becomes_ours(kind):
    error = kind.__new__(kind)
    Exception.__init__(error, kind.fmt.format_map(_AnyWord()))
    assert isinstance(translate(error, "a subject", REKOGNITION), errors.RetryableError | errors.ConfigurationError)


def test_the_message_names_the_subject_the_rule_the_words_of_aws_and_the_remedy():
    error = translate(refusal("InvalidS3ObjectException", "Unable to get\n metadata."), "s3://b/k.jpg", REKOGNITION)
    assert (
        "s3://b/k.jpg: the object must exist (AWS: InvalidS3ObjectException to DetectLabels: Unable to get metadata.). "
        "Upload it, or close its dead letter with `sightline dead close`."
    ) == str(error)


def test_a_block_raises_our_error_and_keeps_the_first():
    cause = refusal("NoSuchKey", operation="GetObject")
    with pytest.raises(errors.ImageMissing, match=r"^s3://b/k: ") as raised, aws_errors("s3://b/k"):
        raise cause
    assert cause is raised.value.__cause__


def test_a_block_leaves_other_errors_alone():
    with pytest.raises(KeyError), aws_errors("s3://b/k"):
        raise KeyError("ours")


@pytest.mark.parametrize(
    ("code", "is_of_credentials"),
    [
        ("AccessDenied", False),
        ("AllAccessDisabled", False),
        ("403", False),
        ("401", True),
        ("ExpiredToken", True),
        ("InvalidAccessKeyId", True),
        ("SignatureDoesNotMatch", True),
        ("RequestTimeTooSkewed", True),
    ],
)
def test_refused_credentials_are_told_from_a_refusal_of_what_was_asked_for(code, is_of_credentials):
    error = translate(refusal(code, operation="GetObject"), "s3://b/k")
    assert isinstance(error, errors.AccessDenied)
    assert is_of_credentials == error.is_of_credentials


def test_no_credentials_are_refused_credentials():
    error = translate(boto.NoCredentialsError(), "s3://b/k")
    assert isinstance(error, errors.AccessDenied)
    assert error.is_of_credentials
