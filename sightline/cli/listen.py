"""`sightline listen`: S3's events become images."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import click

from sightline.addresses import queue_url
from sightline.cli.factory import Factory
from sightline.cli.paying import agree, show_quote, yes_option
from sightline.config import InvalidSettings
from sightline.logs import configure_logs
from sightline.queues.sqs import EventQueue
from sightline.services.listening import handle
from sightline.services.listening_loop import Listening
from sightline.services.listening_loop import listen as listen_to
from sightline.services.quotes import quote_events


def _queue_urls(_: click.Context, __: click.Parameter, urls: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(queue_url, urls))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("queue_urls", metavar="[QUEUE_URL]...", nargs=-1, callback=_queue_urls)
@click.option("--catch-up", is_flag=True, help="First say what the events that wait may cost, and ask.")
@yes_option
@click.pass_obj
def listen(factory: Factory, queue_urls: tuple[str, ...], *, catch_up: bool, yes: bool) -> None:
    """Add images as S3's events tell of them, from queues in SQS, until it is stopped.

    The queues are those you name, or else SIGHTLINE_EVENT_QUEUES. It needs Redis, DynamoDB and SQS, and neither S3 nor
    Neo4j. Any number of these processes may listen to one queue.

    After a pause, start it with --catch-up: an operator's settings and rights are needed for that. Exit 3 if nobody
    agreed: no event was taken then.
    """
    settings = factory.listener_settings
    urls = queue_urls or settings.event_queues
    if not urls:
        raise InvalidSettings(
            "SIGHTLINE_EVENT_QUEUES",
            rule="it must name a queue",
            remedy="Set it, or name the queue's URL as an argument",
        )
    configure_logs(settings.log_level, as_json=settings.log_json)
    event_queues = [factory.event_queue(url) for url in urls]
    if catch_up:
        _agree(event_queues, factory, yes=yes)
    listener, queues, stopping = factory.listener, factory.queues, Event()
    factory.open_sender()  # before there are threads
    loop = Listening(
        handle=lambda messages: handle(messages, listener, factory.send),
        waiting=lambda: queues.length("ingest"),
        stopping=stopping,
    )
    with set_by_signals(stopping):
        try:
            listen_to(event_queues, loop)
        finally:
            listener.calls.flush()


def _agree(event_queues: Sequence[EventQueue], factory: Factory, *, yes: bool) -> None:
    """Quote the events that wait, and have it agreed to; none of them is taken."""
    quoted = quote_events([queue.depth() for queue in event_queues], factory.services)
    show_quote(quoted)
    agree(quoted, factory, yes=yes)


@contextmanager
def set_by_signals(stopping: Event) -> Iterator[None]:
    """Have TERM and INT set the event."""
    before = {each: signal.signal(each, lambda *_: stopping.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
