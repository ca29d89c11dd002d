"""Celery's lines about each task, "received" and "succeeded", at DEBUG.

Celery writes them at INFO: two lines a task, which take longer to format than Celery takes to run it. What is out of
the ordinary (a retry, an ignored message, a failure) keeps its level.
"""

import logging

from celery.app.trace import LOG_RECEIVED, LOG_SUCCESS

ROUTINE = (LOG_RECEIVED, LOG_SUCCESS)
LOGGERS = ("celery.worker.strategy", "celery.app.trace")


def lower_task_lines() -> None:
    """Lower the routine lines to DEBUG, whatever level is written."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _lowered not in logger.filters:
            logger.addFilter(_lowered)


def _lowered(record: logging.LogRecord) -> bool:
    """Lower a routine record; return whether it is still written."""
    if record.levelno == logging.INFO and record.msg in ROUTINE:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(record.levelno)
