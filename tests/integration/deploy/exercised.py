"""Which methods of the stores a run has called: a right is missing from a record if nothing asked for it."""

from dataclasses import fields, replace
from typing import Any

from sightline.storage.buckets.protocol import Buckets
from sightline.storage.images.protocol import ImageStore
from sightline.storage.ledger.changes import LedgerChanges
from sightline.storage.ledger.protocol import Ledger
from sightline.storage.operations import Operations
from sightline.storage.rollups.protocol import RollupStore
from sightline.storage.verdicts.protocol import VerdictStore
from sightline.storage.video_jobs.protocol import VideoJobStore
from sightline.storage.videos.protocol import VideoStore

STORES: dict[str, type] = {
    "images": ImageStore,
    "videos": VideoStore,
    "video_jobs": VideoJobStore,
    "ledger": Ledger,
    "ledger_changes": LedgerChanges,
    "verdicts": VerdictStore,
    "rollups": RollupStore,
    "buckets": Buckets,
    **{
        f"operations.{each.name}": each.type
        for each in fields(Operations)
        if isinstance(each.type, type) and each.name != "table"
    },
}
"""Each store by its name in the services, and the Protocol that names its methods."""

Method = tuple[str, str]


def methods() -> set[Method]:
    """Name every method of every store."""
    return {
        (store, name)
        for store, protocol in STORES.items()
        for name, each in vars(protocol).items()
        if callable(each) and not name.startswith("_")
    }


class Noted:
    """A store that notes which of its methods are called."""

    def __init__(self, name: str, store: Any, called: set[Method]) -> None:
        self._name, self._store, self._called = name, store, called

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if callable(found):
            self._called.add((self._name, name))
        return found


def noting(stores: dict[str, Any], called: set[Method]) -> dict[str, Any]:
    """Return the services' stores, each of which notes its calls; the small stores of the operations one by one."""
    return {name: _noting(name, store, called) for name, store in stores.items()}


def _noting(name: str, store: Any, called: set[Method]) -> Any:
    if not isinstance(store, Operations):
        return Noted(name, store, called)
    small: dict[str, Any] = {
        each.name: Noted(f"{name}.{each.name}", getattr(store, each.name), called)
        for each in fields(store)
        if each.name != "table"
    }
    return replace(store, **small)
