#!/usr/bin/env bash
# Resolve the dependencies into the lock files and the lists of jars. The locks are valid for every platform and for
# Python 3.11 or newer, agree with each other, and name wheels only. uv is the one in .venv, pinned by requirements-build.lock.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/uv ] || dev/install.sh stack
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

uv=(.venv/bin/uv --quiet pip compile --universal --python-version 3.11 --only-binary :all:)
"${uv[@]}" pyproject.toml --group build --group dev --output-file "$scratch/everything"

lock() { # lock FILE SOURCES…: use the versions that suit all locks together
    local file=$1
    shift
    "${uv[@]}" "$@" --constraint "$scratch/everything" --generate-hashes --no-header --no-annotate --output-file "$scratch/$file"
    mv "$scratch/$file" "$file"
}
lock requirements-build.lock --group build
lock requirements.lock pyproject.toml
lock requirements-stack.lock pyproject.toml --group stack
lock requirements-dev.lock pyproject.toml --group dev

# Check that each lock has a wheel for every supported platform.
for platform in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin; do
    for version in 3.11 3.12 3.13; do
        .venv/bin/uv --quiet pip install --dry-run --target "$scratch/none" --python-platform "$platform" \
            --python-version "$version" --no-deps --require-hashes --only-binary :all: \
            -r requirements-build.lock -r requirements-dev.lock
    done
done
.venv/bin/python -m dev.install.jars
