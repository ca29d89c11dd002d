"""The message if Debian packages may not be installed; when a Java server is installed again."""

import re

import pytest

from dev.install.jars import JAVA, JAVA_SERVERS
from dev.install.servers import NEEDS, how_to_get, is_whole, note_sizes
from dev.stack.servers import SERVERS


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.package)
def test_what_is_missing_is_named_with_the_command_that_gets_it(need):
    said = str(how_to_get([need]))
    assert said.startswith(need.what)
    assert f"sudo apt-get install {need.package}." in said


def test_a_package_that_two_things_need_is_named_once():
    assert 1 == str(how_to_get([NEEDS[1], NEEDS[1]])).count(NEEDS[1].package)


def test_one_thing_that_is_missing_is_a_program_and_two_are_programs():
    assert ": the local stack needs this program. " in str(how_to_get(NEEDS[:1]))
    assert ": the local stack needs these programs. " in str(how_to_get(NEEDS[:2]))


def test_every_server_needs_something_and_every_need_serves_a_server():
    assert set(SERVERS) == {server for need in NEEDS for server in need.servers}


@pytest.mark.parametrize("name", sorted(JAVA_SERVERS))
def test_a_java_server_is_pinned_to_one_version(name):
    versions = re.findall(r"<version>(.*?)</version>", (JAVA / name / "pom.xml").read_text())
    assert versions
    assert [] == [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+|\$\{project\.version\}", version)]


def test_a_server_is_whole_until_a_file_is_truncated_or_removed(tmp_path):
    for name in ("a.jar", "classes/Main.class"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"whole")
    assert is_whole(tmp_path), "an older version noted no sizes"
    note_sizes(tmp_path)
    assert is_whole(tmp_path)
    (tmp_path / "a.jar").write_bytes(b"")
    assert not is_whole(tmp_path)
    (tmp_path / "a.jar").write_bytes(b"whole")
    (tmp_path / "classes" / "Main.class").unlink()
    assert not is_whole(tmp_path)
