"""The refusals of the endpoint: AWS's error codes, HTTP statuses and messages.

Source: Error handling, Amazon Rekognition Developer Guide, 2025, and answers of the service that its users published.
"""

from http import HTTPStatus

_WORDS = {
    "InvalidS3ObjectException": (
        "Unable to get object metadata from S3. Check object key, region and/or access permissions."
    ),
    "InvalidImageFormatException": "Request has invalid image format",
    "InvalidParameterException": "Request has Invalid Parameters",
    "ImageTooLargeException": "Image size is too large.",
    "AccessDeniedException": "You are not authorized to perform the action.",
    "ProvisionedThroughputExceededException": "Provisioned rate exceeded.",
    "ThrottlingException": "Rate of requests rose too quickly. Slow down; increase the rate gradually.",
    "InternalServerError": "Amazon Rekognition experienced a service issue. Try your call again.",
    "ResourceAlreadyExistsException": "The collection exists already.",
    "ResourceNotFoundException": "The collection or the job does not exist.",
    "VideoTooLargeException": "Video size is too large.",
    "LimitExceededException": "Account has too many open jobs.",
    "IdempotentParameterMismatchException": "A ClientRequestToken was reused with other parameters.",
    "InvalidPaginationTokenException": "Request has Invalid Pagination Token",
    "SerializationException": "The request is not JSON.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
}

KNOWN = frozenset(_WORDS)
"""Every code that has its own message."""


class Refusal(Exception):
    """A refusal as an answer. It is pickled between processes, so its arguments are its fields."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or _WORDS[code]

    @property
    def status(self) -> HTTPStatus:
        """Return the HTTP status of the code."""
        if self.code == "InternalServerError":
            return HTTPStatus.INTERNAL_SERVER_ERROR
        return HTTPStatus.BAD_REQUEST


def cannot(operation: str, because: str = "it sees people, faces, text and colours") -> Refusal:
    """Return the refusal of an operation whose answer would have to be invented."""
    return Refusal("UnknownOperationException", f"The local endpoint cannot do {operation}: {because}. Use AWS for it.")
