"""The lock files name packages and hashes, and nothing of the machine that wrote them."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LOCKS = sorted(CHECKOUT.glob("requirements*.lock"))


def test_there_is_a_lock_for_use_and_one_for_development():
    assert ["requirements-dev.lock", "requirements.lock"] == [lock.name for lock in LOCKS]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_address(lock):
    assert [] == [line for line in lock.read_text().splitlines() if "://" in line or "--find-links" in line]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_of_a_lock_has_a_version_and_a_hash(lock):
    entries = lock.read_text().replace("\\\n", "").splitlines()
    packages = [entry for entry in entries if entry and not entry.lstrip().startswith("#")]
    assert packages
    assert [] == [entry for entry in packages if "==" not in entry or "--hash=sha256:" not in entry]
