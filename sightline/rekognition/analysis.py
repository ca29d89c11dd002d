"""The identity of an analysis: what is paid once is named by what was asked of which bytes."""

import hashlib
import json
from collections.abc import Mapping

from sightline.models.answers import Json


def analysis_id(content: str, feature: str, parameters: Mapping[str, Json], generation: str) -> str:
    """Name the analysis of `content` (sha256 of the bytes, hex) by `feature`: sha256, hex.

    `parameters` is the request without its Image; its spelling (order of keys) does not matter.
    """
    canonical = json.dumps(dict(parameters), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{content}\n{feature}\n{canonical}\n{generation}".encode()).hexdigest()
