"""`dev/install.sh [stack|dev] [servers] [browser] [frames] [objects] [faces]`: install what is missing, a line each.

Python packages and servers are installed side by side: both spend most of their time waiting for the network.
"""

import argparse
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dev.frames.package import PackageMissing, examples, is_unpacked
from dev.install.compiling import compile_sources
from dev.install.errors import InstallFailed, MissingProgram
from dev.install.folders import CACHE, CHECKOUT
from dev.install.packages import LOCKS, install_packages, make_venv
from dev.install.servers import BROWSER, install_debian, install_servers
from dev.install.stages import Stages
from dev.rekognition.models import (
    FACES_LOCK,
    FOLDER,
    LOCK,
    OBJECTS_LOCK,
    Fetch,
    download,
    install_dlib,
    install_models,
    problems,
    read_lock,
)
from sightline.errors import SightlineError

INTERRUPTED = 130
"""The exit code of a shell's command that was ended by Ctrl-C."""


def main(arguments: Sequence[str] | None = None, locked: Path = CACHE) -> int:
    """Install; return the exit code. locked: the folder of the lock of installations."""
    parser = argparse.ArgumentParser(prog="dev/install.sh", description=__doc__)
    parser.add_argument("wanted", nargs="+", choices=[*LOCKS, "servers", "browser", "frames", "objects", "faces"])
    wanted = parser.parse_args(arguments).wanted
    try:
        with one_at_a_time(locked / "installing"):
            return _install(wanted, Stages(lambda line: print(line, flush=True)))
    except SightlineError as error:
        return _report([error])
    except KeyboardInterrupt:
        print("The installation was interrupted. Run it again: what is not complete starts over", file=sys.stderr)
        return INTERRUPTED


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Wait while another process installs into this checkout: `make demo` and `make test` may run together.

    The programs that `run` starts inherit the lock: if this process is killed, they go on and still write.
    """
    with _opened(lock) as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process is installing here: waiting for it to finish", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _opened(lock: Path) -> TextIO:
    try:
        lock.parent.mkdir(exist_ok=True)
        return lock.open("w")
    except OSError as error:
        rule = f"it must be a folder that can be written ({error.strerror})"
        remedy = "Remove it if it is a file or a link to nothing, or let this user write there"
        raise InstallFailed(str(lock.parent), rule=rule, remedy=remedy) from error


def _install(wanted: Sequence[str], stages: Stages) -> int:
    uses = [use for use in LOCKS if use in wanted]
    try:
        if uses:
            make_venv(stages)
    except SightlineError as error:
        return _report([error])
    failures = _side_by_side([lambda: _packages(uses, stages), lambda: _programs(wanted, stages)])
    stages.close()
    return _report(failures)


def _packages(uses: Sequence[str], stages: Stages) -> None:
    for use in uses:
        install_packages(use, stages)
    if uses:
        compile_sources(CHECKOUT)


def _programs(wanted: Sequence[str], stages: Stages) -> None:
    """Install servers, browser and frames in turn: all may call apt-get, which cannot run twice at a time."""
    if "servers" in wanted:
        install_servers(stages)
        _models(stages, "models of the local Rekognition", LOCK, "use HOG and Haar instead")
    if "objects" in wanted:
        _models(stages, "model of objects", OBJECTS_LOCK, "find people and faces, but no objects")
    if "faces" in wanted:
        _faces(stages)
    if "browser" in wanted:
        _browser(stages)
    if "frames" in wanted and not is_unpacked(CACHE):
        try:
            with stages.stage("opencv-doc: pictures for the demo", CACHE / "opencv-doc"):
                examples(CACHE)
        except PackageMissing as error:
            remedy = "Or try `make demo IMAGES=folder`"
            raise InstallFailed("the demo's pictures", rule=str(error), remedy=remedy) from error


def _models(
    stages: Stages, what: str, lock: Path, otherwise: str, folder: Path = FOLDER, fetch: Fetch = download
) -> None:
    """Install the models of a lock. Without them the local Rekognition sees less and all else works: do not fail."""
    if not problems(folder, read_lock(lock)):
        return
    try:
        with stages.stage(what, folder):
            install_models(folder, lock, fetch)
    except InstallFailed as error:
        print(f"{error}\nThe local Rekognition will {otherwise}", file=sys.stderr)


def _faces(stages: Stages) -> None:
    _models(stages, "models that compare faces", FACES_LOCK, "compare no faces")
    try:
        install_dlib()
    except InstallFailed as error:
        print(f"{error}\nThe local Rekognition will compare no faces", file=sys.stderr)


def _browser(stages: Stages) -> None:
    """Install Chromium. Without it the tests in a browser are skipped, so this must not fail."""
    if BROWSER.is_there():
        return
    try:
        with stages.stage(f"Debian package {BROWSER.package}"):
            install_debian([BROWSER])
    except (MissingProgram, InstallFailed) as error:
        print(f"{error}\nThe tests in a browser will be skipped", file=sys.stderr)


def _side_by_side(lanes: Sequence[Callable[[], None]]) -> list[SightlineError]:
    """Run all lanes to their end; return the errors that stopped some of them."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        ends = [lane.exception() for lane in [pool.submit(lane) for lane in lanes]]
    failures = [end for end in ends if isinstance(end, SightlineError)]
    for end in ends:
        if end is not None and end not in failures:
            raise end
    return failures


def _report(failures: Sequence[SightlineError]) -> int:
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
