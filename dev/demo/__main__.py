"""`python -m dev.demo [--images FOLDER]`: take camera images through the whole system, and print what was found."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.demo.answers import count_dead_letters, print_answers
from dev.demo.ending import hold_open, last_words
from dev.demo.stages import bars, follow
from dev.demo.uploads import BUCKET, Upload, demo_uploads, folder_uploads, upload_all
from dev.demo.verdicts import print_accuracy
from dev.frames.making import make_frames
from dev.frames.package import PackageMissing, examples
from dev.stack.errors import NotReady
from dev.stack.pidfiles import PidFiles
from dev.stack.quotas import for_this_machine
from dev.stack.stack import Stack
from dev.stack.watched import watch
from sightline.bootstrap import aws_session, s3_client
from sightline.cli.factory import Factory
from sightline.errors import SightlineError
from sightline.models.images import ImageRow, Lane, State
from sightline.services.ingest import add_images

FOLDER = Path(".cache/demo")
WORKERS = ("ingest", "labels", "faces", "text", "rows", "graph", "operations", "careful")
FRAMES = 66
VISIT = 3
"""Frames that a camera takes one soon after the other."""


class DemoFailed(SightlineError):
    """The demonstration failed."""

    rule = "every demo frame must become complete, without a dead letter"
    remedy = "See the logs in .cache/demo"


def run(pictures: Path | None, *, is_open: bool) -> None:
    """Run every part; raise SightlineError if one fails."""
    uploads = _uploads(pictures)
    with _stack() as stack, _factory(stack) as factory:
        stack.set_up()
        _upload(uploads, factory)
        _say(f"Starting workers: {', '.join(WORKERS)}.")
        stack.start_workers(dict.fromkeys(WORKERS, 1))
        rows = _work(uploads, factory, stack)
        stack.replicas.stop()  # workers write their counts of calls when they end
        print_answers(uploads, rows, factory.services)
        print_accuracy(uploads, rows, factory.services)
        if is_open:
            hold_open(stack)
        if pictures is None:
            _judge(rows, count_dead_letters(factory.services))


def _uploads(pictures: Path | None) -> list[Upload]:
    if pictures is None:
        _say("Cutting camera frames from the clips of Debian's package opencv-doc.")
        frames = FOLDER / "frames"
        shutil.rmtree(frames, ignore_errors=True)
        newest_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
        make_frames(frames, newest_at, FRAMES, _examples(), VISIT)
        return demo_uploads(frames)
    if not pictures.is_dir():
        raise DemoFailed(str(pictures), rule="IMAGES must name a folder", remedy="Give an existing folder")
    uploads, others = folder_uploads(pictures)
    if not uploads:
        raise DemoFailed(str(pictures), rule="IMAGES must hold pictures", remedy="Give a folder of JPEG or PNG files")
    _say(f"{len(uploads)} pictures in {pictures}; {others} other files are ignored.")
    return uploads


def _examples() -> Path:
    try:
        return examples(FOLDER.parent)
    except PackageMissing as error:
        raise DemoFailed("the demo frames", rule=str(error), remedy="Try `make demo IMAGES=folder` instead") from error


@contextmanager
def _stack() -> Iterator[Stack]:
    """End the processes that an earlier run left behind, then start the servers without data."""
    folder = FOLDER / "stack"
    folder.mkdir(parents=True, exist_ok=True)
    PidFiles(folder).end_leftovers()
    shutil.rmtree(folder)
    _say("Starting Redis, Neo4j, DynamoDB Local, S3Mock and the local Rekognition on free loopback ports.")
    with Stack(folder, options=for_this_machine()) as stack:
        yield stack


@contextmanager
def _factory(stack: Stack) -> Iterator[Factory]:
    """Make this process a producer of the stack."""
    os.environ.update(stack.env)
    factory = Factory()
    _ = factory.app
    try:
        yield factory
    finally:
        factory.close()


def _upload(uploads: Sequence[Upload], factory: Factory) -> None:
    factory.services.buckets.create(BUCKET)
    s3 = s3_client(factory.settings, aws_session(factory.settings))
    with bars() as progress:
        bar = progress.add_task("upload", total=len(uploads), note="")
        for _ in upload_all(list(uploads), s3):
            progress.advance(bar)


def _work(uploads: Sequence[Upload], factory: Factory, stack: Stack) -> list[ImageRow]:
    ids = [str(each.uri) for each in uploads]
    add_images(ids, Lane.LIVE, factory.services)
    return follow(factory.services.images, ids, factory.settings.features, lambda: _check_processes(stack))


def _check_processes(stack: Stack) -> None:
    for process in stack.processes:
        if not process.is_running():
            raise NotReady(process.name, rule="it has ended", remedy=f"Its log ends:\n{process.log_end()}")


def _judge(rows: Sequence[ImageRow], dead_letters: int) -> None:
    incomplete = [row.image_id for row in rows if row.state is not State.COMPLETE]
    if incomplete or dead_letters:
        raise DemoFailed(f"{len(incomplete)} images are not complete, {dead_letters} dead letters")


def _say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None, demonstrate: Callable[..., None] = run) -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--images", type=Path, help="a folder of your own pictures instead of the demo frames")
    parser.add_argument("--open", action="store_true", help="leave the console open at the end, until Ctrl-C")
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    watch()
    try:
        demonstrate(chosen.images, is_open=chosen.open)
    except SightlineError as error:
        print(f"\nThe demonstration failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Everything that was started is stopped.", file=sys.stderr)
        return 130
    print(last_words(time.monotonic() - begun, was_open=chosen.open))
    return 0


if __name__ == "__main__":
    sys.exit(main())
