"""The AWS rights that we tell people to give: what the code calls, and not more."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from dev.s3_events import Happened, record
from sightline.models.images import ImageRow, Lane, State
from sightline.rekognition.comparing import OPERATION
from sightline.rekognition.features import all_features
from sightline.rekognition.video_jobs import all_job_kinds
from sightline.services.s3_events import read_message
from sightline.storage.dynamodb.items import to_item
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import encode_row
from sightline.storage.images.keys import NEW_TABLE
from sightline.storage.images.table_layout import ITEM_ID
from tests.unit.rekognition.recorded import service_model

DEPLOY = Path(__file__).parents[3] / "deploy"
POLICIES = sorted((DEPLOY / "iam").glob("*.json"))


def statements(name):
    file = next(path for path in POLICIES if path.stem == name)
    return json.loads(file.read_text())["Statement"]


def actions(name, service):
    return {action for each in statements(name) for action in each["Action"] if action.startswith(service)}


@pytest.mark.parametrize("policy", [path.stem for path in POLICIES])
def test_each_action_is_named_and_only_rekognition_has_no_resource(policy):
    for each in statements(policy):
        assert [] == [action for action in each["Action"] if "*" in action]
        assert ("*" in each["Resource"]) == (each["Sid"] == "AskRekognition")
        assert "Condition" in each or "*" not in each["Resource"]


def test_workers_may_ask_for_every_declared_feature_and_for_nothing_else():
    assert {f"rekognition:{each.operation}" for each in all_features().values()} == actions("workers", "rekognition")


def test_workers_may_start_every_declared_job_on_videos_and_read_its_results_and_nothing_else():
    asked = {f"rekognition:{name}" for each in all_job_kinds().values() for name in (each.start, each.get)}
    assert asked == actions("video-jobs", "rekognition")


@pytest.mark.parametrize("policy", [path.stem for path in POLICIES])
def test_each_statement_is_for_one_table_or_one_place_in_a_bucket(policy):
    of_aws = [each for each in statements(policy) if each["Sid"] != "AskRekognition"]
    assert [1] * len(of_aws) == [len(each["Resource"]) for each in of_aws]
    named = [each["Resource"][0].removesuffix("/stream/*") for each in of_aws]  # AWS calls a stream by its time
    assert [] == [each for each in named if "dynamodb" in each and "*" in each]


def test_comparing_faces_takes_one_right_more_and_nothing_else():
    assert {f"rekognition:{OPERATION}"} == actions("comparing", "")


@pytest.mark.parametrize("policy", ["console", "listener", "producers", "quarantine", "reviewers", "setup"])
def test_nobody_else_may_pay(policy):
    assert set() == actions(policy, "rekognition")


@pytest.mark.parametrize("policy", [path.stem for path in POLICIES])
def test_nobody_may_delete_an_image_or_its_row_but_who_moves_pictures_of_a_training_set(policy):
    deleting = [each for each in statements(policy) if any("Delete" in action for action in each["Action"])]
    allowed = {"ForgetMarks", "TryConditions", "RemoveFrames", "KeepUsers", "TakeEvents", "MoveOutOfSet", "KeepAside"}
    allowed |= {"ForgetKnownFaces"}
    assert allowed >= {each["Sid"] for each in deleting}


def test_who_moves_pictures_of_a_training_set_may_not_remove_a_version():
    assert set() == {each for each in actions("quarantine", "s3") if "Version" in each}


def test_workers_may_complete_images_together():
    (completes,) = [each for each in statements("workers") if "dynamodb:PartiQLUpdate" in each["Action"]]
    assert ["arn:aws:dynamodb:REGION:ACCOUNT:table/sightline-images"] == completes["Resource"]


class HoldsOneThatEnded:
    """A table of images in which there is one row, rejected; it notes what is asked of it."""

    class exceptions:  # noqa: N801 - boto3's spelling
        ConditionalCheckFailedException = ClientError

    def __init__(self, row):
        self.asked = set()
        self._item = to_item(encode_row(row, NEW_TABLE))

    def batch_execute_statement(self, Statements):  # noqa: N803 - boto3's spelling
        self.asked.add("dynamodb:PartiQLInsert")
        return {"Responses": [{"Error": {"Code": "DuplicateItem"}}, *({} for _ in Statements[1:])]}

    def put_item(self, **_):
        self.asked.add("dynamodb:PutItem")
        raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}, "Item": self._item}, "PutItem")  # type: ignore[typeddict-unknown-key]

    def update_item(self, Key, **_):  # noqa: N803 - boto3's spelling
        self.asked.add("dynamodb:UpdateItem")
        if Key == {"image_id": {"S": ITEM_ID}}:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "UpdateItem")
        return {"Attributes": self._item}


def test_a_producer_may_add_an_image_again_that_had_ended():
    uri, now = "s3://frames/yard/1.jpg", datetime(2044, 5, 17, tzinfo=UTC)
    client = HoldsOneThatEnded(ImageRow(uri, Lane.LIVE, State.REJECTED, received_at=now))
    store = DynamoImageStore(client, "sightline-", lambda: now)  # type: ignore[arg-type]
    assert [False, True] == [is_new for _, is_new in store.add_many([uri, f"{uri}?"], Lane.LIVE)]
    images = [each for each in statements("producers") if "table/sightline-images" in "".join(each["Resource"])]
    assert client.asked == {action for each in images for action in each["Action"]}


def events_file(name):
    return json.loads((DEPLOY / "events" / name).read_text())


def test_the_queue_of_events_takes_messages_from_the_bucket_alone_and_keeps_what_fails_apart():
    attributes = events_file("queue.json")
    [statement] = json.loads(attributes["Policy"])["Statement"]
    assert ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage") == (statement["Principal"], statement["Action"])
    conditions = {name: value for each in statement["Condition"].values() for name, value in each.items()}
    assert {"aws:SourceArn": "arn:aws:s3:::IMAGES_BUCKET", "aws:SourceAccount": "ACCOUNT"} == conditions
    assert "5" == json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    assert_takes("sqs", "CreateQueue", {"QueueName": "images", "Attributes": attributes})


def test_the_bucket_tells_of_what_the_listener_reads_and_of_nothing_else():
    notification = events_file("notification.json")
    assert_takes("s3", "PutBucketNotificationConfiguration", {"Bucket": "b", "NotificationConfiguration": notification})
    [configuration] = notification["QueueConfigurations"]
    names = [each.removeprefix("s3:").replace("*", "Any") for each in configuration["Events"]]
    at = datetime(2026, 11, 27, tzinfo=UTC)
    told = {"Records": [record(Happened("images", "yard/a.jpg", name, at=at)) for name in names]}
    message = read_message(json.dumps(told), "")
    assert (len(names), (), ()) == (len(message.events), message.others, message.refused)


def assert_takes(service, operation, request):
    """Require what botocore lets through."""
    shape: Any = service_model(service).operation_model(operation).input_shape
    assert "" == ParamValidator().validate(request, shape).generate_report()
