"""The committed list of each Java server's jars: a line `sha256  group:artifact:version[:classifier]` for each.

`python -m dev.install.jars` writes the lists from what Maven resolves; an installation only compares with them.
"""

import hashlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev.install.commands import run
from dev.install.errors import WrongJars
from dev.install.folders import CHECKOUT

JAVA = CHECKOUT / "dev" / "stack" / "java"
"""One folder for each Java server: pom.xml names its jars, jars.sha256 the files; a class binds it to loopback."""

JAVA_SERVERS = ("dynamodb", "neo4j", "s3", "sqs")
LIST = "jars.sha256"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


def copy(name: str, folder: Path) -> None:
    """Let Maven copy a server's jars into the folder. Raise WrongJars unless they are those of the committed list."""
    run(_maven(name, "copy-dependencies", f"-DoutputDirectory={folder}"))
    compare(read_list(JAVA / name / LIST), hashes(folder), name, read_places(JAVA / name / LIST))


def read_list(path: Path) -> dict[str, str]:
    """Return the sha256 of each file, by the file's name."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return {file_name(coordinates): sha256 for sha256, coordinates in lines}


def read_places(path: Path) -> dict[str, str]:
    """Return where Maven's own repository has each file, by the file's name."""
    places = {}
    for line in path.read_text().splitlines():
        coordinates = line.split()[1]
        group, artifact, version, *_ = coordinates.partition("@")[0].split(":")
        name = file_name(coordinates)
        places[name] = "/".join([*group.split("."), artifact, version, name])
    return places


def file_name(coordinates: str) -> str:
    """Return the name under which Maven copies `group:artifact:version[:classifier][@kind]`."""
    parts, _, kind = coordinates.partition("@")
    _, artifact, version, *classifier = parts.split(":")
    return "-".join([artifact, version, *classifier]) + f".{kind or 'jar'}"


def compare(listed: Mapping[str, str], there: Mapping[str, str], name: str, places: Mapping[str, str]) -> None:
    """Raise WrongJars, naming each file that is missing, is not in the list or has another hash.

    places: where Maven's own repository has each file. Maven copies a damaged one again and again until it is deleted.
    """
    wrong = [f"{file} is missing" for file in sorted(listed.keys() - there.keys())]
    wrong += [f"{file} is not in the list" for file in sorted(there.keys() - listed.keys())]
    damaged = [file for file in sorted(listed.keys() & there.keys()) if listed[file] != there[file]]
    wrong += [f"{file} differs" for file in damaged]
    if wrong:
        remedy = f"Delete {', '.join(f'~/.m2/repository/{places[file]}' for file in damaged)} and run it again"
        raise WrongJars(f"{name}: {', '.join(wrong)}", remedy=remedy if damaged else None)


def hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file in a folder, by the file's name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def write_list(name: str) -> None:
    """Resolve the jars of a server's pom.xml, and write the list."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "jars")
        report = Path(scratch, "report")
        run(_maven(name, "copy-dependencies", f"-DoutputDirectory={folder}"))
        run(_maven(name, "list", f"-DoutputFile={report}"))
        coordinates = sorted(_coordinates(report.read_text()))
        there = hashes(folder)
    lines = [f"{there[file_name(each)]}  {each}\n" for each in coordinates]
    (JAVA / name / LIST).write_text("".join(lines))
    compare(read_list(JAVA / name / LIST), there, name, read_places(JAVA / name / LIST))


def _coordinates(report: str) -> set[str]:
    """Read what `dependency:list` wrote: `group:artifact:kind[:classifier]:version:scope`, and the module's name."""
    found = set()
    for line in report.splitlines():
        words = line.split()
        if not words or words[0].count(":") not in {4, 5}:
            continue
        group, artifact, kind, *classifier, version, _ = words[0].split(":")
        found.add(":".join([group, artifact, version, *classifier]) + ("" if kind == "jar" else f"@{kind}"))
    return found


def _maven(name: str, goal: str, option: str) -> list[str | Path]:
    return ["mvn", "-q", "-B", "-f", JAVA / name / "pom.xml", f"{PLUGIN}:{goal}", "-DincludeScope=runtime", option]


if __name__ == "__main__":
    for server in sys.argv[1:] or JAVA_SERVERS:
        write_list(server)
