"""What a stack keeps between its starts."""

import socket

from dev.stack.layout import Layout, is_free


def test_a_port_and_a_password_are_the_same_at_the_next_start(tmp_path):
    first, second = Layout(tmp_path), Layout(tmp_path / "other")
    port, password = first.port("redis"), first.password("neo4j")
    assert (port, password) == (Layout(tmp_path).port("redis"), Layout(tmp_path).password("neo4j"))
    assert password != second.password("neo4j")


def test_nobody_else_can_read_what_a_stack_remembers(tmp_path):
    Layout(tmp_path).password("neo4j")
    assert [0o600] == [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()]


def test_a_port_that_somebody_else_has_taken_is_given_up(tmp_path):
    layout = Layout(tmp_path)
    taken, kept = layout.port("redis"), layout.port("s3")
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        assert not is_free(taken)
        layout.renew_taken_ports()
        assert taken != layout.port("redis")
    assert kept == layout.port("s3")
