"""Comparing faces from Python: `from sightline import compare_faces`."""

from functools import cache

from sightline.bootstrap import connect
from sightline.config import read_settings
from sightline.models.comparisons import Compared
from sightline.services.collaborators import Services


def compare_faces(source: str, target: str) -> Compared:
    """Compare the largest face of one picture with each face of another: files, or `s3://bucket/key`.

    It is biometric and needs SIGHTLINE_PEOPLE_POLICY. The same two pictures are paid for once while the policy lets the
    answer be kept. The settings come from `SIGHTLINE_…` in the environment or from `.env`.

    Returns the faces of the target, the most alike first, each with its similarity in percent and its box in fractions
    of the picture; `alike(80)` selects. `no_face_in` names the picture that shows no face.
    Raises InvalidSettings, NoPeoplePolicy, OtherCamera if the policy does not name an image's camera, a RejectedError
    for a picture that cannot be compared, or a RetryableError.
    """
    services = _connected()
    comparing = services.comparing
    compared = comparing.compare(comparing.look(source), comparing.look(target)).compared
    services.calls.flush_soon()
    return compared or Compared(None)


@cache
def _connected() -> Services:
    """Connect once in each process, when the first faces are compared."""
    return connect(read_settings())
