"""Install what the local stack needs: Debian packages where permitted, Java servers from Maven Central into `.cache/`.

Quick when all is there: a stamp file names what each server was installed from.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from dev.stack.errors import InstallFailed, MissingProgram
from dev.stack.folders import PROGRAMS

JAVA = Path(__file__).parent / "java"
"""One folder for each Java server: pom.xml says which jars, and a class of ours binds it to loopback."""

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
OLDEST_JAVA = 17
TESSERACT_ENGLISH = "tesseract-ocr/5/tessdata/eng.traineddata"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be on the machine. servers: which of ours can not run without it."""

    what: str
    package: str
    is_there: Callable[[], bool]
    servers: frozenset[str]


def has_java() -> bool:
    """Say whether there is a Java compiler of a version that Neo4j 5.26 runs on."""
    if not shutil.which("javac"):
        return False
    said = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", said)
    return found is not None and int(found[0]) >= OLDEST_JAVA


def has_english() -> bool:
    """Say whether Tesseract's data for English text is where Debian puts it."""
    return (Path("/usr/share") / TESSERACT_ENGLISH).exists()


JAVA_SERVERS = frozenset({"neo4j", "dynamodb", "s3"})
NEEDS = (
    Need("redis-server", "redis-server", lambda: bool(shutil.which("redis-server")), frozenset({"redis"})),
    Need(f"a Java {OLDEST_JAVA} compiler", "default-jdk-headless", has_java, JAVA_SERVERS),
    Need("mvn", "maven", lambda: bool(shutil.which("mvn")), JAVA_SERVERS),
    Need("Tesseract's English data", "tesseract-ocr-eng", has_english, frozenset({"rekognition"})),
)


def install() -> None:
    """Install whatever is missing. Raises MissingProgram where Debian packages may not be installed from here."""
    missing = [need for need in NEEDS if not need.is_there()]
    if missing:
        _apt_install(missing)
    for name in sorted(JAVA_SERVERS):
        if not is_installed(name):
            print(f"installing {name} into {PROGRAMS / name}", flush=True)
            _install_java_server(name)


def require(servers: Collection[str]) -> None:
    """Raise MissingProgram unless these servers could start now."""
    for need in NEEDS:
        if need.servers & set(servers) and not need.is_there():
            raise how_to_get([need])
    for name in sorted(JAVA_SERVERS & set(servers)):
        if not is_installed(name):
            raise MissingProgram(str(PROGRAMS / name), remedy="Run `python -m dev.stack install`")


def how_to_get(missing: Collection[Need]) -> MissingProgram:
    """Make the error for a user who may not install packages: what is missing, and the command that gets it."""
    packages = " ".join(sorted({need.package for need in missing}))
    remedy = f"On Debian or Ubuntu: sudo apt-get install {packages}. Elsewhere install the same, or use Docker Compose"
    return MissingProgram(", ".join(need.what for need in missing), remedy=remedy)


def is_installed(name: str) -> bool:
    """Say whether a Java server was installed from the files that are here now."""
    stamp = PROGRAMS / name / "installed"
    return stamp.exists() and stamp.read_text() == _fingerprint(name)


def _fingerprint(name: str) -> str:
    sources = sorted(path for path in (JAVA / name).iterdir() if path.suffix in {".xml", ".java"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _apt_install(missing: Collection[Need]) -> None:
    packages = sorted({need.package for need in missing})
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise how_to_get(missing)
    print(f"installing Debian packages: {' '.join(packages)}", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-q"], quiet)
    _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], quiet)


def _install_java_server(name: str) -> None:
    """Copy its jars and compile our class. The stamp comes last: what was broken off is done again from its start."""
    folder = PROGRAMS / name
    shutil.rmtree(folder, ignore_errors=True)
    pom = JAVA / name / "pom.xml"
    _run(["mvn", "-q", "-B", "-f", str(pom), COPY, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"])
    if sources := [str(path) for path in (JAVA / name).glob("*.java")]:
        _run(["javac", "-cp", f"{folder}/*", "-d", str(folder / "classes"), *sources])
    (folder / "installed").write_text(_fingerprint(name))


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).splitlines()[-15:]
        raise InstallFailed(" ".join(command), rule="\n".join([InstallFailed.rule, *said]))
