"""Lists of URIs, one a line, as tools on any system write them: UTF-8, 16 or 32, any line ends, quotes or none."""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from sightline.encodings import wide_encoding
from sightline.errors import SightlineError

_AROUND = " \t\ufeff\x1a"
"""Not part of a URI at the ends of a line: blanks, a byte-order mark of a joined file, and the Ctrl-Z at DOS's end."""

_LOOKED_AT = 64
"""Bytes: enough for blanks, empty lines and a quote before the first `s3://`."""

_QUOTED = re.compile(r'"((?:[^"]|"")*)"', re.DOTALL)


class UnreadableList(SightlineError):
    """A file that is no list of URIs in any encoding that is read."""

    rule = "a list of URIs must be text in UTF-8, UTF-16 or UTF-32"
    remedy = "Save it as UTF-8"


class KeyList:
    """The URIs of a file. with_blanks: how many lines had blanks at an end, which are left out, in the last reading.

    A URI in double quotes is taken as it is, so that a key may begin or end with a blank.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.with_blanks = 0

    def __iter__(self) -> Iterator[str]:
        """Yield each URI; one line is in memory at a time."""
        self.with_blanks = 0
        buffered = io.BufferedReader(cast("io.RawIOBase", self._source))
        text = _decoded(buffered)
        try:
            for line in text:
                if uri := self._uri(line.rstrip("\r\n")):
                    yield uri
        except UnicodeError as error:
            raise UnreadableList(str(getattr(self._source, "name", "the list"))) from error
        finally:  # else the source would be closed with the readers around it
            text.detach()
            buffered.detach()

    def _uri(self, line: str) -> str:
        stripped = line.strip(_AROUND)
        if quoted := _QUOTED.fullmatch(stripped):
            return quoted[1].replace('""', '"')
        self.with_blanks += bool(stripped) and line.strip("\ufeff\x1a") != stripped
        return stripped

    def count(self) -> int | None:
        """Return the number of URIs, for the progress bar; None if they come through a pipe."""
        if not self._source.seekable():
            return None
        number = sum(1 for _ in self)
        self._source.seek(0)
        return number


def _decoded(source: "io.BufferedReader[io.RawIOBase]") -> io.TextIOWrapper:
    """Open it as text. What UTF-8 cannot hold gets through, to be refused by name."""
    encoding = wide_encoding(source.peek(_LOOKED_AT)[:_LOOKED_AT])
    if encoding is None:
        return io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape")
    return io.TextIOWrapper(source, encoding=encoding, errors="surrogatepass")
