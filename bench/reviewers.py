"""Do two reviewers in two browsers at once lose or double a verdict, and are the estimates those of a sheet?

`python -m bench.reviewers [--verdicts N] [--seed N]`, on its own servers. A real `sightline serve` asks about images
whose truth is planted. Two people, each at a Chromium of their own, begin their batches at the same moment again and
again, and answer by keys what they see on the screen. The same verdicts then go by sheets and `sightline verdicts
import` into a second set of tables, and both are rolled up. It exits 1 if a promise is broken.
"""

import argparse
import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import BrokenBarrierError
from typing import Any

from bench.reviewers_browser import Manner, Press, Reviewer, Turns, chromium
from bench.reviewers_pictures import BUCKET, CAMERAS, DAYS, LABEL, Planted, Seen, answer_to, planted, rows_of
from bench.reviewers_promises import Promise, Review, Shown, of_exports, of_figures, of_imports, of_reports
from bench.reviewers_tables import Tables, serving
from bench.soak_environment import add_seed
from dev.stack import Options, Stack
from dev.stack.watched import temporary_folder
from sightline.cli.output import print_table
from sightline.services.review_batches import BATCH
from sightline.stats.verdicts import Answer
from sightline.stats.windows import WINDOW_DAYS
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.users.batches import Batch

SERVERS = ("redis", "dynamodb", "s3")
NAMES = ("ann", "bob")
PASSWORD = "a password of a benchmark"  # noqa: S105 - of a local server
VERDICTS = 500
THRESHOLD_PERCENT = 50.0
WRITERS = 8
ENDED = timedelta(days=2)
"""So long ago was the last day: it has ended in every time zone, also if midnight passes meanwhile."""

BATCHES_AT_MOST = 1_000
MEASURES = ("precision", "recall", "f1", "missed")


def main() -> int:
    """Fill, review, import, compare and report."""
    parser = argparse.ArgumentParser("python -m bench.reviewers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--verdicts", type=int, default=VERDICTS, help="by both together")
    add_seed(parser)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with (
        temporary_folder("bench-reviewers-") as folder,
        Stack(folder / "stack", SERVERS, Options(dynamodb_in_memory=True)) as stack,
    ):
        console, sheets = Tables(stack.env, "console-"), Tables(stack.env, "sheets-")
        images = planted(_images_a_day(given.verdicts), (console.services.clock() - ENDED).date(), given.seed)
        shown = fill(images, console, sheets)
        with serving(stack, console) as origin:
            presses, seconds = review(origin, given.verdicts, max(each.day for each in console.days), given.seed)
        reviewed = read(console, given.verdicts, presses, shown)
        imported = sheets.import_sheets(_said(presses, shown), folder)
        for tables in (console, sheets):
            tables.roll_up()
        tell_reviewers(reviewed, seconds)
        tell_figures(console, sheets, in_all(images, given.seed))
        promises = [*reviewed.promises(), of_imports(given.verdicts, imported), *compare(console, sheets)]
        for tables in (console, sheets):
            tables.close()
    return report(promises)


def _images_a_day(verdicts: int) -> int:
    """Return how many images of a camera's day leave a batch for each reviewer when all verdicts are given."""
    return math.ceil((verdicts + 2 * len(NAMES) * BATCH) / (DAYS * len(CAMERAS)))


def fill(images: Sequence[Planted], *every: Tables) -> dict[int, Shown]:
    """Draw the pictures, upload them, and write their rows to all tables; return by number what may be shown."""
    pictures = {image.number: image.picture() for image in images}
    rows = list(rows_of(images, pictures))
    for tables in every:
        tables.fill(rows)
    every[0].add_reviewers(NAMES, PASSWORD)
    buckets = every[0].services.buckets
    buckets.create(BUCKET)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda each: buckets.put(ObjectUri.parse(each.image_id), pictures[each.number]), images))
    return {
        image.number: Shown(image.image_id, row.content.sha256)
        for image, row in zip(images, rows, strict=True)
        if row.content
    }


def review(origin: str, verdicts: int, last_day: str, seed: int) -> tuple[list[Press], float]:
    """Have all reviewers answer at once; return the keys that they pressed, and the seconds that it took."""
    turns = Turns(verdicts, len(NAMES))

    def sit_down(name: str) -> list[Press]:
        try:
            with chromium() as page:
                reviewer = Reviewer(page, name, origin, turns, partial(answer_to, seed=seed))
                reviewer.sign_in(PASSWORD)
                reviewer.review(LABEL, last_day)
                return reviewer.presses
        except BaseException:
            turns.give_up()
            raise

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(NAMES)) as pool:
        ends = [pool.submit(sit_down, name) for name in NAMES]
    failures = [failure for end in ends if (failure := end.exception())]
    for failure in sorted(failures, key=lambda each: isinstance(each, BrokenBarrierError)):
        raise failure  # the one that made the other give up, if there is such a one
    return [press for end in ends for press in end.result()], time.perf_counter() - begun


def read(tables: Tables, asked: int, presses: Sequence[Press], shown: Mapping[int, Shown]) -> Review:
    """Read what the stores have of a review."""
    batches, verdicts = tables.services.users.batches, tables.services.verdicts
    every = [batch for name in NAMES for batch in batches.newest(name, BATCHES_AT_MOST)]
    kept = [each.verdict for each in verdicts.scan()]
    return Review(asked, presses, every, kept, frozenset(batches.held(LABEL)), shown)


def _said(presses: Sequence[Press], shown: Mapping[int, Shown]) -> dict[str, dict[str, Answer]]:
    found: dict[str, dict[str, Answer]] = {name: {} for name in NAMES}
    for press in presses:
        found[press.reviewer][shown[press.number].image_id] = press.answer
    return found


def compare(console: Tables, sheets: Tables) -> list[Promise]:
    """Compare what both sets of tables say."""
    of_console, of_sheets = ([each.accuracy(days) for days in WINDOW_DAYS] for each in (console, sheets))
    return [
        of_exports(console.export(), sheets.export()),
        of_figures(console.rollups(), sheets.rollups()),
        of_reports(of_console, of_sheets),
    ]


def in_all(images: Sequence[Planted], seed: int) -> dict[str, float]:
    """Return the figures that the same reviewers would come to in all images; where they are unsure, by the truth."""
    said = {each.number: answer_to(Seen(each.number, each.is_present), seed) for each in images}
    shows = {each.number: said[each.number] is Answer.PRESENT for each in images}
    shows |= {each.number: each.is_present for each in images if said[each.number] is Answer.UNSURE}
    found = [each.number for each in images if each.percent is not None and each.percent >= THRESHOLD_PERCENT]
    present, right = sum(shows.values()), sum(shows[number] for number in found)
    f1 = 2 * right / (len(found) + present)
    return {"precision": right / len(found), "recall": right / present, "f1": f1, "missed": present - right}


def tell_reviewers(done: Review, seconds: float) -> None:
    """Print what each reviewer did, and how fast both were."""
    rows = []
    for name in NAMES:
        batches = [batch for batch in done.batches if batch.user == name]
        pressed = Counter(press.manner for press in done.presses if press.reviewer == name)
        pictures = sum(len(batch.pictures) for batch in batches)
        rows.append((name, len(batches), pictures, pressed.total(), *(pressed[manner] for manner in Manner)))
    print_table("Reviewers", ("", "batches", "pictures", "verdicts", *(f"by {each.value}" for each in Manner)), rows)
    a_minute = 60 * len(done.presses) / seconds
    print(f"{a_minute:.0f} verdicts a minute by both; batches of a round were made {_apart(done.batches)} s apart\n")


def _apart(batches: Sequence[Batch]) -> str:
    """Return the median and the most of the seconds between the beginnings of the batches of a round."""
    made = (sorted(batch.made_at for batch in batches if batch.user == name) for name in NAMES)
    apart = [max(round_) - min(round_) for round_ in zip(*made, strict=False)]
    seconds = [each.total_seconds() for each in apart]
    return f"{statistics.median(seconds):.2f} (at most {max(seconds):.2f})"


def tell_figures(console: Tables, sheets: Tables, in_all: Mapping[str, float]) -> None:
    """Print the figures of all cameras and days by both ways, beside those of a review of all images."""
    told = [each.accuracy(DAYS)["rows"][0] for each in (console, sheets)]
    rows = [(name, *(_figure(each["figures"][name]) for each in told), f"{in_all[name]:.6g}") for name in MEASURES]
    reviewed, population, held_back = (told[0][name] for name in ("reviewed", "population", "held_back"))
    title = f"{LABEL}, {DAYS} days: {reviewed} of {population} images reviewed, {held_back} held back"
    print_table(title, ("", "by the console", "by sheets", "if all were reviewed"), rows)


def _figure(told: Mapping[str, Any]) -> str:
    reason = told.get("not_estimable")
    return reason or f"{told['median']:.6g} ({told['low']:.6g} to {told['high']:.6g})"


def report(promises: Sequence[Promise]) -> int:
    """Print the promises; return the exit status."""
    for each in promises:
        print(f"{'yes' if each.is_kept else 'NO':<4}{each.words}: {each.seen}")
    return int(not all(each.is_kept for each in promises))


if __name__ == "__main__":
    sys.exit(main())
