"""Celery's two lines about each task are written at DEBUG; what is out of the ordinary keeps its level."""

import logging
from typing import Any

import pytest
from celery import Celery
from celery.app import trace
from celery.app.trace import LOG_RECEIVED, LOG_RETRY, LOG_SUCCESS
from celery.worker import strategy

from workers.task_lines import LOGGERS, RUNNING, lower_task_lines, no_line_of_success

CONTEXT = {"name": "merge_image", "id": "1", "runtime": 0.1, "return_value": None, "exc": "Retry in 2s", "args": ()}


@pytest.fixture
def written():
    """Return how to log with a logger of Celery's while the root has a level; the rest stays as it was."""
    root, kept = logging.getLogger(), Kept()
    level, filters = root.level, {name: logging.getLogger(name).filters[:] for name in LOGGERS}
    root.addHandler(kept)

    def write(name, line, root_level):
        root.setLevel(root_level)
        lower_task_lines()
        lower_task_lines()
        logging.getLogger(name).info(line, CONTEXT)
        return kept.records

    yield write
    root.removeHandler(kept)
    root.setLevel(level)
    for name, before in filters.items():
        logging.getLogger(name).filters[:] = before
        logging.getLogger(name).setLevel(logging.NOTSET)


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        if record.name in LOGGERS:
            self.records.append((record.levelname, record.getMessage().split("]")[1].split()[0].rstrip(":")))


@pytest.mark.parametrize("line", [LOG_RECEIVED, LOG_SUCCESS])
@pytest.mark.parametrize("name", LOGGERS)
def test_a_routine_line_is_not_written_at_info(written, name, line):
    assert [] == written(name, line, "INFO")


@pytest.mark.parametrize(("line", "word"), [(LOG_RECEIVED, "received"), (LOG_SUCCESS, "succeeded")])
@pytest.mark.parametrize("name", LOGGERS)
def test_a_routine_line_is_written_once_at_debug(written, name, line, word):
    assert [("DEBUG", word)] == written(name, line, "DEBUG")


def test_the_line_of_what_is_received_is_not_even_made_at_info(written):
    written(strategy.logger.name, LOG_RECEIVED, "INFO")
    assert not strategy.logger.isEnabledFor(logging.INFO)
    assert strategy.logger.isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(("root_level", "made"), [("INFO", []), ("DEBUG", [LOG_SUCCESS])])
def test_a_task_prepared_without_a_line_of_success_makes_none_unless_it_would_be_written(written, root_level, made):
    written(RUNNING, LOG_RETRY, root_level)
    app = Celery(set_as_current=False)

    @app.task(name="worked", shared=False)
    def task():
        """Do nothing."""

    with no_line_of_success():
        run: Any = trace.build_tracer("worked", task, app=app)
    lines = []
    trace.logger.filters.insert(0, lambda record: lines.append(record.msg) or True)
    run("1", (), {})
    assert made == lines
    assert trace.logger.isEnabledFor(logging.INFO)


def test_a_retry_is_still_written_at_info(written):
    assert [("INFO", "retry")] == written("celery.app.trace", LOG_RETRY, "INFO")


def test_these_are_the_loggers_that_celery_writes_the_lines_with():
    assert {trace.logger.name, strategy.logger.name} == set(LOGGERS)
