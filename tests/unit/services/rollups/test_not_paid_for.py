"""Images that are not paid for stand outside the strata: what they show is unknown, and never absent."""

from datetime import UTC, datetime, timedelta

from sightline.models.images import CameraDay, ImageRow
from sightline.services.rollups.cells import candidate_of, cells_of, read_day
from sightline.services.rollups.figures import window_from_json
from tests.unit.services.rollups.yard import LAST_DAY, Yard
from tests.writing import spared


def spare(yard: Yard, number: int, like: str) -> ImageRow:
    """Write an image that another stands in for."""
    row = yard.images.get(like)
    assert row is not None
    at = datetime.fromisoformat(LAST_DAY).replace(tzinfo=UTC) + timedelta(minutes=number)
    return spared(yard.images, f"s3://frames/yard/{LAST_DAY}/spared-{number}.jpg", at, row)


def test_they_change_no_figure_and_are_counted_apart():
    plain, sparing = Yard(), Yard()
    for yard in (plain, sparing):
        yard.images_of_a_day()
        yard.census(yard.uris()[:30])
    for number in range(20):
        spare(sparing, number, sparing.uris()[0])
    for yard in (plain, sparing):
        yard.roll_up()
    before, after = (window_from_json(yard.rollup().figures["window"]) for yard in (plain, sparing))
    assert (before.figures, before.tallies, before.bracket) == (after.figures, after.tallies, after.bracket)
    assert (0, 20) == (before.outside.unanalysed, after.outside.unanalysed)
    assert before.population + 20 == after.population


def test_none_is_in_a_stratum_or_asked_of_a_reviewer():
    yard = Yard()
    row = spare(yard, 1, yard.image(1, {"Plant": 70.0}))
    rule = yard.services.accuracy.rules[0]
    day = read_day(CameraDay("yard", LAST_DAY), yard.images, yard.verdicts)
    (cell,) = cells_of(day, rule, yard.services.accuracy)
    assert 2 == len(day.images)
    assert [row.image_id] != [each.image_id for each in cell.reviewed.candidates]
    assert 1 == len(cell.reviewed.candidates)
    assert None is candidate_of(row, rule)
