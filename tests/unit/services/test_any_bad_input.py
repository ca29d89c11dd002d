"""Whatever comes in, it ends: a typed dead letter, a clean refusal, or a complete image; and good ones go on."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from sightline import errors
from sightline.errors import BadMessage, InvalidUri, RejectedError, SightlineError
from sightline.models.images import Lane, State
from sightline.services.collaborators import provide
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import BUCKET, FakeSightline, picture
from tasks.retry import StepTask
from tests.examples import examples

ENDED = {State.COMPLETE, State.REJECTED, State.GONE}
SOUND = {"JPEG": picture(1, form="JPEG"), "PNG": picture(2, form="PNG")}
TYPES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, SightlineError)}


@st.composite
def mutated(draw):
    """Draw a picture that was cut, torn, or written over, or bytes that never were one."""
    data = bytearray(SOUND[draw(st.sampled_from(sorted(SOUND)))])
    way = draw(st.sampled_from(["cut", "written over", "torn", "noise", "tail"]))
    at = draw(st.integers(0, len(data)))
    if way == "cut":
        return bytes(data[:at])
    if way == "torn":
        return bytes(data[:at] + data[at + draw(st.integers(1, 64)) :])
    if way == "noise":
        return draw(st.binary(max_size=300))
    if way == "tail":
        return bytes(data) + draw(st.binary(max_size=64))
    patch = draw(st.binary(min_size=1, max_size=16))
    data[at : at + len(patch)] = patch
    return bytes(data)


def ends(world, uri, data):
    """Upload and add one bad input with a good one beside it; give the row of the bad one."""
    good = f"s3://{BUCKET}/good/a.jpg"
    world.put(good, picture(9))
    world.put(uri, data)
    world.add(uri, good)
    world.run()
    assert State.COMPLETE is world.images.get(good).state
    assert set() == {dead_letter.error for dead_letter in world.operations.dead_letters.read()} - TYPES
    return world.images.get(uri)


@given(mutated())
@examples(180)
def test_a_mutated_picture_is_complete_or_refused_for_a_reason_and_never_paid_when_refused(data):
    world = FakeSightline(features=("labels",))
    row = ends(world, f"s3://{BUCKET}/bad/a.jpg", data)
    dead_letters = {dead_letter.image_id: dead_letter.error for dead_letter in world.operations.dead_letters.read()}
    assert row.state in {State.COMPLETE, State.REJECTED}
    if row.state is State.REJECTED:
        assert issubclass(getattr(errors, row.rejection.error), RejectedError)
        assert {row.image_id: row.rejection.error} == dead_letters
        assert 1 == len(world.detector.asked)
    else:
        assert {} == dead_letters


@given(st.text(max_size=300))
@examples(120)
def test_any_key_is_an_image_or_a_refusal(key):
    world = FakeSightline(features=("labels",))
    uri = f"s3://{BUCKET}/{key}"
    try:
        ObjectUri.parse(uri)
    except InvalidUri:
        assert [uri] == [error.subject for error in world.add(uri).refused]
        assert ["InvalidUri"] == [dead_letter.error for dead_letter in world.operations.dead_letters.read()]
        return
    row = ends(world, uri, picture(5))
    expected = State.COMPLETE if "/" in key and key[0] != "/" else State.REJECTED
    assert (expected, "" if expected is State.COMPLETE else "UnreadableKey") == (
        row.state,
        row.rejection.error if row.rejection else "",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def services():
    """Give this process the services that every step tells how it went."""
    provide(FakeSightline().services)


@Celery(set_as_current=False, broker="memory://").task(name="nothing", base=StepTask)
def nothing(uri: str, lane: str = "live") -> tuple[str, str]:
    """Do nothing with what `ingest_image` takes."""
    return uri, lane


@pytest.mark.usefixtures("services")
@given(st.lists(JSON, max_size=4), st.dictionaries(st.sampled_from(["uri", "lane", "more"]), JSON, max_size=3))
@examples(120)
def test_any_message_runs_or_is_refused_as_a_message(arguments, keywords):
    known = keywords.keys() - {"more"}  # one that a newer version sends: ignored
    fits = len(arguments) + len(known) <= len({"uri", "lane"})
    try:
        uri, lane = nothing(*arguments, **keywords)
    except BadMessage as error:
        refused = error
    else:
        assert fits
        assert (str, Lane(lane)) == (type(uri), lane)
        return
    assert refused.rule.startswith(BadMessage.rule)


UPLOADED = datetime(2044, 5, 17, 12, tzinfo=UTC)
EPOCHS = st.integers(-(10**14), 10**15).map(str) | st.floats(0, 1e16, allow_nan=False).map(str)
DATES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda at: at.isoformat())  # noqa: DTZ001 - a camera's clock


@given(EPOCHS | DATES | st.text(max_size=40))
@examples(120)
def test_whatever_a_camera_says_of_the_time_an_image_gets_one_between_1990_and_tomorrow(said):
    world = FakeSightline(features=("labels",))
    uri = f"s3://{BUCKET}/yard/front.jpg"
    world.buckets.put_with_metadata(ObjectUri.parse(uri), picture(4), {"capture-time": said})
    world.add(uri)
    world.run()
    taken_at = world.images.get(uri).capture.taken_at
    assert State.COMPLETE is world.images.get(uri).state
    assert datetime(1990, 1, 1, tzinfo=UTC) <= taken_at <= UPLOADED + timedelta(days=1)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("2336817600000", "metadata"),  # 2044-01-19 in milliseconds
        ("2336817600", "metadata"),
        ("2344-01-19T00:00:00Z", "last_modified"),
        ("1989-12-31T23:59:59Z", "last_modified"),
        ("315532800", "last_modified"),
    ],
)
def test_times_in_milliseconds_are_read_and_impossible_ones_passed_over(said, source):
    world = FakeSightline(features=("labels",))
    uri = f"s3://{BUCKET}/yard/front.jpg"
    world.buckets.put_with_metadata(ObjectUri.parse(uri), picture(4), {"capture-time": said})
    world.add(uri)
    world.run()
    assert source == world.images.get(uri).capture.source


def test_the_pictures_that_are_mutated_are_sound():
    assert set(SOUND) == {"JPEG", "PNG"}
    assert all(io.BytesIO(data).getbuffer().nbytes > 80 for data in SOUND.values())
