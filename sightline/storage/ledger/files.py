"""Answers too large for a row of DynamoDB, as JSON objects in a bucket of our own."""

import hashlib
import json

from sightline.errors import ConfigurationError, RejectedError
from sightline.models.answers import Json
from sightline.storage.buckets.protocol import Buckets, ObjectUri

FOLDER = "sightline/answers"


class AnswerFiles:
    """Large answers in `bucket`, each under a key that names its own content: nothing is ever written over.

    Two claimants who answer the same analysis therefore never disturb each other's object; the row says which counts.
    """

    def __init__(self, buckets: Buckets, bucket: str) -> None:
        self._buckets = buckets
        self._bucket = bucket

    def write(self, analysis_id: str, plain: Json) -> str:
        """Keep an answer and give its URI. Written twice, it is the same object."""
        text = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
        key = f"{FOLDER}/{analysis_id}/{hashlib.sha256(text).hexdigest()}.json"
        uri = ObjectUri(self._bucket, key)
        self._buckets.put(uri, text)
        return str(uri)

    def read(self, uri: str) -> Json:
        """Read an answer. A lost one is no fault of an image: it raises ConfigurationError, not a RejectedError."""
        try:
            _, text = self._buckets.get(ObjectUri.parse(uri))
        except RejectedError as error:
            raise ConfigurationError(
                uri,
                rule=f"the ledger's answer must be where its row says ({error.rule})",
                remedy="Restore the object, or pay for the analysis again with a new generation",
            ) from error
        return json.loads(text)
