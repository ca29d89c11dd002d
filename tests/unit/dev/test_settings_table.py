"""The page of settings is generated from the settings, so that they cannot disagree."""

from pathlib import Path

import pytest

from dev.settings_table import BEGIN, END, main, settings_table, with_table
from sightline.config import Settings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_holds_the_table_as_it_is_now():
    text = PAGE.read_text("utf-8")
    assert text == with_table(text), "run `python -m dev.settings_table docs/settings.md`"


def test_each_setting_has_its_line_with_its_meaning():
    lines = settings_table().splitlines()[2:]
    names = [line.split("`")[1] for line in lines]
    assert [f"SIGHTLINE_{name.upper()}" for name in Settings.model_fields] == names
    assert [] == [line for line in lines if line.endswith("|  |")]


def test_a_default_is_shown_as_one_would_write_it():
    table = settings_table()
    assert "| `SIGHTLINE_REGION` | `us-east-1` |" in table
    assert "| `SIGHTLINE_REDIS_URL` | `redis://127.0.0.1:6379/0` |" in table
    assert "| `SIGHTLINE_FEATURES` | `faces,labels,text` |" in table


def test_what_must_be_set_and_what_may_stay_unset_are_told_apart():
    table = settings_table()
    assert "| `SIGHTLINE_NEO4J_PASSWORD` | **must be set** |" in table
    assert "| `SIGHTLINE_S3_ENDPOINT` |  |" in table


def test_it_goes_between_the_markers_and_touches_nothing_else(tmp_path):
    file = tmp_path / "settings.md"
    file.write_text(f"# Above\n\n{BEGIN}\nan old table\n{END}\n\nBelow\n")
    assert 0 == main([str(file)])
    assert f"# Above\n\n{BEGIN}\n{settings_table()}{END}\n\nBelow\n" == file.read_text()


def test_without_a_file_it_is_printed(capsys):
    assert 0 == main([])
    assert settings_table() == capsys.readouterr().out


@pytest.mark.parametrize("text", ["no markers", BEGIN, f"{END} {BEGIN}"])
def test_a_file_without_both_markers_in_order_is_refused(text):
    with pytest.raises(ValueError, match="must hold"):
        with_table(text)
