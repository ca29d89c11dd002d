"""The jars that Maven copies are those of the committed list, or nothing is installed."""

import re

import pytest

from dev.install.errors import WrongJars
from dev.install.jars import JAVA, JAVA_SERVERS, LIST, compare, file_name, hashes, read_list, read_places


@pytest.mark.parametrize("name", JAVA_SERVERS)
def test_each_java_server_has_a_list_of_jars_with_their_hashes(name):
    listed = read_list(JAVA / name / LIST)
    assert len((JAVA / name / LIST).read_text().splitlines()) == len(listed)
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in listed.values())


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        ("org.neo4j:neo4j:5.26.30", "neo4j-5.26.30.jar"),
        ("io.netty:epoll:4.1:linux-x86_64", "epoll-4.1-linux-x86_64.jar"),
        ("com.sqlite:native:1.0@so", "native-1.0.so"),
    ],
)
def test_coordinates_name_the_file_that_maven_writes(coordinates, expected):
    assert expected == file_name(coordinates)


def test_the_listed_jars_are_accepted(tmp_path):
    (tmp_path / "a-1.jar").write_bytes(b"a")
    compare(hashes(tmp_path), hashes(tmp_path), "neo4j", {})


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"a-1.jar": "other"}, "a-1.jar differs"),
        ({}, "a-1.jar is missing"),
        ({"a-1.jar": "hash", "b-2.jar": "hash"}, "b-2.jar is not in the list"),
    ],
)
def test_a_jar_that_differs_is_missing_or_is_not_listed_is_refused_by_name(there, said):
    with pytest.raises(WrongJars, match=f"neo4j: {said}: the jars must be exactly those of the list"):
        compare({"a-1.jar": "hash"}, there, "neo4j", {"a-1.jar": "org/a/1/a-1.jar"})


def test_a_damaged_jar_is_to_be_deleted_where_maven_copies_it_from(tmp_path):
    (tmp_path / LIST).write_text("hash  io.netty:epoll:4.1:linux-x86_64\n")
    places = read_places(tmp_path / LIST)
    with pytest.raises(WrongJars) as raised:
        compare({"epoll-4.1-linux-x86_64.jar": "hash"}, {"epoll-4.1-linux-x86_64.jar": "other"}, "neo4j", places)
    expected = "Delete ~/.m2/repository/io/netty/epoll/4.1/epoll-4.1-linux-x86_64.jar and run it again"
    assert expected == raised.value.remedy
