"""Each stage of an installation prints one line, and the last line is the total."""

import re

import pytest

from dev.install.stages import Stages, size


def test_a_stage_says_what_it_installed_its_time_and_its_size(tmp_path):
    said: list[str] = []
    stages = Stages(said.append)
    with stages.stage("jars", tmp_path) as remarks:
        (tmp_path / "a.jar").write_bytes(bytes(3_000_000))
        remarks.append("of Neo4j")
    stages.close()
    stage, remark, total = said
    assert ["jars", "installed in all"] == [re.split("  +", line)[0] for line in (stage, total)]
    assert all(re.search(r"\d+\.\d s +3 MB$", line) for line in (stage, total))
    assert "  of Neo4j" == remark
    assert len(stage) == len(total)


def test_what_starts_over_and_shrinks_has_no_size_below_zero(tmp_path):
    said: list[str] = []
    stages = Stages(said.append)
    (tmp_path / "half.jar").write_bytes(bytes(3_000_000))
    with stages.stage("jars", tmp_path):
        (tmp_path / "half.jar").unlink()
    stages.close()
    assert all(line.endswith(" 0 MB") for line in said)
    assert 2 == len(said)


def test_nothing_is_said_if_nothing_had_to_be_installed():
    said: list[str] = []
    Stages(said.append).close()
    assert [] == said


def test_a_stage_that_fails_is_not_said_to_be_done():
    said: list[str] = []
    stages = Stages(said.append)
    with pytest.raises(ValueError, match="broken"), stages.stage("jars"):
        raise ValueError("broken")
    assert [] == said


def test_a_file_that_has_just_been_removed_has_no_size(tmp_path):
    (tmp_path / "there").write_bytes(b"four")
    assert [4, 0] == [size(tmp_path / "there"), size(tmp_path / "gone")]
