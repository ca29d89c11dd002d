"""What every store of doubts does."""

from dataclasses import replace
from datetime import timedelta

from sightline.storage.users.doubts import DOUBTS_LAST, Doubt

LONG_KEY = f"s3://frames/{'é' * 500}.jpg"


def test_doubts_are_of_a_label_and_a_user_and_an_image_and_end_with_their_time(store, clock):
    first = Doubt("s3://frames/yard/1.jpg", "Person", "ab", "ann", clock.now)
    kept = [first, replace(first, image_id=LONG_KEY), replace(first, user="bob")]
    other = replace(first, label="Vehicle")
    for doubt in (*kept[::-1], first, other):
        store.doubts.keep(doubt)
    assert kept == store.doubts.of("Person")
    assert [other] == store.doubts.of("Vehicle")
    later = replace(first, content="ef", at=clock.now + timedelta(hours=1))
    store.doubts.keep(later)
    assert [later, *kept[1:]] == store.doubts.of("Person")
    clock.move(DOUBTS_LAST)
    assert [later] == store.doubts.of("Person")
