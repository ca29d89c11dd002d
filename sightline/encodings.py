"""Encodings of two or four bytes a character, as Windows and spreadsheets write text, with or without a mark."""

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WIDE = ((4, 0, "utf-32-le"), (4, 3, "utf-32-be"), (2, 0, "utf-16-le"), (2, 1, "utf-16-be"))
"""Bytes of a character, which of them holds an ASCII character, and the encoding."""


def wide_encoding(begin: bytes) -> str | None:
    """Return the wide encoding of a text that begins so; None if each ASCII character is one byte.

    Without a mark it is known by where the zeros stand: most of what such a text begins with are ASCII characters.
    A single NUL, as a tool may leave one in a text, stands for no encoding.
    """
    for mark, name in _MARKS:
        if begin.startswith(mark):
            return name
    return next((name for width, place, name in _WIDE if _is_wide(begin, width, place)), None)


def _is_wide(begin: bytes, width: int, place: int) -> bool:
    characters = [begin[at : at + width] for at in range(0, len(begin) - width + 1, width)]
    plain = [each for each in characters if each[place] and not any(each[:place] + each[place + 1 :])]
    return bool(plain) and 2 * len(plain) > len(characters)
