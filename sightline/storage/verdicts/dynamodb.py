"""The store of verdicts in DynamoDB."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

from typing_extensions import override

from sightline.models.images import CameraDay
from sightline.storage.dirty_days import Purpose, dirty_item
from sightline.storage.dynamodb.conditions import any_of, at_most, equals, missing
from sightline.storage.dynamodb.items import instant
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.dynamodb.transactions import Put, put_together
from sightline.storage.verdicts.encoding import (
    BY_DAY,
    decode_asked,
    decode_verdict,
    encode_asked,
    encode_verdict,
    is_verdict,
    verdicts_table,
)
from sightline.storage.verdicts.keys import asked_key, says_the_same
from sightline.storage.verdicts.protocol import Asked, KeptVerdict, VerdictStore

if TYPE_CHECKING:  # boto3-stubs are a tool of development
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoVerdictStore(VerdictStore):
    """The table `<prefix>verdicts`, and of `<prefix>operations` the marks."""

    def __init__(self, client: "DynamoDBClient", prefix: str) -> None:
        self._client = client
        self._schema = verdicts_table(prefix)
        self._table = DynamoTable(client, self._schema)
        self._marks = f"{prefix}operations"

    @override
    def setup(self) -> None:
        self._table.ensure()

    @override
    def check(self) -> None:
        self._table.check()

    @override
    def ask(self, asked: Iterable[Asked]) -> None:
        self._table.put_many(encode_asked(each) for each in asked)

    @override
    def asked(self, image_id: str, label: str) -> Asked | None:
        item = self._table.get({"image_id": image_id, "label_reviewer": asked_key(label)})
        return decode_asked(item) if item else None

    @override
    def write(self, kept: KeptVerdict) -> bool:
        # If the network sends it twice, it changes nothing the second time.
        item = encode_verdict(kept)
        standing = self._table.get({name: item[name] for name in self._schema.key.attributes})
        if standing and says_the_same(decode_verdict(standing).verdict, kept.verdict):
            return False
        is_later = any_of(missing("at"), at_most("at", instant(kept.verdict.at)))
        mark = dirty_item(kept.camera_day, Purpose.ROLLUPS, uuid4().hex)
        return put_together(self._client, [Put(self._schema.name, item, is_later), Put(self._marks, mark)])

    @override
    def of_image(self, image_id: str) -> list[KeptVerdict]:
        return [decode_verdict(item) for item in self._table.query(equals("image_id", image_id)) if is_verdict(item)]

    @override
    def of_day(self, camera_day: CameraDay) -> Iterator[KeptVerdict]:
        yield from map(decode_verdict, self._table.query(equals("camera_day", str(camera_day)), index=BY_DAY.name))

    @override
    def scan(self) -> Iterator[KeptVerdict]:
        yield from (decode_verdict(item) for item in self._table.scan() if is_verdict(item))
