"""A set of tables, with the same images as another one, and what people and the schedule do with them.

Two sets are of one DynamoDB and one bucket. One has its verdicts from the console, the other from sheets.
"""

import csv
import io
import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from bench.reviewers_pictures import DAYS, LABEL
from bench.rollup_environment import runs
from dev.stack import Stack
from dev.stack.processes import Process, inherited, wait_for
from dev.stack.readiness import http_answers
from dev.stack.settings import settings_of
from dev.stack.waiting import LONGEST_SECONDS
from sightline.bootstrap import aws_session, connect
from sightline.models.answers import Json
from sightline.models.images import CameraDay, ImageRow
from sightline.services.users import Passwords, add_user
from sightline.stats.verdicts import Answer
from sightline.stats.windows import WINDOW_DAYS
from sightline.storage.dirty_days import Purpose
from sightline.storage.dynamodb.table import DynamoTable
from sightline.storage.images.encoding import encode_row, images_table
from sightline.storage.images.keys import NEW_TABLE
from sightline.storage.rollups.protocol import ALL_CAMERAS, RollupKey
from sightline.storage.users.protocol import Role

COMMAND = (sys.executable, "-c", "from sightline.cli import main; main()")
MOST_LISTED = 5_000
"""The most that `review next` lists: all that are left."""

Figures: TypeAlias = Mapping[RollupKey, tuple[int, str, str, str, Mapping[str, Json]]]
"""Of each roll-up: its revision, why it was made, the hashes of its images and verdicts, and all that it says."""


class Tables:
    """The tables under one prefix."""

    def __init__(self, env: Mapping[str, str], prefix: str) -> None:
        own = {"SIGHTLINE_TABLE_PREFIX": prefix, "SIGHTLINE_LOG_LEVEL": "WARNING"}
        self.env = {"SIGHTLINE_NEO4J_PASSWORD": "not used", **env, **own}
        self.days: frozenset[CameraDay] = frozenset()
        self._settings = settings_of(self.env)
        self.services = connect(self._settings)

    def fill(self, rows: Sequence[ImageRow]) -> None:
        """Create the tables, and write images as they are after their analysis."""
        services = self.services
        for store in (services.images, services.verdicts, services.rollups, services.operations, services.users):
            store.setup()
        client = aws_session(self._settings).client("dynamodb", endpoint_url=self._settings.dynamodb_endpoint)
        table = DynamoTable(client, images_table(self._settings.table_prefix))
        table.put_many(encode_row(row, NEW_TABLE) for row in rows)
        self.days = frozenset(row.capture.camera_day for row in rows if row.capture)
        services.operations.dirty_days.mark(self.days, [Purpose.ROLLUPS])

    def add_reviewers(self, names: Sequence[str], password: str) -> None:
        """Add users of the console who review, and may do nothing else."""
        users, clock = self.services.users, self.services.clock
        for name in names:
            add_user(name, [Role.REVIEWER], password, users=users, passwords=Passwords(), clock=clock)

    def run(self, *arguments: str) -> str:
        """Run a command of sightline; return what it printed. Raise RuntimeError if it fails."""
        command, env = (*COMMAND, *arguments), inherited() | self.env
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
        if done.returncode:
            raise RuntimeError(f"sightline {' '.join(arguments)}: exit code {done.returncode}: {done.stderr}")
        return done.stdout

    def import_sheets(self, said: Mapping[str, Mapping[str, Answer]], folder: Path) -> list[dict[str, Any]]:
        """Ask for a sheet, have each reviewer fill in a copy, and import the copies; return what each import said.

        said: reviewer → image → answer
        """
        last_day, window, count = max(each.day for each in self.days), str(DAYS), str(MOST_LISTED)
        scope = ("--label", LABEL, "--day", last_day, "--window", window)
        sheet = self.run("review", "next", *scope, "--count", count, "--csv")
        imported = []
        for reviewer, answers in said.items():
            file = folder / f"{reviewer}.csv"
            file.write_text(filled_in(sheet, answers))
            imported.append(json.loads(self.run("verdicts", "import", str(file), "--reviewer", reviewer, "--json")))
        return imported

    def export(self) -> list[dict[str, str]]:
        """Export all verdicts; return the lines without the time of each."""
        lines = csv.DictReader(io.StringIO(self.run("verdicts", "export")))
        return [{name: cell for name, cell in line.items() if name != "at"} for line in lines]

    def roll_up(self) -> None:
        """Do what the schedule does each hour, until nothing is left."""
        deque(runs(self.services, max(each.day for each in self.days)))

    def rollups(self) -> Figures:
        """Read all roll-ups, but for their times."""
        days = sorted({each.day for each in self.days})
        cameras = [ALL_CAMERAS, *sorted({each.camera for each in self.days})]
        between = self.services.rollups.between
        found = (r for camera in cameras for w in WINDOW_DAYS for r in between(camera, LABEL, w, days[0], days[-1]))
        return {r.key: (r.revision, r.reason, r.population_hash, r.verdicts_hash, r.figures) for r in found}

    def accuracy(self, window_days: int) -> dict[str, Any]:
        """Return what `sightline accuracy` tells of a window, but for the times of its roll-ups."""
        last_day = max(each.day for each in self.days)
        asked = ("--label", LABEL, "--day", last_day, "--window", str(window_days))
        report: dict[str, Any] = json.loads(self.run("accuracy", *asked, "--json"))
        return report | {"rows": [{k: v for k, v in row.items() if k != "at"} for row in report["rows"]]}

    def close(self) -> None:
        """Close the connections."""
        self.services.graph.close()


def filled_in(sheet: str, answers: Mapping[str, Answer]) -> str:
    """Fill in the column `verdict` of a sheet; leave the lines of other images blank. answers: by image."""
    lines, file = csv.DictReader(io.StringIO(sheet)), io.StringIO()
    written = csv.DictWriter(file, lines.fieldnames or ())
    written.writeheader()
    written.writerows({**line, "verdict": answers.get(line["uri"], "")} for line in lines)
    return file.getvalue()


@contextmanager
def serving(stack: Stack, tables: Tables) -> Iterator[str]:
    """Run `sightline serve` over some tables; give its address."""
    port = stack.layout.port("web")
    settings = tables.env | {"SIGHTLINE_WEB_PORT": str(port), "SIGHTLINE_WEB_FIRST_PASSWORD": ""}
    process = Process("web", (*COMMAND, "serve"), stack.layout.log("web"), inherited() | settings)
    process.start()
    try:
        wait_for(process, partial(http_answers, port, "/healthz"), f"127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()
