"""What every page and every call of the API works with: the services, and how this console is reached."""

import os
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from sightline.queues.publishing import Publish
from sightline.services.collaborators import Services
from sightline.services.dead_letter_groups import Group
from sightline.services.new_images import DaysWithNew
from sightline.services.rollups.report import Report
from sightline.services.status import status_sections
from sightline.services.users import Passwords
from sightline.stats.curves import CalibrationBin
from sightline.storage.users.doubts import Doubt
from sightline.web.graph_reader import GraphReader
from sightline.web.recent import Recent
from sightline.web.sign_in_limits import SignInLimits
from sightline.web.signed_addresses import AddressSigner
from sightline.web.status_reader import StatusReader
from sightline.web.thumbnails import Thumbnails
from sightline.web.turns import Turns
from sightline.web.visitors import Visitor

if TYPE_CHECKING:
    from sightline.web.figures import Curves
    from sightline.web.patterns import CountOfMonth
    from sightline.web.words import Review

READS_AT_ONCE = 16

STATUS_READS_AT_ONCE = 16
"""Sections of the status, in threads of their own: one whose server stands still takes none from the other pages."""

VISITOR_KEPT = timedelta(seconds=10)
"""How long a process trusts what it has read of a session: so long a change of password may take to end the others."""

KNOWN_DAYS_KEPT = timedelta(seconds=60)
UNSEEN_DAYS_KEPT = timedelta(minutes=5)
LABELS_KEPT = timedelta(seconds=60)
MONTHS_KEPT = timedelta(days=1)
"""Of a month that has ended: what comes late is counted the next day."""

MONTH_GOING_ON_KEPT = timedelta(minutes=5)
MOST_MONTHS = 200
"""Each has half a kilobyte for each label."""

COUNTS_KEPT = timedelta(minutes=1)
"""How long a process keeps how many images show a label: to count them, the graph reads each image of the days."""

MOST_COUNTS = 40

FIGURES_KEPT = timedelta(seconds=60)
CURVES_KEPT = timedelta(hours=1)
"""Of a revision of a rollup, which does not change: another revision has other curves."""

CURVES_AT_ONCE = os.cpu_count() or 1
"""Of how many visitors curves are computed at once: more would only take memory."""

DAYS_AT_ONCE = 2
"""Of how many visitors a page of a day is made at once: one waits for DynamoDB while Python works for the other. More
at once take as long together, and some of them far longer than others."""

DAY_WAITED_FOR_SECONDS = 2.0

MOST_REPORTS = 40

GROUPS_KEPT = timedelta(seconds=60)
"""How long a process keeps the numbers of dead letters: reading them walks through all."""
DOUBTS_KEPT = timedelta(minutes=1)

WORDS_KEPT = timedelta(minutes=5)
"""How long a process keeps what was asked and said: reading it walks through all of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the console is reached.

    secret: signs the addresses of pictures; hosts: names by which browsers reach it; origins: those whose pages may
    read the API with a token; is_https: browsers reach it over HTTPS; visit_gap: how far apart the pictures of one
    visit may be; other_pages: name → address of what else shows how it goes, such as Grafana
    """

    secret: bytes = field(repr=False)
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    is_https: bool
    session_lasts: timedelta
    visit_gap: timedelta
    other_pages: Mapping[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie. A browser takes `__Host-` from this very host over HTTPS alone."""
        return "__Host-sightline" if self.is_https else "sightline"

    def set_cookie(self, answer: Response, credential: str) -> None:
        """Give the browser a session's cookie."""
        lasts = int(self.session_lasts.total_seconds())
        answer.set_cookie(
            self.cookie, credential, max_age=lasts, path="/", secure=self.is_https, httponly=True, samesite="lax"
        )

    def drop_cookie(self, answer: Response) -> None:
        """Take it back."""
        answer.delete_cookie(self.cookie, path="/", secure=self.is_https, httponly=True, samesite="lax")


class Console:
    """The collaborators of pages and API. Threads share one."""

    def __init__(
        self,
        services: Services,
        options: Options,
        send: Publish,
        thumbnails: Thumbnails,
        passwords: Passwords | None = None,
    ) -> None:
        self.services = services
        self.options = options
        self.send = send
        self.thumbnails = thumbnails
        self.passwords = passwords or Passwords()
        self.sign_in_limits = SignInLimits(services.clock)
        self.signer = AddressSigner(options.secret, services.clock)
        self.visitors: Recent[str, Visitor | None] = Recent(services.clock, VISITOR_KEPT)
        self.known_days: Recent[str, dict[str, list[str]]] = Recent(services.clock, KNOWN_DAYS_KEPT)
        self.unseen_days: Recent[Hashable, DaysWithNew] = Recent(services.clock, UNSEEN_DAYS_KEPT)
        self.labels: Recent[str, Sequence[str]] = Recent(services.clock, LABELS_KEPT)
        self.months: Recent[Hashable, CountOfMonth] = Recent(services.clock, MONTHS_KEPT, MOST_MONTHS)
        self.month_going_on: Recent[Hashable, CountOfMonth] = Recent(services.clock, MONTH_GOING_ON_KEPT, MOST_MONTHS)
        self.times: Recent[Hashable, Counter[tuple[int, int]]] = Recent(services.clock, COUNTS_KEPT, MOST_COUNTS)
        self.confidences: Recent[Hashable, Counter[int]] = Recent(services.clock, COUNTS_KEPT, MOST_COUNTS)
        self.reports: Recent[Hashable, Report] = Recent(services.clock, FIGURES_KEPT, MOST_REPORTS)
        self.curves: Recent[Hashable, Curves] = Recent(services.clock, CURVES_KEPT, MOST_REPORTS)
        self.curves_turn = BoundedSemaphore(CURVES_AT_ONCE)
        self.day_turns = Turns(DAYS_AT_ONCE, DAY_WAITED_FOR_SECONDS)
        self.calibrations: Recent[Hashable, Sequence[CalibrationBin]] = Recent(
            services.clock, CURVES_KEPT, MOST_REPORTS
        )
        self.dead_groups: Recent[str, Mapping[str, Group]] = Recent(services.clock, GROUPS_KEPT)
        self.words: Recent[str, Review] = Recent(services.clock, WORDS_KEPT)
        self.doubts: Recent[str, Sequence[Doubt]] = Recent(services.clock, DOUBTS_KEPT)
        self.graph = GraphReader(lambda: self.services.graph)
        self.reads = ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="web-read")
        self.counts = ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="web-count")
        """What counts one month beside another: a thread for each page, so that none waits for those of others."""
        self.status_reads = ThreadPoolExecutor(STATUS_READS_AT_ONCE, thread_name_prefix="web-status")
        begun_at = services.clock()
        self.status = StatusReader(
            lambda: status_sections(self.services, since=begun_at), services.clock, self.status_reads
        )

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.services.clock()

    def forget_visitors(self, is_meant: Callable[[Visitor], bool]) -> None:
        """Have the sessions of these users read again: they have ended, or may do other things now."""
        self.visitors.drop(lambda kept: kept is not None and is_meant(kept))

    def close(self) -> None:
        """End the threads."""
        self.reads.shutdown(cancel_futures=True)
        self.counts.shutdown(cancel_futures=True)
        self.status_reads.shutdown(cancel_futures=True)


def console_of(request: Request) -> Console:
    """Return the console that serves this request."""
    console: Console = request.app.state.console
    return console
