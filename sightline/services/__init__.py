"""What sightline does: plain functions over the stores, without Celery tasks and without a command line."""
