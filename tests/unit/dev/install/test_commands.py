"""What is said of a command that failed: the end of its output, in plain text, and what to do."""

import pytest

from dev.install.commands import run
from dev.install.errors import InstallFailed


def said_after(output: str) -> list[str]:
    with pytest.raises(InstallFailed) as raised:
        run(["sh", "-c", 'printf "$0" >&2; exit 1', output])
    return str(raised.value).splitlines()[1:]


def test_the_advice_stands_on_a_line_of_its_own_after_the_output():
    assert ["no such host", f"{InstallFailed.remedy}."] == said_after("no such host\\n")


def test_a_full_disk_is_named_instead_of_the_registry():
    advice = said_after("error: No space left on device (os error 28)\\nmore\\n")[-1]
    assert "The disk is full: free some space and run it again." == advice


def test_colours_and_the_advice_of_maven_are_left_out():
    output = "[\\033[1;31mERROR\\033[m] No jar -> [\\033[1mHelp 1\\033[m]\\n[\\033[1;31mERROR\\033[m] \\n"
    output += "[ERROR] Re-run Maven using the -X switch\\n[ERROR] [Help 1] http://maven.invalid\\n"
    assert "[ERROR] No jar" == said_after(output)[0]
    assert 2 == len(said_after(output))
