"""A world in which people are known, and what enrolling one takes."""

import pytest

from tests.unit.services.people.stories import (
    consent,
    made,
    photo,
)


@pytest.fixture
def world():
    return made()


@pytest.fixture
def file(tmp_path, world):
    return consent(tmp_path, world)


@pytest.fixture
def portrait(tmp_path):
    return photo(tmp_path, 7)
