"""An object that is uploaded again around its call: no answer of other bytes stays, and no more is paid than must."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sightline.errors import ImageChanged, ImageMissing, InvalidParameter, OutcomeUnknown, Unavailable
from sightline.models.answers import Answer
from sightline.models.images import Lane, State
from sightline.queues.steps import ingest_step
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


def test_a_version_that_is_there_and_that_rekognition_does_not_see_yet_is_asked_about_again(versioned):
    with pytest.raises(Unavailable):
        versioned.do(versioned.sent.popleft())
    assert 3 == len(versioned.detector.asked)


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
    assert cost_section(front.operations, front.clock())["month_usd"] == {"labels": 0.002}
    assert ledger_section(front.ledger.scan())["labels"]["usd"] == 0.002


def test_a_call_that_ended_unknown_is_a_range(front):
    front.detector.script.append(OutcomeUnknown(URI))
    front.run()
    front.services.calls.flush()
    cost = cost_section(front.operations, front.clock())
    assert (cost["month_usd"], cost["month_usd_at_most"]) == ({"labels": 0.001}, {"labels": 0.002})
    ledger = ledger_section(front.ledger.scan())["labels"]
    assert (ledger["usd"], ledger["usd_at_most"]) == (0.001, 0.002)


def test_a_refusal_for_other_bytes_costs_nothing(front):
    def meanwhile() -> Answer:
        upload(front, 2)
        raise InvalidParameter(URI)

    front.detector.script.append(meanwhile)
    with pytest.raises(ImageChanged):
        front.do(front.sent.popleft())
    front.services.calls.flush()
    assert cost_section(front.operations, front.clock())["month_usd"] == {}
