"""The work: plain functions, and under them the Celery tasks that call them."""
