"""The producers of the soak: most add images properly, some only send a message, some only write to the bucket."""

import random
import time
from dataclasses import dataclass, field
from threading import Event, Thread

from bench.soak_environment import Environment, Images, insisting
from sightline.models.images import Lane
from sightline.services.ingest import add_images
from sightline.storage.buckets.protocol import ObjectUri

TWICE_EVERY = 10
MESSAGE_ONLY_EVERY = 20
BUCKET_ONLY_EVERY = 50


@dataclass
class Producers:
    """Hand in every image within so many seconds, some of them twice, and overwrite some meanwhile.

    overwritten: number of an image → when it was overwritten, in seconds since the epoch
    """

    environment: Environment
    images: Images
    overwrites: int
    seconds: float
    seed: int
    overwritten: dict[int, float] = field(default_factory=dict)
    handed_in: int = 0
    failed: list[BaseException] = field(default_factory=list)

    def start(self) -> Thread:
        """Start handing in, in a thread."""
        thread = Thread(target=self._run, name="producers", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            self._hand_in(random.Random(self.seed))
        except Exception as error:  # noqa: BLE001 - the report names it
            print(f"the producers give up: {error!r}", flush=True)
            self.failed.append(error)

    def _hand_in(self, chance: random.Random) -> None:
        every = self.images.count // self.overwrites if self.overwrites else 0
        pace, begun = self.seconds / self.images.count, time.monotonic()
        for number in range(self.images.count):
            Event().wait(max(0.0, begun + number * pace - time.monotonic()))
            self._put(number, self.images.first(number))
            self._announce(number)
            self.handed_in += 1
            if every and number % every == every - 1 and len(self.overwritten) < self.overwrites:
                self._overwrite(number - chance.randrange(every))

    def _overwrite(self, number: int) -> None:
        self._put(number, self.images.second(number))
        self.overwritten[number] = time.time()
        self._announce(number)

    def _put(self, number: int, data: bytes) -> None:
        uri, buckets = ObjectUri.parse(self.images.uri(number)), self.environment.services.buckets
        insisting(lambda: buckets.put(uri, data), self.environment.stack.moves)

    def _announce(self, number: int) -> None:
        """Announce an image: with a row and a message, with a message alone, twice, or not at all."""
        uri, moves = self.images.uri(number), self.environment.stack.moves
        if number % BUCKET_ONLY_EVERY == BUCKET_ONLY_EVERY - 1:
            return
        if number % MESSAGE_ONLY_EVERY == MESSAGE_ONLY_EVERY - 2:
            insisting(lambda: self.environment.send_message(uri), moves)
            return
        insisting(lambda: add_images([uri], Lane.LIVE, self.environment.services), moves)
        if number % TWICE_EVERY == 0:
            insisting(lambda: self.environment.send_message(uri), moves)
