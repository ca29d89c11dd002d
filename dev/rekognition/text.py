"""Lines and words of text, by Tesseract."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tesserocr
from PIL import Image

from dev.rekognition.picture import Picture, box_of, reduce_to
from sightline.models.answers import Box, Detection

TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
"""The folder of the model in Debian's package tesseract-ocr-eng."""

_LONGEST_PIXELS = 2400
_LEAST_CONFIDENCE = 70.0
_WORD = tesserocr.RIL.WORD
_LINE = tesserocr.RIL.TEXTLINE


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text and its words, left to right."""

    words: tuple[Detection, ...]

    @property
    def text(self) -> str:
        """Return the words, separated by spaces."""
        return " ".join(word.name for word in self.words)

    @property
    def confidence(self) -> float:
        """Return the mean of the words' confidences."""
        return sum(word.confidence for word in self.words) / len(self.words)


@cache
def _reader() -> tesserocr.PyTessBaseAPI:
    """Load the model once in each process."""
    return tesserocr.PyTessBaseAPI(path=str(TESSDATA), lang="eng", psm=tesserocr.PSM.AUTO)


def find_text(picture: Picture) -> tuple[Line, ...]:
    """Read the lines of `picture`, top to bottom; words below 70 percent are noise and are left out."""
    reduced = reduce_to(picture, _LONGEST_PIXELS)
    reader = _reader()
    reader.SetImage(Image.fromarray(reduced[:, :, ::-1]))
    reader.Recognize()
    lines: list[list[Detection]] = []
    for begins_line, word in _words(reader, reduced):
        if begins_line or not lines:
            lines.append([])
        if word:
            lines[-1].append(word)
    return tuple(Line(tuple(words)) for words in lines if words)


def _words(reader: tesserocr.PyTessBaseAPI, picture: Picture) -> Iterator[tuple[bool, Detection | None]]:
    """Yield the words in reading order: whether each starts a line, and the word unless it is noise."""
    found = reader.GetIterator()
    if found is None or found.Empty(_WORD):
        return
    for each in tesserocr.iterate_level(found, _WORD):
        yield each.IsAtBeginningOf(_LINE), _word(each, picture)


def _word(found: tesserocr.PyResultIterator, picture: Picture) -> Detection | None:
    text, confidence = found.GetUTF8Text(_WORD).strip(), float(found.Confidence(_WORD))
    if not text or confidence < _LEAST_CONFIDENCE:
        return None
    left, top, right, bottom = found.BoundingBox(_WORD)
    return Detection(text, confidence, box_of(left, top, right - left, bottom - top, picture))


def word_boxes(lines: tuple[Line, ...]) -> tuple[Box, ...]:
    """Return the box of each word."""
    return tuple(word.box for line in lines for word in line.words if word.box)
