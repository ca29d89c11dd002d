#!/usr/bin/env bash
# Install what a command of the Makefile needs: dev/install.sh [stack|dev] [servers] [browser] [frames] [objects] [faces]
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }
# .venv's may be missing, too old or broken; without pyvenv.cfg it is no environment, and venv would link it to itself
{ [ -f .venv/pyvenv.cfg ] && suits "$python" 2>/dev/null; } || python=${PYTHON:-python3}

if ! suits "$python"; then
    echo "$python: sightline needs Python 3.11 or newer. Name one: make PYTHON=python3.12 …" >&2
    exit 1
fi
exec "$python" -m dev.install "$@"
