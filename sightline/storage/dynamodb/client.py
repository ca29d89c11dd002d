"""The client of the stores: botocore's, without the work that it would do a second time.

- It checks no parameters: `Change`, `Placeholders` and `to_item` have built them, and DynamoDB checks them anyway.
- It leaves attribute values as they are. `items.py` writes and reads their low-level form, so the model says that a
  value is a document, and that an item in an answer is one: botocore then does not walk through it to copy it. Only
  bytes would need that: none are kept.

Both are options of botocore: `Config`, and extras beside its models (`models/`, in the folders of `botocore.loaders`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient

MODELS = Path(__file__).parent / "models"

UNCHECKED = Config(parameter_validation=False)


def session_of_stores() -> botocore.session.Session:
    """Return a session whose clients for DynamoDB leave attribute values as they are."""
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    return session


def client_of_stores(session: boto3.Session, endpoint: str | None, config: Config) -> "DynamoDBClient":
    """Build the client in a session over `session_of_stores`."""
    client = session.client("dynamodb", endpoint_url=endpoint, config=config.merge(UNCHECKED))
    # Loaded now, once: two threads that load them at the same time get classes of their own, and catch neither's errors
    _ = client.exceptions
    return client
