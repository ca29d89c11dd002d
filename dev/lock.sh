#!/usr/bin/env bash
# Resolve the dependencies into the lock files and the lists of jars. The locks hold for every platform from Python 3.11
# on, agree with each other, and name wheels only. uv is the one of .venv, which requirements-build.lock pins.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/uv ] || dev/install.sh stack
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

uv=(.venv/bin/uv --quiet pip compile --universal --python-version 3.11 --only-binary :all:)
"${uv[@]}" pyproject.toml --group build --group dev --output-file "$scratch/everything"

lock() { # lock FILE SOURCES…: take the versions that suit all of the locks together
    local file=$1
    shift
    "${uv[@]}" "$@" --constraint "$scratch/everything" --generate-hashes --no-header --no-annotate --output-file "$scratch/$file"
    mv "$scratch/$file" "$file"
}
lock requirements-build.lock --group build
lock requirements.lock pyproject.toml
lock requirements-stack.lock pyproject.toml --group stack
lock requirements-dev.lock pyproject.toml --group dev

# Each lock has a wheel for every platform that is supported.
for platform in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin; do
    for version in 3.11 3.12 3.13; do
        .venv/bin/uv --quiet pip install --dry-run --target "$scratch/none" --python-platform "$platform" \
            --python-version "$version" --no-deps --require-hashes --only-binary :all: \
            -r requirements-build.lock -r requirements-dev.lock
    done
done
.venv/bin/python -m dev.install.jars
