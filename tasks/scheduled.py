"""The tasks that beat starts. When each of them runs is in `sightline/services/schedule.py`."""

from celery import shared_task

from sightline.queues.publishing import publish
from sightline.services import parity, reconcile, sweep
from sightline.services import purge as purging
from sightline.services import sync as syncing
from sightline.services.collaborators import current
from sightline.services.leased_runs import run_under_lease
from sightline.services.rollups import run as rollups


@shared_task(name=reconcile.NAME)
def reconcile_images() -> None:
    """Send again what the rows say is missing."""
    services = current()
    run_under_lease(reconcile.NAME, services, lambda run: reconcile.run_reconcile(run, services))


@shared_task(name=rollups.NAME)
def roll_up_days() -> None:
    """Roll up the days that are due; go on at once if time was short."""
    services = current()
    if rollups.run_roll_up(rollups.RollUp(services), services):
        publish([rollups.AGAIN])


@shared_task(name=syncing.NAME)
def sync_graph() -> None:
    """Bring the graph up to the rows."""
    services = current()
    run_under_lease(syncing.NAME, services, lambda run: syncing.run_sync(run, services))


@shared_task(name=parity.CHOOSE)
def choose_parity_days() -> None:
    """Mark a thirtieth of all days for parity."""
    services = current()
    run_under_lease(parity.CHOOSE, services, lambda _: parity.run_choose(services))


@shared_task(name=parity.CHECK)
def check_parity() -> None:
    """Compare rows and graph for the marked days, and repair the graph."""
    services = current()
    run_under_lease(parity.CHECK, services, lambda run: parity.run_check(run, services))


@shared_task(name=purging.NAME)
def purge_graph() -> None:
    """Delete labels, texts and dates that no image has any more, and gone images after a week."""
    services = current()
    run_under_lease(purging.NAME, services, lambda run: purging.purge(services.graph, services.clock(), run.goes_on))


@shared_task(name=sweep.NAME)
def sweep_bucket() -> None:
    """Go on with the sweep of the buckets that the settings name."""
    services = current()
    run_under_lease(sweep.NAME, services, lambda run: sweep.sweep(services, run.goes_on))
