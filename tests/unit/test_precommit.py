"""What is checked before a commit is what `make check` checks."""

import re
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parents[2]


def test_pre_commit_runs_what_make_check_runs():
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    commands = re.findall(r"\$\(BIN\)/(.+)", recipe[1])
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [f".venv/bin/{command}" for command in commands] == [hook["entry"] for hook in hooks]
