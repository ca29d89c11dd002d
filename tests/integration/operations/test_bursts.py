"""The register of bursts, in memory and in DynamoDB alike."""

from sightline.stats.bursts import Burst
from sightline.storage.bursts import BURSTS_LAST, MOST_FRAMES, Frame, PaidFrames

BURST = Burst("yard", 60, 29_500_000)
ONE, OTHER = Frame("a" * 64, "0" * 64), Frame("b" * 64, "f" * 64)


def test_nothing_is_known_of_a_burst_at_first(operations):
    assert PaidFrames() == operations.bursts.read(BURST)


def test_an_image_is_kept_with_the_next_revision_and_bursts_are_apart(operations):
    register = operations.bursts
    kept = register.replace(BURST, PaidFrames().with_frame("s3://frames/yard/ä 1.jpg", ONE))
    assert PaidFrames({"s3://frames/yard/ä 1.jpg": ONE}, 1) == kept == register.read(BURST)
    others = [Burst("gate", 60, BURST.number), Burst("yard", 30, BURST.number), Burst("yard", 60, BURST.number + 1)]
    assert [PaidFrames()] * 3 == [register.read(each) for each in others]


def test_of_two_that_saw_the_same_one_writes_and_the_other_learns_what_stands(operations):
    register = operations.bursts
    for number in range(3):
        seen = register.read(BURST)
        first = register.replace(BURST, seen.with_frame(f"first-{number}", ONE))
        second = register.replace(BURST, seen.with_frame(f"second-{number}", OTHER))
        assert first == second == register.read(BURST)
        assert {f"first-{each}" for each in range(number + 1)} == set(second.frames)


def test_an_image_with_other_bytes_takes_its_own_place_and_a_full_burst_takes_no_further_one(operations):
    register, paid = operations.bursts, PaidFrames()
    for number in range(MOST_FRAMES):
        paid = register.replace(BURST, paid.with_frame(f"image-{number}", ONE))
    assert (True, False) == (paid.has_room_for("image-3"), paid.has_room_for("another"))
    assert OTHER == register.replace(BURST, paid.with_frame("image-3", OTHER)).frames["image-3"]


def test_a_burst_expires_a_week_after_its_last_image(make_dynamo, clock, row):
    make_dynamo().bursts.replace(BURST, PaidFrames().with_frame("image", ONE))
    expires_at = int(row("burst#yard", "60#29500000")["expires_at"]["N"])
    assert int((clock() + BURSTS_LAST).timestamp()) == expires_at
