"""A training set with planted strays: real commands over real servers, killed in the middle of their moves."""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.verify_set_pictures import FITS, Planted
from dev.stack.processes import Process, cpu_of, inherited
from dev.stack.waiting import Moves, wait_until
from sightline.bootstrap import aws_session, connect, s3_client
from sightline.config import Settings

COMMAND = (sys.executable, "-c", "from sightline.cli import main; main()", "verify-set")
EXAMPLES = 3

Objects = dict[str, tuple[bytes, Any]]
"""Key → bytes, and metadata and headers."""


@dataclass(frozen=True, slots=True)
class Found:
    """How the report compares with the truth. wrong: files with another outcome than planted, by name."""

    precision: Mapping[str, float]
    recall: Mapping[str, float]
    wrong: Mapping[str, str]
    missed_duplicates: Collection[str]
    other_duplicates: Collection[str]


class World:
    """Servers, with tables, a bucket and a prefix in Redis that no other run has."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        name = uuid4().hex[:8]
        self.bucket = f"set-{name}"
        self.env = {
            "SIGHTLINE_NEO4J_PASSWORD": "not used",
            **env,
            "SIGHTLINE_TABLE_PREFIX": f"set-{name}-",
            "SIGHTLINE_KEY_PREFIX": f"set-{name}:",
            "SIGHTLINE_LOG_LEVEL": "WARNING",
        }
        self._folder = folder
        self._settings = _settings(self.env)
        self._s3 = s3_client(self._settings, aws_session(self._settings))

    def set_up(self, files: Sequence[Planted]) -> None:
        """Create the tables and upload the files, each with metadata of its own."""
        services = connect(self._settings)
        services.ledger.setup()
        services.operations.setup()
        services.graph.close()
        self._s3.create_bucket(Bucket=self.bucket)
        for number, file in enumerate(files):
            self._s3.put_object(
                Bucket=self.bucket,
                Key=file.name,
                Body=file.data,
                Metadata={"number": str(number)},
                ContentType="image/jpeg",
                CacheControl="max-age=60",
            )

    def objects(self) -> Objects:
        """Read everything in the bucket."""
        found: Objects = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for each in page.get("Contents", ()):
                answer = self._s3.get_object(Bucket=self.bucket, Key=each["Key"])
                facts = {name: answer.get(name) for name in ("Metadata", "ContentType", "CacheControl")}
                found[each["Key"]] = answer["Body"].read(), facts
        return found

    def arguments(self, files: Sequence[Planted], at_least: float) -> tuple[str, ...]:
        """Return the arguments of a report, with the first files as examples."""
        liked = [each for file in files[:EXAMPLES] for each in ("--like", f"s3://{self.bucket}/{file.name}")]
        return (f"s3://{self.bucket}/signs/", *liked, "--without", "Person", "--at-least", f"{at_least:g}", "--yes")

    def aside(self) -> tuple[str, ...]:
        """Return the option that names the quarantine."""
        return "--quarantine", f"s3://{self.bucket}/aside/"

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run the command to its end; return its JSON. Raise RuntimeError if it fails."""
        command = (*COMMAND, *arguments, "--json")
        done = subprocess.run(command, env=inherited() | self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def kill_when(self, aside: int, *arguments: str) -> None:
        """Run the command, and kill it (SIGKILL) once it has copied so many objects into quarantine, or out of it."""
        process = Process("verify-set", (*COMMAND, *arguments), self._folder / "verify-set.log", inherited() | self.env)
        is_filling = self._aside() < aside
        process.start()

        def is_time() -> bool:
            there = self._aside()
            return not process.is_running() or (there >= aside if is_filling else there <= aside)

        def moves() -> Moves:
            return self._aside(), cpu_of({process.pid})

        wait_until(is_time, moves, every=0.02)
        process.kill()

    def _aside(self) -> int:
        return int(self._s3.list_objects_v2(Bucket=self.bucket, Prefix="aside/objects/")["KeyCount"])


def compare(files: Sequence[Planted], report: Mapping[str, Any]) -> Found:
    """Compare a report with what was planted. The examples are counted as every other picture."""
    said = {each["uri"].split("/", 3)[3]: each["outcome"] for each in report["images"]}
    why = {each["uri"].split("/", 3)[3]: each["because"] for each in report["images"]}
    truth = {file.name: file.outcome for file in files}
    outcomes = sorted({*truth.values()} - {FITS})
    right = {each: sum(said[name] == each == truth[name] for name in truth) for each in outcomes}
    copies = {file.name for file in files if file.copy_of}
    groups = [{uri.split("/", 3)[3] for uri in each["uris"]} for each in report["duplicates"]]
    expected = {file.name: {file.name, file.copy_of} for file in files if file.copy_of}
    found = {name for name in copies if any(expected[name] <= group for group in groups)}
    others = {name for group in groups for name in group} - {one for pair in expected.values() for one in pair if one}
    return Found(
        {each: right[each] / max(1, sum(value == each for value in said.values())) for each in outcomes},
        {each: right[each] / max(1, sum(value == each for value in truth.values())) for each in outcomes},
        {name: f"{truth[name]} taken for {said[name]}: {why[name]}" for name in truth if said[name] != truth[name]},
        copies - found,
        others,
    )


def _settings(env: Mapping[str, str]) -> Settings:
    values = {name.removeprefix("SIGHTLINE_").lower(): value for name, value in env.items()}
    known = {name: value for name, value in values.items() if name in Settings.model_fields}
    return Settings.model_validate(known)
