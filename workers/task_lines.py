"""Celery's lines about each task, "received" and "succeeded", at DEBUG.

Celery writes them at INFO: two lines a task, which take longer to format than Celery takes to run it. What is out of
the ordinary (a retry, an ignored message, a failure) keeps its level.
"""

import logging

from celery.app.trace import LOG_RECEIVED, LOG_SUCCESS

ROUTINE = (LOG_RECEIVED, LOG_SUCCESS)
RECEIVING, RUNNING = LOGGERS = ("celery.worker.strategy", "celery.app.trace")


def lower_task_lines() -> None:
    """Lower the routine lines to DEBUG, whatever level is written.

    The logger of what is received writes nothing else at INFO, so it need not even make a line that is not written.
    """
    for logger in map(logging.getLogger, LOGGERS):
        if _lowered not in logger.filters:
            logger.addFilter(_lowered)
    received = logging.getLogger(RECEIVING)
    if not received.isEnabledFor(logging.DEBUG):
        received.setLevel(logging.WARNING)


def _lowered(record: logging.LogRecord) -> bool:
    """Lower a routine record; return whether it is still written."""
    if record.levelno == logging.INFO and record.msg in ROUTINE:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(record.levelno)
