"""Which application sends."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import Celery

from sightline.queues.client import Client, client_here, make_client


def in_a_thread_of(app: Celery) -> Client:
    """Ask in a thread, which may have a current application of its own."""

    def ask() -> Client:
        app.set_current()
        return client_here()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def test_the_current_application_sends():
    app = make_client("redis://127.0.0.1:1/0", "x:")
    assert app is in_a_thread_of(app)


def test_an_application_without_an_outbox_says_how_to_have_one():
    with pytest.raises(TypeError, match="make_client"):
        in_a_thread_of(Celery("theirs", set_as_current=False))
