"""Two reviewers at once: no image is asked of both, no answer is lost or doubled, and figures are those of a sheet."""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from sightline.services.review import ask_next, read_cells, scope_of
from sightline.services.verdict_sheet import read_sheet, write_sheet
from sightline.services.verdicts import judge_of
from sightline.stats.verdicts import Source
from sightline.storage.users.batches import Batch
from sightline.storage.users.protocol import Role
from tests.unit.services.rollups.yard import LAST_DAY, Yard, truth
from tests.unit.web.figures_house import found_in
from tests.unit.web.house import FROM_HERE, House, build

NAMES = ("reviewer", "bob")
FEW = 90
"""So that each reviewer has a batch at the same time, and one of them another."""


def yard_of(count: int) -> Yard:
    yard = Yard()
    for number in range(count):
        yard.image(number, found_in(number))
    return yard


def review_all(house: House, name: str, together: Barrier) -> list[Batch]:
    """Review through the pages until nothing is left; return the batches."""
    client, batches = house.client(name), house.world.users.batches
    done: list[Batch] = []
    together.wait()
    while True:
        begun = client.post("/review", data={"label": "Person", "day": LAST_DAY}, headers=FROM_HERE)
        if (
            "/review/left" in begun.headers["location"]
        ):  # nothing is left, but perhaps what the other one has in a batch
            return done
        place = begun.headers["location"]
        while not place.endswith("/done"):
            batch_id, number = place.split("?")[0].split("/")[2:]
            picture = batches.get(name, batch_id).picture(int(number))
            said = {"answer": truth(picture.image_id), "content": picture.content}
            answer = client.post(place.split("?")[0], params=said, headers=FROM_HERE)
            assert 303 == answer.status_code, answer.text
            place = answer.headers["location"]
        assert 303 == client.post(place, headers=FROM_HERE).status_code
        closed = batches.get(name, place.split("/")[2])
        assert closed is not None
        done.append(closed)


def estimates(yard: Yard) -> object:
    yard.roll_up()
    return yard.rollup().figures


@pytest.mark.parametrize("count", [FEW, pytest.param(500, marks=pytest.mark.full)])
def test_two_at_once_share_the_images_and_figures_are_those_of_the_same_verdicts_from_a_sheet(tmp_path, count):
    yard, together = yard_of(count), Barrier(len(NAMES))
    house = build(tmp_path, world=yard)
    house.add("bob", [Role.REVIEWER])
    with ThreadPoolExecutor(len(NAMES)) as threads:
        batches = list(threads.map(lambda name: review_all(house, name, together), NAMES))
    house.console.close()

    asked = Counter(picture.image_id for own in batches for batch in own for picture in batch.pictures)
    assert Counter(yard.uris()) == asked, "each image is asked of one reviewer, once"
    assert all(batches), "both had some"
    kept = [each.verdict for each in yard.verdicts.scan()]
    given = {(batch.user, p.image_id) for own in batches for batch in own for p in batch.pictures}
    assert (count, given) == (len(kept), {(each.reviewer, each.image_id) for each in kept})
    assert {Source.SAMPLED} == {each.source for each in kept}
    assert all(each.answer is truth(each.image_id) for each in kept)

    sheet, other = io.StringIO(), yard_of(count)
    assert count == write_sheet(yard.verdicts.scan(), sheet)
    scope = scope_of("Person", None, LAST_DAY, 1, other.operations)
    assert count == len(ask_next(read_cells(scope, other.services), count, other.services))
    sheet.seek(0)
    for verdict in read_sheet(sheet, "sheet.csv", "Person", "nobody", judge_of(other.services)).verdicts:
        assert other.verdicts.write(verdict)
    assert estimates(yard) == estimates(other)
