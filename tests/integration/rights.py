"""The rights that requests take, noted as they are sent, and those that a policy of deploy/iam gives."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

POLICIES = Path(__file__).parents[2] / "deploy" / "iam"
TABLES = "arn:aws:dynamodb:REGION:ACCOUNT:table/sightline-"
OBJECTS = "arn:aws:s3:::"

Right = tuple[str, str]
"""An action, and what it is done to: `table`, `table/index/name`, a bucket or a part of one."""

_CHECKED = "sightline/checkpoints/check-"
_S3_ACTIONS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "DeleteObject": "DeleteObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
}


class Rights:
    """Notes of each request to DynamoDB which rights it takes."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.used: set[tuple[str, str]] = set()
        self._client, self._prefix = client, prefix
        client.meta.events.register("provide-client-params.dynamodb", self._note)

    def stop(self) -> None:
        self._client.meta.events.unregister("provide-client-params.dynamodb", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.used.update((f"dynamodb:{action}", self._place(asked)) for action, asked in _results(params, model.name))

    def _place(self, asked: dict[str, Any]) -> str:
        table = asked["TableName"].removeprefix(self._prefix)
        return f"{table}/index/{asked['IndexName']}" if "IndexName" in asked else table


def _results(params: dict[str, Any], operation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Part a request into what IAM asks for: a transaction takes the right of each item in it."""
    if operation == "TransactWriteItems":
        yield from ((f"{kind}Item", each) for item in params["TransactItems"] for kind, each in item.items())
    elif "RequestItems" in params:
        yield from ((operation, {"TableName": table}) for table in params["RequestItems"])
    else:
        yield operation, params


class BucketRights:
    """Notes of each request to S3 which right it takes. names: bucket → what the policies call it."""

    def __init__(self, client: Any, names: Mapping[str, str]) -> None:
        self.used: set[Right] = set()
        self._client, self._names = client, names
        client.meta.events.register("provide-client-params.s3", self._note)

    def stop(self) -> None:
        self._client.meta.events.unregister("provide-client-params.s3", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.used.add((f"s3:{_S3_ACTIONS[model.name]}", self._place(model.name, params)))

    def _place(self, operation: str, params: dict[str, Any]) -> str:
        bucket, key = self._names[params["Bucket"]], params.get("Key")
        if key is None:
            return bucket
        if operation == "DeleteObject" and key.startswith(_CHECKED):
            return f"{bucket}/{_CHECKED}*"
        return f"{bucket}/sightline/*" if key.startswith("sightline/") else f"{bucket}/*"


def granted(policy: str, service: str) -> set[Right]:
    """Return what a policy gives of a service, action by action and resource by resource."""
    return {
        (action, resource.removeprefix(TABLES).removeprefix(OBJECTS))
        for each in json.loads((POLICIES / f"{policy}.json").read_text())["Statement"]
        for action in each["Action"]
        for resource in each["Resource"]
        if action.startswith(f"{service}:")
    }
