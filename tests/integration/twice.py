"""A client whose requests reach the server twice: what botocore does when the first answer is lost."""

from contextlib import suppress
from typing import Any


class Twice:
    """Sends each write two times, and gives the second answer."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_execute_statement(self, **request: Any) -> Any:
        self._client.batch_execute_statement(**request)
        return self._client.batch_execute_statement(**request)

    def update_item(self, **request: Any) -> Any:
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(**request)
        return self._client.update_item(**request)
