"""Brightness, sharpness and contrast, measured. The scales are our own: 0 to 100, larger is more."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dev.rekognition.picture import Picture

_SHARPEST_DEVIATION = 60.0
_WIDEST_DEVIATION = 127.5
_BRIGHTEST = 255.0


@dataclass(frozen=True, slots=True)
class Light:
    """Brightness, sharpness and contrast of a region, each 0 to 100."""

    brightness: float
    sharpness: float
    contrast: float


def light_of(picture: Picture, mask: NDArray[np.bool_] | None = None) -> Light:
    """Measure `picture`, or those of its pixels for which `mask` (height, width) is true.

    brightness: mean luma; contrast: its standard deviation; sharpness: that of its Laplacian.
    """
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    edges = cv2.Laplacian(luma, cv2.CV_64F)
    chosen = np.ones(luma.shape, dtype=np.bool_) if mask is None else mask
    return Light(
        brightness=float(luma[chosen].mean()) / _BRIGHTEST * 100,
        sharpness=min(float(edges[chosen].std()) / _SHARPEST_DEVIATION, 1.0) * 100,
        contrast=min(float(luma[chosen].std()) / _WIDEST_DEVIATION, 1.0) * 100,
    )
