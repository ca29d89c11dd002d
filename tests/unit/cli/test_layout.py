import pytest

from sightline.cli.output import table_lines

URI = "s3://images/yard/2026-11-02/Hour-07/snap/MDAlarm_20261102-075811.jpg"
LETTER = ["TruncatedImage", URI, "a picture must decode to its end", "1"]
COLUMNS = ["error", "input", "rule", "times"]
TIMES_IS_A_NUMBER = [False, False, False, True]


def test_a_file_gets_each_row_on_one_line_however_long():
    _, _, row = table_lines(COLUMNS, [LETTER], TIMES_IS_A_NUMBER, None)
    assert LETTER == [each.strip() for each in row.split("  ") if each.strip()]


@pytest.mark.parametrize("room", [107, 115, 130])
def test_only_the_widest_text_is_folded_and_only_between_words(room):
    head, rule, *body = table_lines(COLUMNS, [LETTER], TIMES_IS_A_NUMBER, room)
    assert COLUMNS == head.split()
    assert max(map(len, (head, rule, *body))) <= room
    assert sorted(" ".join(LETTER).split()) == sorted(" ".join(body).split())
    assert URI in body[0]


@pytest.mark.parametrize("room", [20, 60, 80])
def test_where_a_table_has_no_room_each_row_is_a_block(room):
    lines = table_lines(COLUMNS, [LETTER, LETTER], TIMES_IS_A_NUMBER, room)
    assert [f"error  {LETTER[0]}", f"input  {URI}"] == lines[:2]
    first = lines[: lines.index("")]
    assert [*first, "", *first] == lines
    assert f"rule {LETTER[2]}" == " ".join(" ".join(lines[2 : len(first) - 1]).split())


def test_numbers_stand_to_the_right_also_beside_wide_characters():
    lines = table_lines(["camera", "images"], [["庭", "7"], ["yard", "1,200"]], [False, True], 80)
    assert ["camera  images", "──────  ──────", "庭           7", "yard     1,200"] == lines


def test_columns_without_names_have_no_head():
    assert ["a  1", "b  2"] == table_lines(["", ""], [["a", "1"], ["b", "2"]], [False, True], 80)
