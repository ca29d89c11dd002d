"""A clip that jobs take."""

import numpy as np
import pytest

from dev.clips.mp4 import write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Give a clip of six seconds, in H.264."""
    pictures = [np.full((96, 96, 3), shade, np.uint8) for shade in range(20, 80, 10)]
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", pictures, 2).read_bytes()
