"""What takes no part in an estimate, and is said beside it."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Outside:
    """Counts of what takes no part.

    unanalysed: images without an answer of the detector
    stale: verdicts on bytes that were overwritten since; volunteered: verdicts that nobody asked for
    held_back: answered images that wait for others before them in the fixed order
    given: all verdicts on these images, those that count as well
    """

    unanalysed: int = 0
    stale: int = 0
    volunteered: int = 0
    held_back: int = 0
    given: int = 0

    def __add__(self, other: "Outside") -> "Outside":
        return Outside(*(mine + others for mine, others in zip(astuple(self), astuple(other), strict=True)))
