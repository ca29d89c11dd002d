from collections.abc import Iterator

import pytest

from tests.unit.web.house import House, build


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    made = build(tmp_path)
    yield made
    made.console.close()


@pytest.fixture
def looked_at(house: House) -> House:
    """Return a house with one image whose answers are there."""
    house.analyse()
    return house
