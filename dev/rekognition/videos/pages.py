"""Pages of an answer behind tokens that expire."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dev.rekognition.refusals import Refusal
from sightline.models.answers import Json

MOST_RESULTS = 1000
LIVES = timedelta(hours=24)


@dataclass(slots=True)
class Pages:
    """The tokens that were given out."""

    clock: Callable[[], datetime]
    _tokens: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)

    def page(self, job_id: str, entries: Sequence[Json], request: Json) -> tuple[Sequence[Json], Json]:
        """Return one page, and the NextToken if there are more; refuse a token that is another request's, or old."""
        asked = json.dumps([job_id, request.get("SortBy"), request.get("AggregateBy")])
        begin = self._begin(request["NextToken"], asked) if request.get("NextToken") else 0
        end = begin + min(request.get("MaxResults", MOST_RESULTS), MOST_RESULTS)
        if end >= len(entries):
            return entries[begin:], {}
        token = secrets.token_urlsafe(48)
        self._tokens[token] = (asked, end, self.clock())
        return entries[begin:end], {"NextToken": token}

    def _begin(self, token: str, asked: str) -> int:
        of, begin, at = self._tokens.get(token, ("", 0, None))
        if at is None or of != asked or self.clock() - at > LIVES:
            raise Refusal("InvalidPaginationTokenException")
        return begin
