"""The networks' log-odds as a probability in percent. `python -m bench.detector FOLDER` fits the numbers."""

from math import exp, log

_PERSON_SLOPE, _PERSON_OFFSET = 3.87, -1.31
_FACE_SLOPE, _FACE_OFFSET = 3.0, -2.9


def person_percent(logit: float) -> float:
    """Return the probability of a person, 0 to 100."""
    return _percent(_PERSON_SLOPE * logit + _PERSON_OFFSET)


def logit_of(percent: float) -> float:
    """Return the log-odds that `person_percent` was given."""
    return (log(percent / (100 - percent)) - _PERSON_OFFSET) / _PERSON_SLOPE


def face_percent(logit: float) -> float:
    """Return the probability of a face, 0 to 100: heads from behind score up to a logit of 0.9."""
    return _percent(_FACE_SLOPE * logit + _FACE_OFFSET)


def _percent(log_odds: float) -> float:
    return 100 / (1 + exp(-log_odds))
