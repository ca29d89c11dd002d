"""What a producer imports: little, and its own modules never get in the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sightline
from sightline.producer_settings import ProducerSettings

CHECKOUT = Path(__file__).parents[2]
HEAVY = {"scipy", "numpy", "neo4j", "celery", "boto3", "botocore", "redis"}


def run(script: str, folder: Path) -> set[str]:
    """Run a program in a folder, as a producer does whose settings are missing; return the words that it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(CHECKOUT)},
    )
    assert 0 == done.returncode, done.stderr
    return set(done.stdout.split())


def test_importing_sightline_loads_no_server_s_client_and_no_mathematics(tmp_path):
    assert not HEAVY & run("import sys, sightline; print(*sys.modules)", tmp_path)


def test_a_tasks_module_and_a_stores_package_of_the_producer_are_left_alone(tmp_path):
    (tmp_path / "tasks.py").write_text("OWN = 'own'\n")
    (tmp_path / "stores").mkdir()
    (tmp_path / "stores" / "__init__.py").write_text("OWN = 'own'\n")
    script = """
import tasks, stores
from sightline import add_images
from sightline.config import InvalidSettings
try:
    add_images(["s3://images/yard/a.jpg"])
except InvalidSettings as error:
    print(error, tasks.OWN, stores.OWN)
"""
    (tmp_path / ".env").write_text("SIGHTLINE_AWS_ACCESS_KEY_ID=alone\n")
    assert {"SIGHTLINE_AWS_SECRET_ACCESS_KEY,", "own"} <= run(script, tmp_path)


def test_a_producer_is_told_no_address_and_no_password_but_those_of_redis_and_dynamodb():
    assert not [name for name, field in ProducerSettings.model_fields.items() if field.is_required()]
    assert not [name for name in ProducerSettings.model_fields if name.startswith(("neo4j", "checkpoint", "s3", "web"))]


def test_only_what_is_exported_is_there():
    assert callable(sightline.add_images)
    with pytest.raises(AttributeError, match="nonsense"):
        sightline.nonsense  # noqa: B018 - the access is the test
