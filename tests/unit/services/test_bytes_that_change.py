"""An object that is uploaded again around its call: no answer of other bytes stays, and no more is paid than must."""

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from PIL import Image

from sightline.errors import BucketWaits, ImageChanged, ImageMissing, InvalidParameter, OutcomeUnknown
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
from sightline.services.held import DROPS
from sightline.services.status import cost_section, ledger_section
from sightline.storage.buckets.protocol import ObjectUri
from sightline.testing.fake import PERSON, FakeSightline, picture, uri_of

URI = uri_of("01")


@pytest.fixture
def front() -> FakeSightline:
    world = FakeSightline(features=("labels",))
    world.put(URI, picture(1))
    world.add(URI)
    world.do(world.sent.popleft())
    return world


class Versioned:
    """The world's buckets as if they kept versions: each upload is one."""

    def __init__(self, world: FakeSightline) -> None:
        self._buckets = world.buckets

    def head(self, uri):
        head = self._buckets.head(uri)
        return replace(head, version=head.last_modified.isoformat())

    def get(self, uri):
        return self.head(uri), self._buckets.get(uri)[1]


@pytest.fixture
def versioned() -> FakeSightline:
    world = FakeSightline(features=("labels",))
    world.services = replace(world.services, buckets=Versioned(world))  # type: ignore[arg-type]
    world.put(URI, picture(1))
    world.add(URI)
    world.do(world.sent.popleft())
    world.detector.script.extend([ImageMissing(URI)] * 3)
    return world


def entry(world: FakeSightline):
    return world.ledger.get(world.images.get(URI).wanted["labels"])


def upload(world: FakeSightline, *shades: int) -> None:
    """Upload pictures over one another, a second apart."""
    for shade in shades:
        world.clock.move(timedelta(seconds=1))
        world.put(URI, picture(shade))


def large_picture(seed: int) -> bytes:
    """Return a picture of more than 4 MB, like no other: noise does not compress."""
    noise = random.Random(seed).randbytes(1300 * 1300 * 3)  # noqa: S311 - a picture
    file = io.BytesIO()
    Image.frombytes("RGB", (1300, 1300), noise).save(file, "PNG")
    return file.getvalue()


def mend_change(world: FakeSightline) -> None:
    """Do what a step does that met ImageChanged, and all that follows."""
    world.send([ingest_step(URI, Lane.LIVE)])
    world.run()


def test_an_answer_is_dropped_where_other_bytes_came_and_went_during_the_call(front):
    of_others = Answer((), "saw the other picture")

    def meanwhile() -> Answer:
        upload(front, 2, 1)
        return of_others

    front.detector.script.append(meanwhile)
    with pytest.raises(ImageChanged):
        front.do(front.sent.popleft())
    assert not entry(front).is_settled
    mend_change(front)
    assert (State.COMPLETE, PERSON) == (front.images.get(URI).state, entry(front).answer)
    assert 2 == len(front.detector.asked)


def test_the_same_bytes_uploaded_again_before_the_call_cost_no_further_call(front):
    upload(front, 1)
    front.add(URI)
    front.sent.rotate(1)  # the upload is looked at before the call that was due already
    front.run()
    assert (1, State.COMPLETE) == (len(front.detector.asked), front.images.get(URI).state)
    upload(front, 1)
    front.add(URI)
    front.run()
    assert (1, State.COMPLETE) == (len(front.detector.asked), front.images.get(URI).state)


def test_the_same_bytes_uploaded_well_before_the_call_need_not_be_looked_at_first(front):
    upload(front, 1)
    front.clock.move(timedelta(minutes=2))
    front.run()
    assert (1, State.COMPLETE) == (len(front.detector.asked), front.images.get(URI).state)


def test_the_same_bytes_uploaded_just_before_the_call_end_complete_however_often(front):
    for _ in range(3):
        upload(front, 1)
        with pytest.raises(ImageChanged):
            front.do(front.sent.popleft())
        front.do(ingest_step(URI, Lane.LIVE))
    front.run()
    assert (4, State.COMPLETE) == (len(front.detector.asked), front.images.get(URI).state)


@pytest.mark.parametrize("shade", [2, 1], ids=["other bytes", "the same bytes"])
def test_an_image_whose_version_was_deleted_goes_on_with_the_newest(versioned, shade):
    upload(versioned, shade)
    with pytest.raises(ImageChanged):
        versioned.do(versioned.sent.popleft())
    versioned.detector.script.clear()
    mend_change(versioned)
    row = versioned.images.get(URI)
    assert (State.COMPLETE, row.content.last_modified.isoformat()) == (row.state, row.content.version)
    assert 2 == len(versioned.detector.asked)


def test_an_image_whose_only_version_was_deleted_is_gone(versioned):
    versioned.buckets.delete(ObjectUri.parse(URI))
    with pytest.raises(ImageChanged):
        versioned.do(versioned.sent.popleft())
    mend_change(versioned)
    assert State.GONE is versioned.images.get(URI).state


def test_a_version_that_is_there_and_that_rekognition_does_not_see_yet_is_asked_about_once_a_minute(versioned):
    step, asked = versioned.sent.popleft(), []
    for _ in range(3):
        for _ in range(5):
            with pytest.raises(BucketWaits):
                versioned.do(step)
        asked.append(len(versioned.detector.asked))
        versioned.clock.move(timedelta(minutes=1))
    versioned.do(step)
    assert [1, 2, 3] == asked
    assert 4 == len(versioned.detector.asked)


def test_an_answer_that_is_dropped_is_priced_in_status_and_ledger(front):
    def meanwhile() -> Answer:
        upload(front, 2)
        return PERSON

    front.detector.script.append(meanwhile)
    with pytest.raises(ImageChanged):
        front.do(front.sent.popleft())
    mend_change(front)
    front.services.calls.flush()
    assert len(front.detector.asked) == 2
    assert cost_section(front.operations, front.services.prices, front.clock())["month_usd"] == {"labels": 0.002}
    assert ledger_section(front.ledger.scan(), front.services.prices)["labels"]["usd"] == 0.002


def test_a_call_that_ended_unknown_is_a_range(front):
    front.detector.script.append(OutcomeUnknown(URI))
    front.run()
    front.services.calls.flush()
    cost = cost_section(front.operations, front.services.prices, front.clock())
    assert (cost["month_usd"], cost["month_usd_at_most"]) == ({"labels": 0.001}, {"labels": 0.002})
    ledger = ledger_section(front.ledger.scan(), front.services.prices)["labels"]
    assert (ledger["usd"], ledger["usd_at_most"]) == (0.001, 0.002)


def test_a_refusal_for_other_bytes_costs_nothing(front):
    def meanwhile() -> Answer:
        upload(front, 2)
        raise InvalidParameter(URI)

    front.detector.script.append(meanwhile)
    with pytest.raises(ImageChanged):
        front.do(front.sent.popleft())
    front.services.calls.flush()
    assert cost_section(front.operations, front.services.prices, front.clock())["month_usd"] == {}


def overwritten_during_each_call(world: FakeSightline, pictures: Iterator[bytes]) -> Callable[[], Answer]:
    """Return what a detector does whose image is overwritten meanwhile, each time again."""

    def meanwhile() -> Answer:
        world.clock.move(timedelta(seconds=1))
        world.put(URI, next(pictures))
        world.detector.script.append(meanwhile)
        return PERSON

    return meanwhile


def mend_until_complete(world: FakeSightline, most: int) -> int:
    """Do what the steps do, at most so often; return how many answers were dropped."""
    for dropped in range(most):
        try:
            world.run()
        except ImageChanged:
            world.sent.clear()
            world.send([ingest_step(URI, Lane.LIVE)])
        else:
            return dropped
    return most


def test_an_image_that_is_overwritten_during_each_call_is_asked_about_by_its_own_bytes_in_the_end(front):
    front.detector.script.append(overwritten_during_each_call(front, map(picture, count(2))))
    assert mend_until_complete(front, 10) == DROPS
    row = front.images.get(URI)
    *by_name, last = front.detector.asked
    assert by_name == [("labels", URI)] * DROPS
    assert last == ("labels", f"{len(picture(DROPS + 1))} bytes")
    assert (row.state, row.content.sha256) == (State.COMPLETE, sha256(picture(DROPS + 1)).hexdigest())
    assert entry(front).answer == PERSON


def test_bytes_of_which_a_newer_copy_is_kept_already_are_not_asked_about(front):
    for _ in range(DROPS):
        front.services.held.note_drop(URI)
    upload(front, 200)
    front.services.held.keep(front.images.get(URI), picture(200))  # ingest does so before it writes the row
    with pytest.raises(ImageChanged):
        front.do(replace(front.sent.popleft(), headers={}))  # a message of before: its row is read
    assert [] == front.detector.asked
    mend_change(front)
    assert State.COMPLETE is front.images.get(URI).state
    assert [("labels", f"{len(picture(200))} bytes")] == front.detector.asked


def test_a_copy_that_is_too_large_to_be_sent_is_asked_about_by_name(front):
    noise = (large_picture(seed) for seed in count())
    front.put(URI, next(noise))
    front.sent.clear()
    front.send([ingest_step(URI, Lane.LIVE)])
    front.detector.script.append(overwritten_during_each_call(front, noise))
    assert mend_until_complete(front, 10) == DROPS
    assert front.detector.asked[-1][1].startswith("s3://sightline/sightline/held/")
