"""The processes: Celery app, queues, settings and the one place where clients are built."""
