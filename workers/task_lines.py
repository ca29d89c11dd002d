"""Celery's lines about each task, "received" and "succeeded", at DEBUG.

Celery writes them at INFO: two lines a task, which take longer to format than Celery takes to run it. What is out of
the ordinary (a retry, an ignored message, a failure) keeps its level.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery.app.trace import LOG_RECEIVED, LOG_SUCCESS

ROUTINE = (LOG_RECEIVED, LOG_SUCCESS)
RECEIVING, RUNNING = LOGGERS = ("celery.worker.strategy", "celery.app.trace")


def lower_task_lines() -> None:
    """Lower the routine lines to DEBUG, whatever level is written.

    The logger of what is received writes nothing else at INFO, so it need not even make a line that is not written.
    `no_line_of_success` is for the other.
    """
    for logger in map(logging.getLogger, LOGGERS):
        if _lowered not in logger.filters:
            logger.addFilter(_lowered)
    received = logging.getLogger(RECEIVING)
    if not received.isEnabledFor(logging.DEBUG):
        received.setLevel(logging.WARNING)


@contextmanager
def no_line_of_success() -> Iterator[None]:
    """Have the tasks that are prepared meanwhile make no line of their success, unless it would be written.

    Celery looks whether it would be when it prepares them. What else their logger writes at INFO is asked each time.
    """
    running = logging.getLogger(RUNNING)
    before = running.level
    if not running.isEnabledFor(logging.DEBUG):
        running.setLevel(logging.WARNING)
    try:
        yield
    finally:
        running.setLevel(before)


def _lowered(record: logging.LogRecord) -> bool:
    """Lower a routine record; return whether it is still written."""
    if record.levelno == logging.INFO and record.msg in ROUTINE:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger(record.name).isEnabledFor(record.levelno)
