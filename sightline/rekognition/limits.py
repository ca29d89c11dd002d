"""What Rekognition accepts as an image. Source: Guidelines and quotas, Amazon Rekognition Developer Guide, 2025."""

MEBIBYTE = 1024 * 1024

MAX_BYTES_IN_S3 = 15 * MEBIBYTE
"""Of an image that lies in S3."""

MAX_BYTES_SENT = 5 * MEBIBYTE
"""Of an image that is sent within the request."""

MIN_SIDE_PIXELS = 80
MAX_SIDE_PIXELS = 10_000
