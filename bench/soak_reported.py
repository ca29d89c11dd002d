"""What the soak adds with `--reported-faults`, while workers and servers die: uploads and buckets that people reported.

Files that are empty first, a camera that sends clips, a key that is overwritten each second, and a bucket of another
region. All but that bucket's images must be complete in the end. Consumers are cancelled by the script of faults.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Event, Thread

from bench.reported import (
    AT_ONCE,
    FOREIGN,
    MOST_DROPPED,
    ForeignBucket,
    Snapshot,
    Uploader,
    empty_then_whole,
    not_taken_from,
    others_of,
    uploads,
    with_clips,
)
from bench.soak_environment import FEATURES, Environment
from bench.soak_faults import CANCEL, Faults
from bench.soak_pictures import BUCKET, picture_of
from bench.soak_report import Line
from dev.stack.waiting import wait_until
from sightline.models.images import State
from sightline.storage.pauses import Cause

EMPTY_FIRST = 60
SNAPSHOTS = 30
IN_OTHER_REGION = 6
OVERWRITTEN_EVERY_SECONDS = 1.0
POLL_SECONDS = 2.0
WAITS = {State.RECEIVED, State.ANALYSING}


class ReportedFiles:
    """What is uploaded in so many seconds of a day."""

    def __init__(self, today: datetime, seconds: float) -> None:
        day = f"{today:%Y-%m-%d}"
        self.seconds = seconds
        self.empty_first = uploads(BUCKET, "ftp", EMPTY_FIRST, day)
        self.with_clips = uploads(BUCKET, "mix", SNAPSHOTS, day)
        self.foreign = uploads(FOREIGN, "abroad", IN_OTHER_REGION, day)
        names = [f"door {number}" for number in range(int(seconds / OVERWRITTEN_EVERY_SECONDS) + 1)]
        self.snapshot = Snapshot(uploads(BUCKET, "door", 1, day)[0].uri, names)

    @property
    def to_be_complete(self) -> tuple[str, ...]:
        """Return the ids of the images that must be complete in the end."""
        return (*(each.uri for each in (*self.empty_first, *self.with_clips)), self.snapshot.uri)

    def pictures(self) -> Iterator[bytes]:
        """Make every picture."""
        yield from (each.data for each in (*self.empty_first, *self.with_clips, *self.foreign))
        yield from map(picture_of, self.snapshot.names)


@dataclass
class ReportedFaults:
    """Uploads the files of a run, each kind in a thread of its own."""

    environment: Environment
    files: ReportedFiles
    failed: list[BaseException] = field(default_factory=list)
    _is_over: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.foreign = ForeignBucket(self.environment, self.files.foreign)

    def start(self) -> None:
        """Fill the foreign bucket, then start uploading."""
        self.foreign.fill()
        Uploader(self.environment).add([each.uri for each in self.files.foreign])
        self.start_uploading()

    def start_uploading(self) -> None:
        """Start a thread for each kind of upload."""
        uploader, files = Uploader(self.environment), self.files
        of_threes = files.seconds * AT_ONCE / EMPTY_FIRST
        overwrite = partial(files.snapshot.overwrite, every=OVERWRITTEN_EVERY_SECONDS, until=self._is_over)
        kinds: list[Callable[[], None]] = [
            partial(empty_then_whole, uploader, files.empty_first, of_threes),
            partial(with_clips, uploader, files.with_clips, files.seconds / SNAPSHOTS),
            partial(overwrite, uploader),
        ]
        self._threads = [Thread(target=self._note_failure, args=(kind,), daemon=True) for kind in kinds]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Overwrite no more, and wait until all is uploaded."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _note_failure(self, kind: Callable[[], None]) -> None:
        try:
            kind()
        except Exception as error:  # noqa: BLE001 - the report names it
            self.failed.append(error)

    def wait_for_letter(self) -> None:
        """Wait for the dead letter of the foreign bucket, as long as anything moves."""
        wait_until(self.foreign.letters, self.environment.stack.moves, every=POLL_SECONDS)

    def lines(self, faults: Faults, minutes: float) -> list[Line]:
        """Return what is promised, and what came of it. minutes: since the foreign bucket was filled."""
        letters, cancelled = self.foreign.letters(), {act.whom for act in faults.acts if act.what == CANCEL}
        most_dropped = MOST_DROPPED + len(faults.in_flight)
        most_calls = IN_OTHER_REGION * len(FEATURES) + 2 * minutes
        return [
            Line("clips and indexes with a row", self._others_with_row(), 0),
            Line("stopped cameras and lanes", self._stopped(), 0),
            Line("images of the foreign bucket that do not wait", self._foreign_that_ended(), 0),
            Line("dead letters of the foreign bucket", len(letters), 1),
            Line("foreign buckets without a dead letter", int(not letters), 0),
            Line("calls refused for the foreign bucket", self.foreign.calls(), round(most_calls)),
            Line("calls − analyses, of the snapshot key", self.files.snapshot.dropped(self.environment), most_dropped),
            Line("cancelled queues that no worker takes from", len(not_taken_from(self.environment, cancelled)), 0),
            Line("uploads of the snapshot key", len(self.files.snapshot.written)),
        ]

    def _others_with_row(self) -> int:
        uris = [uri for each in self.files.with_clips for uri in others_of(each)]
        return len(self.environment.services.images.get_many(uris))

    def _stopped(self) -> int:
        stops = self.environment.services.operations.pauses.stops()
        return sum(each.cause in {Cause.BRAKE, Cause.CAMERA} for each in stops)

    def _foreign_that_ended(self) -> int:
        rows = self.environment.services.images.get_many([each.uri for each in self.files.foreign])
        return len(self.files.foreign) - sum(row.state in WAITS for row in rows.values())
