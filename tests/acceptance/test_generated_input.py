"""500 generated inputs over real workers: mutated pictures, wild keys, times and messages.

Each ends with a reason, and good images among them go on.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest

from sightline import errors
from sightline.errors import RejectedError
from sightline.models.images import Lane, State
from sightline.testing.fake import picture
from tests.acceptance.spine import BUCKET, plain

pytestmark = pytest.mark.acceptance

PICTURES, TIMES, MESSAGES, GOOD = 160, 60, 280, 6
STRANGE = "aé/😀\\\"' \t\n%+?#&;:@=$,\u202e\u0301"


def mutated(chance):
    """Cut a picture, remove a piece of it, or overwrite part of it: few of these can still be read."""
    data = bytearray(picture(chance.randrange(1000), (200, 150), chance.choice(["JPEG", "PNG"])))
    at = chance.randrange(len(data) // 2)
    damage = chance.choice(["cut", "torn", "written over", "noise"])
    if damage == "cut":
        return bytes(data[:at])
    if damage == "torn":
        return bytes(data[:at] + data[at + chance.randrange(1, 200) :])
    if damage == "noise":
        return chance.randbytes(chance.randrange(400))
    data[at : at + 40] = chance.randbytes(40)
    return bytes(data)


def wild(chance):
    """Return arguments that no producer should send."""
    values: list[object] = [
        None,
        7,
        -1.5,
        True,
        "",
        "s3://",
        "http://a/b",
        [],
        {},
        {"uri": 1},
        "s3://b/" + "k" * 1100,
        "backfill",
    ]
    return [chance.choice(values) for _ in range(chance.randrange(1, 4))]


def timed(chance):
    """Return a key whose time may be invalid, in the future, before cameras existed, or in milliseconds."""
    time = f"{chance.randrange(10**8):08}-{chance.randrange(10**6):06}"
    return f"times/MDAlarm_{chance.choice([time, chance.randrange(10**13), f'{time}.{chance.randrange(1000)}'])}.jpg"


def refused(arguments):
    """Return the dead letter that a wild message must leave: its error and its subject. None names an image."""
    fits = all(isinstance(each, str) for each in arguments) and arguments[1:] in ([], ["backfill"])
    return ("InvalidUri", arguments[0]) if fits else ("BadMessage", f"ingest_image{(*arguments,)!r}")


@pytest.fixture(scope="module")
def ended(spine):
    """Send everything mixed; return the rows, the workers before, and the dead letters that must exist."""
    chance, before = random.Random(11), spine.stack.workers  # noqa: S311 - the same input each time
    bad = [spine.put(f"wild/{n}{''.join(chance.choices(STRANGE, k=8))}.jpg", mutated(chance)) for n in range(PICTURES)]
    good = [spine.put(f"calm/{n}.jpg") for n in range(GOOD)]
    good += [spine.put(timed(chance), plain(n)) for n in range(TIMES)]
    none = [wild(chance) for _ in range(MESSAGES)]
    lanes = cycle(Lane)  # a lane with more than a hundred rejections of one kind would be stopped
    messages = [[uri, next(lanes)] for uri in (*bad, *good)] + none
    chance.shuffle(messages)
    for arguments in messages:
        spine.app.send_task("ingest_image", arguments, queue="ingest")
    rows = spine.wait(bad) | spine.wait(good)
    spine.until_quiet()
    return {uri: rows[uri] for uri in bad}, {uri: rows[uri] for uri in good}, before, set(map(refused, none))


def test_each_mutated_picture_is_complete_or_has_a_typed_letter(spine, ended):
    bad, *_ = ended
    dead_letters = spine.dead_letters()
    for uri, row in bad.items():
        assert row.state in {State.COMPLETE, State.REJECTED}
        if row.state is State.REJECTED:
            assert issubclass(getattr(errors, dead_letters[uri].error), RejectedError)
            assert row.rejection.error == dead_letters[uri].error
    assert PICTURES // 2 < sum(row.state is State.REJECTED for row in bad.values())


def test_no_call_is_made_for_a_refused_picture(spine, ended):
    bad, *_ = ended
    keys = {uri.removeprefix(f"s3://{BUCKET}/") for uri, row in bad.items() if row.state is State.REJECTED}
    assert set() == keys & {call["key"] for call in spine.calls("wild")}


def test_good_images_among_them_are_complete_and_every_worker_lives(spine, ended):
    _, good, before, _ = ended
    assert {State.COMPLETE} == {row.state for row in good.values()}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert all(datetime(1990, 1, 1, tzinfo=UTC) <= row.capture.taken_at <= tomorrow for row in good.values())
    assert before == spine.stack.workers


def test_wild_messages_are_letters_with_a_rule_and_a_remedy(spine, ended):
    *_, wanted = ended
    dead_letters = {(each.error, each.subject): each for each in spine.dead_letters().values()}
    assert set() == wanted - dead_letters.keys()
    assert all(dead_letters[each].rule and dead_letters[each].remedy for each in wanted)
