"""The task that answers a request for a comparison. The work is in `sightline/services/comparing.py`."""

from celery import shared_task

from sightline.queues.steps import COMPARE
from sightline.services.collaborators import current


@shared_task(name=COMPARE)
def compare_faces(comparison_id: str) -> None:
    """Compare the two pictures that a user asked about. What fails for now is sent again by the reconciler."""
    current().comparing.answer(comparison_id)
