"""Real workers pay by need: faces are asked for where the labels show somebody, and not elsewhere."""

import json
from collections import Counter

import pytest

from dev.stack.folders import CHECKOUT
from sightline.bootstrap import connect
from sightline.models.images import State
from sightline.queues.steps import INGEST
from tests.acceptance.spine import LYING

pytestmark = pytest.mark.acceptance

NEED = {"asks": {"faces": {"labels": {"Person": 50}}}, "control_percent": 1e-9}
SETTINGS = {
    "SIGHTLINE_NEED": json.dumps(NEED),
    "SIGHTLINE_TABLE_PREFIX": "need-",
    "SIGHTLINE_KEY_PREFIX": "need:",
}
QUEUES = ("ingest", "labels", "faces", "rows", "graph")


def _complete(services, uris):
    return sum(row.state is State.COMPLETE for row in services.images.get_many(uris).values())


def test_only_the_image_with_somebody_in_it_is_asked_for_faces(spine):
    somebody = spine.put("need/somebody.jpg", LYING)
    uris = [somebody, *(spine.put(f"need/{number}.png") for number in range(5))]
    assert 0 == spine.command("setup", **SETTINGS).exit_code
    app = spine.app_with("need:")
    for uri in uris:
        app.send_task(INGEST, [uri], queue="ingest")
    app.close()
    services = connect(spine.settings.model_copy(update={"table_prefix": "need-"}))
    with spine.worker("need", QUEUES, CHECKOUT, **SETTINGS):
        spine.until(lambda: _complete(services, uris) == len(uris))
    rows = services.images.get_many(uris)
    services.graph.close()
    assert {uri: ["faces", "labels"] if uri == somebody else ["labels"] for uri in uris} == {
        uri: sorted(row.parts) for uri, row in rows.items()
    }
    asked = Counter(call["operation"] for call in spine.calls("need/"))
    assert Counter({"DetectLabels": 6, "DetectFaces": 1}) == asked
    assert "faces" == json.loads(spine.command("show", uris[1], "--json", **SETTINGS).stdout)["not_asked_for"]
