"""Is a server ready? Each check uses the server's own protocol: an open port is not an answer."""

import http.client
from collections.abc import Mapping
from typing import LiteralString

import neo4j
import neo4j.exceptions
import redis

SECONDS = 10.0
"""How long one check may take: a server that is starting on a busy machine answers late."""

FIRST_PASSWORD = "neo4j"  # noqa: S105 - a new Neo4j accepts it once, to have it changed
NEEDS_SIGNATURE = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20200101/us-east-1/dynamodb/aws4_request,"
    " SignedHeaders=host, Signature=local",
}
"""DynamoDB Local requires a well-formed signature and does not verify it."""


def redis_answers(port: int, user: str, password: str) -> bool:
    """Return whether it answers PING, and not with "loading"."""
    try:
        with redis.Redis(
            port=port, username=user, password=password, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def http_answers(port: int, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> bool:
    """Return whether 127.0.0.1 answers a request with status 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body="{}" if method == "POST" else None, headers=dict(headers or {}))
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def dynamodb_answers(port: int) -> bool:
    """Return whether it answers ListTables."""
    return http_answers(port, "/", "POST", NEEDS_SIGNATURE)


def sqs_answers(port: int) -> bool:
    """Return whether it answers ListQueues."""
    return http_answers(port, "/?Action=ListQueues")


def neo4j_answers(uri: str, password: str) -> bool:
    """Return whether it runs a query. A new server gets its password first."""
    try:
        return _query(uri, password, "RETURN 1", "neo4j")
    except neo4j.exceptions.AuthError:
        return _set_first_password(uri, password) and _query(uri, password, "RETURN 1", "neo4j")


def _set_first_password(uri: str, password: str) -> bool:
    change: LiteralString = "ALTER CURRENT USER SET PASSWORD FROM $first TO $new"
    return _query(uri, FIRST_PASSWORD, change, "system", {"first": FIRST_PASSWORD, "new": password})


def _query(
    uri: str, password: str, query: LiteralString, database: str, parameters: Mapping[str, str] | None = None
) -> bool:
    try:
        with neo4j.GraphDatabase.driver(
            uri,
            auth=("neo4j", password),
            connection_timeout=SECONDS,
            max_transaction_retry_time=0,
            notifications_min_severity="OFF",
        ) as driver:
            driver.execute_query(query, dict(parameters or {}), database_=database)
    except (neo4j.exceptions.ServiceUnavailable, neo4j.exceptions.TransientError, OSError):
        return False
    return True
