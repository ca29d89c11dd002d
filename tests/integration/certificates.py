"""A certificate authority of a test's own, and a server's certificate for 127.0.0.1."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority's certificate, and the server's with its key."""

    ca: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make them with openssl; skip the test if that is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    _openssl("req", "-x509", *new_key, "-subj", "/CN=test CA", "-keyout", folder / "ca.key", "-out", made.ca)
    signed = ("-CA", made.ca, "-CAkey", folder / "ca.key", "-addext", "subjectAltName=IP:127.0.0.1")
    _openssl("req", "-x509", *new_key, *signed, "-subj", "/CN=redis", "-keyout", made.key, "-out", made.certificate)
    return made


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=30)
