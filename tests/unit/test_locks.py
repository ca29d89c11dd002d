"""The lock files name packages and hashes, and nothing of the machine that wrote them."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LOCKS = sorted(CHECKOUT.glob("requirements*.lock"))
MODELS = CHECKOUT / "dev" / "rekognition"
LOCKS_OF_MODELS = sorted(MODELS.glob("*.lock"))


def packages(lock: str) -> set[str]:
    """Return a lock's entries, each with its version, its condition and its hashes."""
    entries = (CHECKOUT / lock).read_text().replace("\\\n", "").splitlines()
    return {" ".join(entry.split()) for entry in entries if entry and not entry.lstrip().startswith("#")}


def test_there_is_a_lock_for_each_use():
    uses = ["-build", "-dev", "-stack", ""]
    assert [f"requirements{use}.lock" for use in uses] == [lock.name for lock in LOCKS]


@pytest.mark.parametrize(("smaller", "larger"), [("", "-stack"), ("-stack", "-dev")])
def test_a_larger_lock_holds_the_smaller_one_as_it_is(smaller, larger):
    assert packages(f"requirements{smaller}.lock") < packages(f"requirements{larger}.lock")


def test_the_demo_installs_neither_linters_nor_tests():
    names = {package.partition("==")[0] for package in packages("requirements-stack.lock")}
    assert names.isdisjoint({"ruff", "mypy", "pytest", "coverage", "hypothesis", "import-linter"})


@pytest.mark.parametrize("lock", [*LOCKS, *LOCKS_OF_MODELS], ids=lambda lock: lock.name)
def test_a_lock_names_no_address(lock):
    assert [] == [line for line in lock.read_text().splitlines() if "://" in line or "--find-links" in line]


def test_there_is_a_lock_for_each_source_of_models():
    assert ["dlib.lock", "faces.lock", "models.lock", "npm.lock", "objects.lock"] == [
        lock.name for lock in LOCKS_OF_MODELS
    ]


@pytest.mark.parametrize("lock", [*LOCKS, *map(MODELS.joinpath, ["npm.lock", "dlib.lock"])], ids=lambda lock: lock.name)
def test_every_package_of_a_lock_has_a_version_and_a_hash(lock):
    entries = packages(str(lock))
    assert entries
    assert [] == [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
