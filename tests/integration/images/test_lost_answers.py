"""What the real store does where the answer to a write is lost, and the client's own retry sends it again."""

import pytest

from sightline.errors import AccessDenied
from sightline.models.images import Lane, State
from sightline.storage.images.dynamodb import DynamoImageStore
from tests.integration.images.stories import BAD, Story
from tests.integration.twice import Twice


@pytest.fixture
def images(dynamodb_client, real_table, clock):
    return DynamoImageStore(Twice(dynamodb_client), real_table, clock)  # type: ignore[arg-type]


@pytest.fixture
def once(real_images, camera, clock):
    return Story(real_images, camera, clock)


def test_a_begin_sent_twice_is_refused_yet_done_once(images, once, new_id):
    seen = once.received(new_id())
    begun = (once.capture(), {"labels": "L1"}, seen.lane)
    row = once.begun(new_id())
    assert images.begin(seen, row.content, *begun) is None
    again = images.get(seen.image_id)
    assert (again.state, again.version) == (State.ANALYSING, 1)
    assert again == images.begin(again, row.content, *begun)


def test_images_that_are_added_twice_by_the_client_are_there_once_and_count_as_known(images, new_id):
    ids = [new_id() for _ in range(3)]
    assert dict.fromkeys(ids, False) == dict(images.add_many(ids, Lane.LIVE))
    assert {(State.RECEIVED, 0)} == {(row.state, row.version) for row in images.get_many(ids).values()}


def test_a_part_and_a_merge_sent_twice_are_done_once(images, once, new_id):
    row = once.settled(new_id())
    assert row == images.write_result(row.image_id, "labels", row.parts["labels"])
    row = once.analysed(new_id())
    merged = images.mark_merged(row.image_id, row.version)
    assert (State.COMPLETE, row.version) == (merged.state, merged.merged_version)


def test_notes_of_many_sent_twice_are_done_once(images, once, new_id):
    rows = [once.analysed(new_id()) for _ in range(3)]
    assert {} == images.mark_many_merged({row.image_id: row.version for row in rows})
    found = images.get_many(row.image_id for row in rows).values()
    assert [(State.COMPLETE, 2, 2)] * 3 == [(row.state, row.version, row.merged_version) for row in found]


def test_an_analysis_and_an_end_sent_twice_count_once(images, once, new_id):
    row = once.settled(new_id())
    assert images.mark_analysed(row) is None
    analysed = images.get(row.image_id)
    assert (analysed.state, analysed.version) == (State.ANALYSED, 2)
    assert images.end(analysed, State.GONE, BAD) is None
    gone = images.get(row.image_id)
    assert (gone.state, gone.version) == (State.GONE, 3)
    assert gone == images.end(gone, State.GONE, BAD)


class RefusesTheSecond:
    """A client of which the second statement of a batch meets an error, once."""

    def __init__(self, client):
        self._client = client
        self._refuses = True

    def __getattr__(self, name):
        return getattr(self._client, name)

    def batch_execute_statement(self, Statements):  # noqa: N803 - boto3's spelling
        if not self._refuses:
            return self._client.batch_execute_statement(Statements=Statements)
        self._refuses = False
        first, *rest = self._client.batch_execute_statement(Statements=[Statements[0], *Statements[2:]])["Responses"]
        return {"Responses": [first, {"Error": {"Code": "AccessDenied", "Message": "no"}}, *rest]}


def test_images_beside_one_that_met_an_error_are_written_and_known_when_all_are_added_again(
    dynamodb_client, real_table, clock, new_id
):
    images = DynamoImageStore(RefusesTheSecond(dynamodb_client), real_table, clock)  # type: ignore[arg-type]
    ids = [new_id() for _ in range(3)]
    with pytest.raises(AccessDenied):
        list(images.add_many(ids, Lane.LIVE))
    assert [False, True, False] == [is_new for _, is_new in images.add_many(ids, Lane.LIVE)]
