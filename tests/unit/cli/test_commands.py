"""The list of commands, from which `--help` is written without importing them."""

import subprocess
import sys

import click
import pytest

from sightline.cli import COMMANDS, sightline

SCRIPT = """
import sys
from sightline.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
HEAVY = {"scipy", "numpy", "neo4j", "celery", "boto3", "botocore", "redis"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_its_name_and_the_beginning_of_its_own_help(name):
    command = sightline.get_command(click.Context(sightline), name)
    assert command is not None
    assert name == command.name
    assert COMMANDS[name].rstrip(".").split(":")[0] in (command.help or "").replace("\n", " ")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_no_server_s_client_and_no_mathematics(option):
    done = subprocess.run([sys.executable, "-c", SCRIPT, option], capture_output=True, text=True, check=True)
    assert done.stdout
    assert not HEAVY & set(done.stderr.split())
