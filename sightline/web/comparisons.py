"""Comparisons that operators ask for: kept as requests, sent to a worker, and read again."""

from sightline.models.images import ImageRow
from sightline.services.comparing import compare_step
from sightline.storage.comparisons import Comparison, Request
from sightline.web.acts import Acting
from sightline.web.console import Console
from sightline.web.errors import InReview, InvalidRequest, NoSuchPage
from sightline.web.looking import row_of
from sightline.web.masks import is_masked
from sightline.web.visitors import Visitor


def ask_for_comparison(source: str, target: str, visitor: Visitor, console: Console) -> Comparison | Request:
    """Keep the request, then send it; one that is known already is returned instead.

    Raise NoPeoplePolicy, OtherCamera, ImageMissing, InReview, or InvalidRequest if nobody has read an image.
    """
    comparing = console.services.comparing
    comparing.require_policy()
    rows = [_comparable(row_of(each, console), visitor, console) for each in (source, target)]
    acting = Acting("compare faces", source, visitor, console)
    acting.begin({"target": target})
    found = comparing.request(rows[0], rows[1], visitor.user)
    if isinstance(found, Request):
        console.send([compare_step(found)])
    acting.end({"target": target, "id": found.pair.comparison_id})
    return found


def read_comparison(comparison_id: str, console: Console) -> Comparison | Request:
    """Return an answer, or the request that waits for one; raise NoPeoplePolicy, or NoSuchPage if there is neither."""
    services = console.services
    found = services.comparing.kept(comparison_id) or services.operations.comparisons.request(comparison_id)
    if found is None:
        raise NoSuchPage(comparison_id, rule="nobody asked for this comparison, or it was removed by the policy")
    return found


def _comparable(row: ImageRow, visitor: Visitor, console: Console) -> ImageRow:
    """Return the row; a face would tell a reviewer what the review asks about."""
    if is_masked(row, visitor, console):
        raise InReview(row.image_id)
    if row.content is None:
        remedy = "Wait until it is analysed"
        raise InvalidRequest(row.image_id, rule="the image must have been received by a worker", remedy=remedy)
    return row
