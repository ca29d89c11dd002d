"""A rollup is written when what it is made of has changed, and only then."""

from datetime import timedelta

from sightline.models.images import Rejection, State
from sightline.services.rollups.figures import window_from_json
from sightline.services.rollups.run import RollUp
from sightline.stats.figures import Interval, NotEstimable
from sightline.stats.verdicts import Answer, Source
from sightline.storage.dirty_days import Purpose
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth

DAY = timedelta(days=1)


def test_a_rerun_writes_nothing_and_leaves_the_same_bytes():
    yard = Yard()
    yard.images_of_a_day()
    yard.census(yard.uris()[:30])
    yard.roll_up()
    before, writes = yard.rollup(), yard.rollups.writes
    yard.clock.move(timedelta(hours=1))
    yard.mark("yard", LAST_DAY)
    yard.roll_up()
    assert (before, writes) == (yard.rollup(), yard.rollups.writes)
    assert (1, "first figures") == (before.revision, before.reason)


def test_figures_made_anew_from_the_same_rows_are_equal_to_the_last_digit():
    first, second = Yard(), Yard()
    for yard in (first, second):
        yard.images_of_a_day()
        yard.census(yard.uris()[:30] if yard is first else yard.uris()[29::-1])
        yard.roll_up()
    assert first.rollup() == second.rollup()


def test_one_late_image_makes_one_revision_of_each_of_its_windows_with_the_reason():
    yard = Yard()
    yard.images_of_a_day()
    yard.images_of_a_day(camera="gate")
    yard.roll_up()
    writes = yard.rollups.writes
    yard.clock.move(timedelta(hours=1))
    yard.image(1000, {})
    yard.roll_up()
    for window_days in (1, 7, 28):
        mine = yard.rollup(camera="yard", window_days=window_days)
        together = yard.rollup(window_days=window_days)
        assert [(2, "images 60 → 61"), (2, "images 120 → 121")] == [(r.revision, r.reason) for r in (mine, together)]
        assert 1 == yard.rollup(camera="gate", window_days=window_days).revision
    assert writes + 6 == yard.rollups.writes


def test_new_verdicts_make_a_revision_and_the_mark_goes():
    yard = Yard()
    yard.images_of_a_day()
    yard.roll_up()
    assert NotEstimable("no reviewed image in stratum B and C", 40.0) == figures(yard).missed
    yard.census(yard.uris())
    yard.roll_up()
    assert (2, "reviewed 0 → 60") == (yard.rollup().revision, yard.rollup().reason)
    assert [] == list(yard.operations.dirty_days.dirty(Purpose.ROLLUPS))


def test_a_census_leaves_an_interval_of_width_zero_at_the_true_value():
    yard = Yard()
    yard.images_of_a_day()
    yard.census(yard.uris())
    yard.roll_up()
    present = [uri for uri in yard.uris() if truth(uri) is Answer.PRESENT]
    found = sum(int(uri.rsplit("/", 1)[1][:-4]) % 3 == 0 for uri in present)
    exact = found / len(present)
    assert Interval(exact, exact, exact) == figures(yard).recall
    missed = float(len(present) - found)
    assert Interval(missed, missed, missed) == figures(yard).missed


def test_a_verdict_on_bytes_that_were_overwritten_does_not_count_and_is_said():
    yard = Yard()
    yard.images_of_a_day()
    yard.census(yard.uris())
    yard.roll_up()
    yard.image(1, {"Person": 99.0})
    yard.roll_up()
    window = window_from_json(yard.rollup().figures["window"])
    assert 1 == window.outside.stale
    assert 60 == window.outside.given
    assert 60 > window.reviewed
    assert "images changed" == yard.rollup().reason


def test_volunteered_verdicts_move_nothing_and_are_said():
    yard = Yard()
    yard.images_of_a_day()
    yard.census(yard.uris()[:20])
    yard.roll_up()
    before = figures(yard)
    for uri in yard.uris()[20:]:
        yard.say(uri, Answer.PRESENT, Source.VOLUNTEERED, reviewer="bob")
    yard.roll_up()
    assert before == figures(yard)
    assert 40 == window_from_json(yard.rollup().figures["window"]).outside.volunteered


def test_a_mark_set_again_while_its_day_is_rolled_up_stays():
    yard = Yard()
    yard.images_of_a_day()
    yard.services.stopping.set()  # so that waiting passes no time
    (mark,) = yard.operations.dirty_days.dirty(Purpose.ROLLUPS)

    def marks_again() -> bool:
        yard.mark("yard", LAST_DAY)
        return True

    RollUp(yard.services).do(marks_again)
    (left,) = yard.operations.dirty_days.dirty(Purpose.ROLLUPS)
    assert mark.camera_day == left.camera_day
    assert mark.mark != left.mark


def test_what_comes_more_than_thirty_days_late_is_kept_and_counted_and_opens_nothing():
    yard = Yard()
    yard.images_of_a_day()
    yard.census(yard.uris()[:10])
    yard.roll_up()
    before = yard.rollup(), yard.rollup(camera="yard", window_days=28)
    yard.clock.move(31 * DAY)
    yard.image(1000, {}, LAST_DAY)
    yard.census(yard.uris()[11:16])  # the new image stands among the first ten
    yard.roll_up()
    assert before == (yard.rollup(), yard.rollup(camera="yard", window_days=28))
    late = yard.rollup(camera="yard")
    assert (1, 5) == (late.late_images, late.late_verdicts)
    assert 15 == len(list(yard.verdicts.scan()))
    assert [] == list(yard.operations.dirty_days.dirty(Purpose.ROLLUPS))


def test_an_old_day_that_nobody_had_looked_at_gets_its_figures():
    yard = Yard()
    yard.images_of_a_day(day="2042-01-01")
    yard.roll_up()
    yard.clock.move(DAY)
    yard.image(1000, {}, "2042-01-01")  # a backfill takes its time
    yard.roll_up()
    assert (2, "images 60 → 61") == (yard.rollup("2042-01-01").revision, yard.rollup("2042-01-01").reason)


def test_where_all_images_of_a_day_have_gone_its_figures_say_so():
    yard = Yard()
    uri = yard.image(1, {})
    yard.roll_up()
    row = yard.images.get(uri)
    assert row is not None
    yard.images.end(row, State.GONE, Rejection("ImageMissing", "deleted"))
    yard.mark("yard", LAST_DAY)
    yard.roll_up()
    assert (2, "images 1 → 0") == (yard.rollup().revision, yard.rollup().reason.split(";")[0])


def figures(yard: Yard):
    return window_from_json(yard.rollup().figures["window"]).figures
