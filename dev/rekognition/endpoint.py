"""One call from its arrival to its answer: region, quota, faults, validation, analysis, and the log."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import uuid4

from dev.rekognition import constraints
from dev.rekognition.answers import Answers, name_of
from dev.rekognition.calls_log import Call, CallsLog, begin
from dev.rekognition.collections import Collections
from dev.rekognition.content import Content, sent_bytes
from dev.rekognition.faults import CUT, HANG, SLOW, Fault, FaultScript
from dev.rekognition.operations import IMAGES, OF_COLLECTIONS, OPERATIONS
from dev.rekognition.quotas import Quotas
from dev.rekognition.refusals import Refusal, cannot
from dev.rekognition.s3 import Objects
from dev.rekognition.sight import Sight
from dev.rekognition.videos.jobs import Jobs
from dev.rekognition.videos.kinds import BY_GET, BY_START
from sightline.models.answers import Json

_TARGET = "RekognitionService."
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/rekognition/aws4_request")
_THROTTLES = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException"})
_NO_FAULT = Fault("")


@dataclass(frozen=True, slots=True)
class Reply:
    """The response. `ending`: CUT or HANG if the fault script says so."""

    request_id: str
    status: HTTPStatus
    body: Json
    error: str | None = None
    ending: str = ""


@dataclass(slots=True)
class Endpoint:
    """The endpoint of one region. `latency_seconds` is the least time that an answer takes; `clock` stamps the log."""

    region: str
    objects: Objects
    sight: Sight
    answers: Answers
    collections: Collections
    quotas: Quotas
    faults: FaultScript
    log: CallsLog
    jobs: Jobs
    clock: Callable[[], datetime]
    latency_seconds: float = 0.0

    async def call(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, and log it before the caller gets the answer. `headers` have lower-case names."""
        started = time.monotonic()
        call = begin(str(uuid4()), headers.get("x-amz-target", "").removeprefix(_TARGET), self.clock)
        try:
            reply = await self._reply(call, headers, body)
        except Refusal as refusal:
            call.outcome, call.error = "throttled" if refusal.code in _THROTTLES else "refused", refusal.code
            reply = _refused(call, refusal)
        else:
            await asyncio.sleep(max(self.latency_seconds - (time.monotonic() - started), 0))
        call.seconds = round(time.monotonic() - started, 4)
        self.log.append(call)
        return reply

    async def _reply(self, call: Call, headers: Mapping[str, str], body: bytes) -> Reply:
        self._refuse_by_signature(headers.get("authorization", ""))
        if call.operation not in {*OPERATIONS, *OF_COLLECTIONS, *BY_START, *BY_GET}:
            raise cannot(call.operation or "a request without X-Amz-Target")
        self.quotas.admit(call.operation)
        fault = self.faults.take(call.operation) or _NO_FAULT
        if fault.answer == HANG:
            call.outcome = "hung"
            return Reply(call.request_id, HTTPStatus.OK, {}, ending=HANG)
        if fault.code:
            raise Refusal(fault.code)
        answer = await self._answer(call, _json(body))
        if fault.answer == SLOW:
            await asyncio.sleep(fault.seconds)
        if fault.answer == CUT:
            call.outcome = "cut"
        return Reply(call.request_id, HTTPStatus.OK, answer, ending=CUT if fault.answer == CUT else "")

    async def _answer(self, call: Call, request: Json) -> Json:
        constraints.check_request(call.operation, request)
        request = constraints.without_nulls(request)
        if call.operation in BY_START:
            call.bucket, call.key = _place_of_video(request["Video"])
            call.job = await self.jobs.start(call.operation, request)
            return {"JobId": call.job}
        if call.operation in BY_GET:
            call.job = request["JobId"]
            return self.jobs.get(call.operation, request)
        contents = [await self._content(call, request[name]) for name in IMAGES if name in request]
        call.content = "+".join(each.sha256 for each in contents) or None
        if known := OF_COLLECTIONS.get(call.operation):
            return await known(request, contents, self.sight, self.collections)

        async def look() -> Json:
            return await OPERATIONS[call.operation](request, *contents, self.sight)

        model = self.sight.detector.model_version
        return await self.answers.get(name_of(call.content or "", call.operation, request, model), look)

    async def _content(self, call: Call, image: Json) -> Content:
        if set(image) == {"Bytes"}:
            return sent_bytes(image["Bytes"])
        place = image.get("S3Object", {})
        if set(image) != {"S3Object"} or not {"Bucket", "Name"} <= set(place):
            raise Refusal("InvalidParameterException")
        call.bucket, call.key = place["Bucket"], place["Name"]
        return await asyncio.to_thread(self.objects.read, place)

    def _refuse_by_signature(self, authorization: str) -> None:
        """Check the region that the request is signed for. The signature is not verified: there are no keys."""
        scope = _SCOPE.search(authorization)
        if scope is None:
            raise Refusal("MissingAuthenticationTokenException")
        if scope[1] != self.region:
            message = f"Credential should be scoped to a valid region, not '{scope[1]}'."
            raise Refusal("InvalidSignatureException", message)


def _place_of_video(named: Json) -> tuple[str, str]:
    place = named.get("S3Object", {})
    if not {"Bucket", "Name"} <= set(place):
        raise Refusal("InvalidParameterException")
    return place["Bucket"], place["Name"]


def _refused(call: Call, refusal: Refusal) -> Reply:
    body = {"__type": refusal.code, "Code": refusal.code, "Logref": call.request_id, "Message": refusal.message}
    return Reply(call.request_id, refusal.status, body, error=refusal.code)


def _json(body: bytes) -> Json:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("SerializationException") from error


def _refuse_constant(name: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have and Python reads."""
    raise ValueError(name)
