#!/usr/bin/env bash
# Resolve the dependencies into lock files that hold for every platform from Python 3.11 on. uv lives in a throwaway
# environment: nothing else here needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet uv
compile=("$scratch/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header)
"${compile[@]}" pyproject.toml --output-file requirements.lock
"${compile[@]}" pyproject.toml --extra dev --output-file requirements-dev.lock
