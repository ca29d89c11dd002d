"""Sort keys from any text."""

import hashlib

LONGEST_KEY_BYTES = 1024
"""Of a sort key in DynamoDB."""


def sort_key(text: str) -> str:
    """Return the text itself if it can be a sort key; else a hash of it, after its readable beginning."""
    if 0 < len(utf8(text)) <= LONGEST_KEY_BYTES and _is_valid(text):
        return text
    return f"{ascii(text[:60])[1:-1]}…sha256:{hashlib.sha256(utf8(text)).hexdigest()}"


def is_hashed(text: str) -> bool:
    """Return whether the text is too long or too strange to be a sort key itself: hashes are in no order."""
    return sort_key(text) != text


def utf8(text: str) -> bytes:
    """Return the text in UTF-8, a lone surrogate included."""
    return text.encode("utf-8", "surrogatepass")


def _is_valid(text: str) -> bool:
    return utf8(text).decode("utf-8", "replace") == text
