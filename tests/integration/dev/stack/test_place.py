"""What a stack remembers between its starts."""

import socket

from dev.stack.place import Place, is_free


def test_a_port_and_a_password_are_the_same_at_the_next_start(tmp_path):
    first, second = Place(tmp_path), Place(tmp_path / "other")
    port, password = first.port("redis"), first.password("neo4j")
    assert (port, password) == (Place(tmp_path).port("redis"), Place(tmp_path).password("neo4j"))
    assert password != second.password("neo4j")


def test_nobody_else_can_read_what_a_stack_remembers(tmp_path):
    Place(tmp_path).password("neo4j")
    assert [0o600] == [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()]


def test_a_port_that_somebody_else_has_taken_is_given_up(tmp_path):
    place = Place(tmp_path)
    taken, kept = place.port("redis"), place.port("s3")
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        assert not is_free(taken)
        place.renew_taken_ports()
        assert taken != place.port("redis")
    assert kept == place.port("s3")
