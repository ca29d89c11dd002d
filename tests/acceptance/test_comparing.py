"""A comparison asked for over the API, and answered by a real worker that is killed in the middle of its call."""

import hashlib
import http.client
import json
import sys
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from dev.stack.processes import Process, inherited
from sightline.bootstrap import utc_now
from sightline.models.images import State
from sightline.models.people_policy import PeoplePolicy
from sightline.queues.publishing import publish
from sightline.rekognition.comparing import NAME, OPERATION
from sightline.storage.comparisons import DynamoComparisons
from sightline.storage.users.protocol import Role
from sightline.timing import CHECK_AFTER
from sightline.web.visitors import make_token
from tests.acceptance.faulty import LATER
from tests.acceptance.spine import LYING, TURNED, Spine

pytestmark = pytest.mark.acceptance

CAMERA = "compared"
POLICY = PeoplePolicy("who left the gate open", "consent", 30, (CAMERA,))
SETTINGS = {
    "SIGHTLINE_KEY_PREFIX": "comparing:",
    "SIGHTLINE_PEOPLE_POLICY": json.dumps(asdict(POLICY)),
    "SIGHTLINE_BUDGET": "compare 0.002 USD/day",
}


@dataclass
class Api:
    """The console of a stack, as a program of an operator reaches it."""

    port: int
    credential: str

    def call(self, method: str, path: str, **body: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"authorization": f"Bearer {self.credential}", "content-type": "application/json"}
        with closing(connection):
            connection.request(method, f"/api/v1/comparisons{path}", json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def is_up(self) -> bool:
        try:
            self.call("GET", f"/{'0' * 64}")
        except OSError:
            return False
        return True


@pytest.fixture
def api(spine):
    """Serve a console that knows the policy; its messages have a key prefix of their own."""
    spine.command("users", "add", "comparer", "--role", "operator")
    users = spine.services.users
    credential = make_token(users.user("comparer"), "a program", frozenset({Role.OPERATOR}), None, users, utc_now())
    port = spine.stack.layout.port("console of comparing")
    own = {"SIGHTLINE_WEB_PORT": str(port), "SIGHTLINE_WEB_ADDRESS": "127.0.0.1", "SIGHTLINE_WEB_PLAIN_HTTP": "false"}
    serve = [sys.executable, "-c", "from sightline.cli import main; main()", "serve"]
    log = spine.stack.layout.log("console of comparing")
    console = Process("console of comparing", serve, log, inherited() | spine.stack.env | SETTINGS | own)
    made = Api(port, credential)
    console.start()
    try:
        spine.until(made.is_up, log.read_text)
        yield made
    finally:
        console.stop()


@pytest.fixture
def forgotten(spine):
    """Leave nothing that `sightline check` tells of where there is no policy."""
    yield
    for data in (LYING, TURNED):
        spine.services.operations.comparisons.forget(hashlib.sha256(data).hexdigest())


def calls(spine: Spine) -> list[str]:
    """Return how each call to compare ended, by the endpoint's own log."""
    return [call["outcome"] for call in spine.calls("") if call["operation"] == OPERATION]


def pass_time(spine: Spine, name: str) -> None:
    """Let the dead worker's claim be free, as it is minutes later."""
    own = spine.services.operations.comparisons
    assert isinstance(own, DynamoComparisons)
    later = DynamoComparisons(own._table, lambda: utc_now() + LATER)
    later.release(later.claim(later.get(name).pair))


@pytest.mark.usefixtures("forgotten")
def test_a_comparison_whose_worker_is_killed_in_mid_call_ends_once_and_is_paid_once(spine, api):
    uris = [spine.put(f"{CAMERA}/MDAlarm_20261102-11000{n}.jpg", data) for n, data in enumerate((LYING, TURNED))]
    spine.add(uris)
    assert {State.COMPLETE} == {row.state for row in spine.wait(uris).values()}
    asked = dict(zip(("source", "target"), uris, strict=True))
    spine.refuse_next(OPERATION, "hang")

    with spine.worker("comparing", ["operations"], **SETTINGS) as worker:
        status, told = api.call("POST", "", **asked)
        assert (202, "waiting", None) == (status, told["state"], told["waits_for"])
        spine.until(lambda: ["hung"] == calls(spine))
        worker.kill()
    name = told["id"]
    assert "waiting" == api.call("GET", f"/{name}")[1]["state"]

    pass_time(spine, name)
    comparing = replace(
        spine.services.comparing, people_policy=POLICY, clock=lambda: utc_now() + 2 * CHECK_AFTER + timedelta(seconds=1)
    )
    with spine.worker("comparing", ["operations"], **SETTINGS), spine.app_with("comparing:") as app:
        app.set_current()
        steps = comparing.due()
        assert [(name,)] == [step.args for step in steps]
        publish([*steps, *steps])  # the second comes too late
        spine.until(lambda: "waiting" != api.call("GET", f"/{name}")[1]["state"])
        spine.until(lambda: not spine.queues("comparing:").get("operations"))

    told = api.call("GET", f"/{name}")[1]
    assert ("answered", None) == (told["state"], told["failure"])
    assert [99.25, 3.5, 0.0] == [face["similarity"] for face in told["faces"]]
    assert (202, "answered") == ((again := api.call("POST", "", **asked))[0], again[1]["state"])
    assert ["hung", "answered"] == calls(spine)
    kept = spine.services.operations.comparisons.get(name)
    assert (1000, 1) == (kept.cost_micro_usd, kept.unknown_attempts)
    assert [] == spine.services.operations.comparisons.requests()
    today = utc_now().date().isoformat()
    taken = spine.services.operations.budget_accounts.read(today[:7]).taken[today]
    assert 2000 == sum(amount for purse, amount in taken.items() if purse.feature == NAME)
