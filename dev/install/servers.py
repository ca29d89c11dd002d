"""Install what the local stack needs: Debian packages if permitted, Java servers by Maven into `.cache/`.

It is quick if everything is installed: a stamp file names what each server was installed from.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from dev.install.commands import run
from dev.install.errors import MissingProgram
from dev.install.folders import PROGRAMS
from dev.install.jars import JAVA, JAVA_SERVERS, LIST, copy, hashes, read_list
from dev.install.stages import Stages

OLDEST_JAVA = 17
STAMP = "installed"
SIZES = "sizes"
"""The size of each file of a server: a file that was truncated since is noticed without reading 230 MB each time."""

TESSERACT_ENGLISH = "tesseract-ocr/5/tessdata/eng.traineddata"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be on the machine. servers: those that cannot run without it."""

    what: str
    package: str
    is_there: Callable[[], bool]
    servers: frozenset[str]


def has_java() -> bool:
    """Return whether there is a Java compiler of a version that Neo4j 5.26 runs on."""
    if not shutil.which("javac"):
        return False
    said = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", said)
    return found is not None and int(found[0]) >= OLDEST_JAVA


def has_english() -> bool:
    """Return whether Tesseract's data for English is where Debian puts it."""
    return (Path("/usr/share") / TESSERACT_ENGLISH).exists()


NEEDS = (
    Need("redis-server", "redis-server", lambda: bool(shutil.which("redis-server")), frozenset({"redis"})),
    Need(f"a Java {OLDEST_JAVA} compiler", "default-jdk-headless", has_java, frozenset(JAVA_SERVERS)),
    Need("mvn", "maven", lambda: bool(shutil.which("mvn")), frozenset(JAVA_SERVERS)),
    Need("Tesseract's English data", "tesseract-ocr-eng", has_english, frozenset({"rekognition"})),
)

BROWSER = Need("a browser for the tests", "chromium", lambda: bool(shutil.which("chromium")), frozenset())


def install_servers(stages: Stages) -> None:
    """Install whatever is missing. Raise MissingProgram if Debian packages may not be installed from here."""
    missing = [need for need in NEEDS if not need.is_there()]
    to_build = [name for name in JAVA_SERVERS if not (is_installed(name) and _has_sizes(name))]
    if missing:
        with stages.stage("Debian packages") as remarks:
            install_debian(missing)
            remarks.extend(versions({need.package for need in missing}))
    for name in to_build:
        with stages.stage(f"{name} and its jars", PROGRAMS):
            _install_java_server(name)


def require(servers: Collection[str]) -> None:
    """Raise MissingProgram unless these servers could start now."""
    for need in NEEDS:
        if need.servers & set(servers) and not need.is_there():
            raise how_to_get([need])
    for name in sorted(set(JAVA_SERVERS) & set(servers)):
        if not is_installed(name):
            raise MissingProgram(str(PROGRAMS / name), remedy="Run `dev/install.sh servers`")


def how_to_get(missing: Collection[Need]) -> MissingProgram:
    """Return the error for a user who may not install packages: what is missing, and the command that installs it."""
    packages = " ".join(sorted({need.package for need in missing}))
    remedy = f"On Debian or Ubuntu: sudo apt-get install {packages}. Elsewhere install the same, or use Docker Compose"
    rule = MissingProgram.rule if len(missing) == 1 else "the local stack needs these programs"
    return MissingProgram(", ".join(need.what for need in missing), rule=rule, remedy=remedy)


def install_debian(missing: Collection[Need]) -> None:
    """Install Debian packages. Raise MissingProgram if that is not permitted or not possible."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise how_to_get(missing)
    packages = sorted({need.package for need in missing})
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], quiet)
    run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], quiet)


def versions(packages: Collection[str]) -> list[str]:
    """Return `package version` for each Debian package; what another installer has installed is left out."""
    if not shutil.which("dpkg-query"):
        return []
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *sorted(packages)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # 1 if any is not installed
    return [line for line in said.splitlines() if len(line.split()) == len(("package", "version"))]


def is_installed(name: str) -> bool:
    """Return whether a Java server was installed from the current files."""
    stamp = PROGRAMS / name / STAMP
    return stamp.exists() and stamp.read_text() == _fingerprint(name) and is_whole(PROGRAMS / name)


def is_whole(folder: Path) -> bool:
    """Return whether no file of a server has another size than when it was installed, as far as sizes were noted."""
    noted = folder / SIZES
    if not noted.exists():
        return True
    lines = [line.split(" ", 1) for line in noted.read_text().splitlines()]
    there = _sizes(folder)
    return bool(lines) and all(there.get(name) == int(size) for size, name in lines)


def note_sizes(folder: Path) -> None:
    """Note the size of each file of a server for `is_whole`."""
    lines = [f"{size} {name}\n" for name, size in sorted(_sizes(folder).items())]
    draft = folder / f"{SIZES}.draft"
    draft.write_text("".join(lines))
    draft.replace(folder / SIZES)  # half a list would stand in the way of every later installation


def _has_sizes(name: str) -> bool:
    """Return whether sizes are noted. An older version noted none: do so now if the jars are those of the list."""
    folder = PROGRAMS / name
    if not (folder / SIZES).exists() and read_list(JAVA / name / LIST).items() <= hashes(folder).items():
        note_sizes(folder)
    return (folder / SIZES).exists()


def _sizes(folder: Path) -> dict[str, int]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in {STAMP, SIZES}]
    return {str(path.relative_to(folder)): path.stat().st_size for path in paths}


def _fingerprint(name: str) -> str:
    sources = sorted(path for path in (JAVA / name).iterdir() if path.suffix in {".xml", ".java", ".sha256"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _install_java_server(name: str) -> None:
    """Copy its jars and compile our class. The stamp is written last: an interrupted installation starts over."""
    folder = PROGRAMS / name
    shutil.rmtree(folder, ignore_errors=True)
    copy(name, folder)
    if sources := sorted((JAVA / name).glob("*.java")):
        run(["javac", "-cp", f"{folder}/*", "-d", folder / "classes", *sources])
    note_sizes(folder)
    (folder / STAMP).write_text(_fingerprint(name))
