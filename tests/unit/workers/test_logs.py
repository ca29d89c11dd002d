"""The form of log lines: a sentence plus fields, whoever writes them."""

import json
import logging

import structlog
from structlog.testing import capture_logs

from sightline.logs import configure_logs

FOREIGN = logging.getLogger("some.library")


def test_a_line_for_collectors_is_one_object_with_its_fields(capsys):
    configure_logs("INFO", as_json=True)
    structlog.contextvars.bind_contextvars(image_id="s3://b/yard/a.jpg", attempt=2)
    structlog.get_logger("tests").warning("The image was refused", error="EmptyImage")
    line = json.loads(capsys.readouterr().err)
    assert "T" in line.pop("timestamp")
    assert {
        "event": "The image was refused",
        "error": "EmptyImage",
        "image_id": "s3://b/yard/a.jpg",
        "attempt": 2,
        "level": "warning",
        "logger": "tests",
    } == line


def test_a_librarys_line_has_the_same_form_and_the_fields_of_the_image(capsys):
    configure_logs("INFO", as_json=True)
    structlog.contextvars.bind_contextvars(image_id="s3://b/yard/a.jpg")
    FOREIGN.info("It took %s s", 3)
    line = json.loads(capsys.readouterr().err)
    assert ("It took 3 s", "s3://b/yard/a.jpg", "info") == (line["event"], line["image_id"], line["level"])


def test_a_line_for_people_is_text(capsys):
    configure_logs("INFO", as_json=False)
    structlog.get_logger("tests").info("The image was refused", error="EmptyImage")
    said = capsys.readouterr().err
    assert "The image was refused" in said
    assert "error=EmptyImage" in said


def test_what_is_below_the_level_is_not_written(capsys):
    configure_logs("WARNING", as_json=False)
    FOREIGN.info("not this")
    logging.getLogger("botocore").info("nor this")
    assert "" == capsys.readouterr().err


def test_an_error_brings_its_traceback(capsys):
    configure_logs("INFO", as_json=True)
    try:
        raise ValueError("torn")  # noqa: TRY301 - its traceback is wanted
    except ValueError:
        FOREIGN.exception("It went wrong")
    assert "ValueError: torn" in json.loads(capsys.readouterr().err)["exception"]


def test_a_logger_that_has_spoken_follows_the_next_configuration():
    log = structlog.get_logger("tests")
    configure_logs("INFO", as_json=True)
    log.info("Begun")
    structlog.reset_defaults()
    with capture_logs() as lines:
        log.info("Ended")
    assert ["Ended"] == [line["event"] for line in lines]


def test_what_the_tests_before_have_set_is_gone():
    assert not structlog.is_configured()
    assert logging.WARNING == logging.getLogger().level
