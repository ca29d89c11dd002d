"""The import, in two steps: read every label row, then keep one answer for each image. Both may be done twice.

The answer is settled before its row is written, and a row that is there is left alone: killed anywhere, the next run
keeps what is missing, and a run after that changes nothing. Nothing is sent: the images are read when they are added,
swept or backfilled.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice

from sightline.errors import BadMessage, ConfigurationError, ImageMissing, MissingBucket
from sightline.models.answers import Answer
from sightline.services.collaborators import Services
from sightline.services.imported import FEATURE, imported_answer, may_be_of, unread_analysis
from sightline.services.label_import.rows import InvalidLabelRow, read_image_id, read_row
from sightline.services.label_import.staging import OldAnswer, Staging
from sightline.services.plan import Plan
from sightline.services.results import result_of
from sightline.storage.buckets.protocol import ObjectUri
from sightline.storage.label_set.protocol import LabelItem
from sightline.storage.ledger.protocol import Entry, Status

PAGE = 100
WRITING_THREADS = 8


def read_labels(
    items: Iterable[LabelItem],
    name: str,
    bucket: str,
    staging: Staging,
    now: datetime,
    tell: Callable[[BadMessage], None],
) -> Counter[str]:
    """Stage every row; count `rows` and `refused`. tell: called with each bad row; its image is left out."""
    counts = Counter(rows=0, refused=0)
    for number, item in enumerate(items, start=1):
        subject = f"row {number} of {name} ({item.get('object_key')!a:.120}, {item.get('label')!a:.60})"
        counts["rows"] += 1
        try:
            staging.keep(read_row(item, bucket, subject, now))
        except BadMessage as error:
            counts["refused"] += 1
            tell(error)
            _leave_out(item, bucket, subject, staging)
    return counts


def _leave_out(item: LabelItem, bucket: str, subject: str, staging: Staging) -> None:
    try:
        staging.spoil(read_image_id(item, bucket, subject))
    except InvalidLabelRow:
        return  # it names no image that could be left out


def require_feature(plan: Plan) -> None:
    """Raise ConfigurationError if rows do not ask for labels: reading an image would then drop what was imported."""
    if FEATURE not in plan.features:
        raise ConfigurationError(
            f"SIGHTLINE_FEATURES ({', '.join(plan.features)})",
            rule=f"an imported answer stays with its image only where {FEATURE} are among the features",
            remedy=f"Add {FEATURE} to SIGHTLINE_FEATURES: what was imported is neither requested nor paid for again",
        )


def keep_answers(staging: Staging, services: Services, *, is_dry: bool, trusts: bool = False) -> Iterator[Counter[str]]:
    """Keep an answer and a row for each image that has none; return the counts of each page.

    new: images that nobody knew; known: those that have a row already; cut: of the new ones, those with a full list;
    unsure: those whose object was modified after the answer, so that it may be of other bytes: left out

    trusts: keep those too; the operator knows that the bucket was copied, or that clocks differed
    """
    images = staging.images()
    with ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="import") as pool:
        while page := dict(islice(images, PAGE)):
            known = services.images.get_many(page)
            unknown = {name: old for name, old in page.items() if name not in known}
            sure = list(pool.map(lambda each: trusts or _is_sure(each[0], each[1], services), unknown.items()))
            kept = {name: old for (name, old), is_sure in zip(unknown.items(), sure, strict=True) if is_sure}
            since = services.clock() if trusts else None
            answers = [(name, imported_answer(old.labels), since or old.at) for name, old in kept.items()]
            is_new = (
                [True] * len(answers)
                if is_dry
                else list(pool.map(lambda each: _keep(each[0], each[1], each[2], services), answers))
            )
            cut = sum(new and answer.is_truncated for new, (_, answer, _) in zip(is_new, answers, strict=True))
            unsure = len(unknown) - len(kept)
            yield Counter(new=sum(is_new), known=len(page) - unsure - sum(is_new), cut=cut, unsure=unsure)


def _is_sure(image_id: str, old: OldAnswer, services: Services) -> bool:
    """Return whether the object stood still since the answer. One that is not there yet is compared when it is read."""
    try:
        return may_be_of(services.buckets.head(ObjectUri.parse(image_id)).last_modified, old.at)
    except (ImageMissing, MissingBucket):
        return True


def _keep(image_id: str, answer: Answer, answered_at: datetime, services: Services) -> bool:
    unread = Entry(unread_analysis(image_id, services.plan), Status.RELEASED)
    settled = services.ledger.settle(unread, answer, 0, answered_at)
    return services.images.add_imported(image_id, FEATURE, result_of(settled))
