from datetime import UTC, datetime, timedelta, timezone

import pytest

from sightline.cli.output import print_json, print_table
from sightline.names import printable
from sightline.progress import counted
from sightline.spelling import in_words, spell


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (0.44, "0.4 s"), (38.2, "38 s"), (119, "119 s"), (240, "4 min"), (9000, "2 h"), (260_000, "3 days")],
)
def test_a_time_is_said_in_a_unit_that_fits(seconds, expected):
    assert expected == spell(seconds)


def test_a_name_can_not_tear_the_table():
    assert "a\\nb\\x1b[31m\\u202ec é 😀" == printable("a\nb\x1b[31m\u202ec é 😀")


def test_markup_in_a_name_is_text(capsys):
    print_table("[bold]title", ("name",), [("[red]x[/red]",)])
    said = capsys.readouterr().out
    assert "[bold]title" in said
    assert "[red]x[/red]" in said


def test_each_kind_of_value_has_its_form(capsys):
    at = datetime(2026, 11, 2, 11, 0, 1, 999, tzinfo=UTC)
    print_table("t", ("a", "b", "c", "d", "e", "f"), [(None, True, False, 1234567, 12.345, at)])
    cells = capsys.readouterr().out.splitlines()[-2].split()
    assert ["–", "yes", "no", "1,234,567", "12.3", "2026-11-02T11:00:01+00:00"] == cells


def test_a_uri_stays_on_one_line_where_the_output_is_no_terminal(capsys):
    uri = "s3://bucket/" + "x" * 100
    print_table("t", ("image",), [(uri,)])
    assert uri in capsys.readouterr().out


def test_json_takes_times_durations_and_half_characters(capsys):
    print_json({"at": datetime(2026, 11, 2, tzinfo=UTC), "took": timedelta(seconds=1.5), "key": "\udcff"})
    expected = '{\n  "at": "2026-11-02T00:00:00+00:00",\n  "took": 1.5,\n  "key": "\\udcff"\n}\n'
    assert expected == capsys.readouterr().out


def test_json_refuses_what_it_has_no_form_for():
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        print_json({"what": object()})


def test_counting_changes_nothing_and_takes_one_thing_at_a_time():
    taken = []
    source = (taken.append(number) or number for number in range(5))
    shown = counted(source, "counting")
    assert [] == taken
    assert 0 == next(shown)
    assert [0] == taken
    assert [1, 2, 3, 4] == list(shown)


@pytest.mark.parametrize(("words", "expected"), [((), 2), (("--version",), 0), (("nonsense",), 2), (("-h",), 0)])
def test_the_program_ends_with_the_code_of_its_command(words, expected, program):
    assert (expected, False) == ((ended := program(*words)).code, "Traceback" in ended.stderr)


def test_times_are_shown_in_utc_whatever_their_offset(capsys):
    at = datetime(2026, 11, 2, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    print_table("t", ("at",), [(at,)])
    assert "2026-11-01T23:30:00+00:00" == capsys.readouterr().out.splitlines()[-2]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"rows_read": 7, "is_complete": True}, "rows read 7, is complete yes"),
        ({"sent": {"labels": 3, "faces": 4}, "stopped": {}}, "sent (labels 3, faces 4), stopped none"),
        (["a", 1200, None], "a, 1,200, –"),
        ("it's {text}", "it's {text}"),
    ],
)
def test_an_outcome_is_said_in_words(value, expected):
    assert expected == in_words(value)
