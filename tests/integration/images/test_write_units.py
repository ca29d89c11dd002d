"""How many write units one image costs, and how those of one camera's day spread: a partition takes 1,000 a second.

DynamoDB Local throttles nothing, so the units of each partition are computed from those that it counts.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from sightline.models.images import Capture, Content, FeatureResult, Lane, ResultStatus
from sightline.storage.dynamodb.schema import ensure
from sightline.storage.images.dynamodb import DynamoImageStore
from sightline.storage.images.encoding import BY_DAY, BY_DAY_SHARDED, images_table
from sightline.storage.images.keys import DEFAULT_SHARDS, shard_of
from tests.integration.images.units import counted

OLD_DAYS, DAYS = f"images.{BY_DAY.name}", f"images.{BY_DAY_SHARDED.name}"
IMAGES_A_SECOND = 500
"""Ten times AWS's default quota of one operation."""
OF_A_PARTITION = 1_000
"""Write units a second that a partition takes."""

LABELS = ["Person", "Human", "Yard", "Outdoors", "Nature", "Car", "Vehicle", "Transportation", "Tree", "Plant", "Dog"]
FINDINGS = {
    "labels": tuple((name, 90.1234 - place) for place, name in enumerate(LABELS)),
    "faces": (("Face", 99.1234),),
    "text": (("GARAGE", 98.5), ("2026-11-02", 97.5)),
}
PARTS = {
    feature: FeatureResult(feature[0] * 64, ResultStatus.ANSWERED, finding, 30.0, "3.0")
    for feature, finding in FINDINGS.items()
}
WANTED = {feature: part.analysis_id for feature, part in PARTS.items()}


def units_of_an_image(client, images, camera, clock) -> Counter[str]:
    """Bring an image with three answers from its message to the graph; return the units that its writes took."""
    image_id = f"s3://frames-of-the-yard/{camera}/2026-11-02/Hour-11/snap/MDAlarm_20261102-110000.jpg"
    images.get(image_id)
    assert images.shards
    content = Content("d" * 64, "e" * 32, 123_456, 1920, 1080, "v" * 32, clock.now)
    with counted(client) as units:
        images.add(image_id, Lane.LIVE)
        clock.move(timedelta(seconds=1))
        row = images.begin(images.get(image_id), content, Capture(camera, clock.now, "key"), WANTED, Lane.LIVE)
        for feature, part in PARTS.items():
            row = images.write_result(image_id, feature, part)
        clock.move(timedelta(seconds=1))
        row = images.mark_analysed(row)
        images.mark_merged(image_id, row.version)
    return units.written


def test_one_cameras_day_takes_five_hundred_images_a_second(dynamodb_client, real_images, table_prefix, camera, clock):
    schema = images_table(table_prefix)
    ensure(dynamodb_client, replace(schema, indexes=schema.indexes[:-1]))
    of_the_old = DynamoImageStore(dynamodb_client, table_prefix, clock)
    before = units_of_an_image(dynamodb_client, of_the_old, camera, clock)
    after = units_of_an_image(dynamodb_client, real_images, camera, clock)
    assert 0 == after[OLD_DAYS]
    assert after[DAYS] < before[OLD_DAYS]
    assert before - Counter({OLD_DAYS: before[OLD_DAYS]}) == after - Counter({DAYS: after[DAYS]})
    ids = [f"s3://frames/{camera}/2026-11-02/Hour-11/snap/MDAlarm_{n:06}.jpg" for n in range(10 * IMAGES_A_SECOND)]
    by_second = [ids[first : first + IMAGES_A_SECOND] for first in range(0, len(ids), IMAGES_A_SECOND)]
    fullest = max(
        count * after[DAYS]
        for second in by_second
        for count in Counter(shard_of(image_id, DEFAULT_SHARDS.day) for image_id in second).values()
    )
    assert fullest <= 0.75 * OF_A_PARTITION
    assert IMAGES_A_SECOND * before[OLD_DAYS] > OF_A_PARTITION
