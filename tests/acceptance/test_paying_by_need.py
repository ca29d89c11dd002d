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


NEAR = {"near": {"seconds": 60, "bits": 8}, "control_percent": 1e-9}
OF_NEAR = {
    "SIGHTLINE_NEED": json.dumps(NEAR),
    "SIGHTLINE_TABLE_PREFIX": "near-",
    "SIGHTLINE_KEY_PREFIX": "near:",
}


def test_of_a_burst_that_looks_alike_one_image_is_paid_for(spine):
    uris = [spine.put(f"near/MDAlarm_20261102-1100{number:02}.png") for number in range(12)]
    assert 0 == spine.command("setup", **OF_NEAR).exit_code
    app, services = spine.app_with("near:"), connect(spine.settings.model_copy(update={"table_prefix": "near-"}))
    with spine.worker("near", QUEUES, CHECKOUT, **OF_NEAR):
        for first, until in ((0, 1), (1, 12)):
            for uri in uris[first:until] * 2:
                app.send_task(INGEST, [uri], queue="ingest")
            spine.until(lambda until=until: _complete(services, uris[:until]) == until)
    app.close()
    rows = services.images.get_many(uris)
    services.graph.close()
    assert [None, *[uris[0]] * 11] == [rows[uri].shown_with and rows[uri].shown_with.image_id for uri in uris]
    assert Counter({"DetectLabels": 1, "DetectFaces": 1}) == Counter(call["operation"] for call in spine.calls("near/"))
    shown = json.loads(spine.command("show", uris[1], "--json", **OF_NEAR).stdout)["stand_in"]
    assert (uris[0], ["faces", "labels"]) == (shown["image_id"], [*shown["seen_there"]])
