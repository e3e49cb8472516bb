#!/usr/bin/env bash
# Makes .venv from requirements.lock: everything pinned by hash, nothing looked up. Silent where there is nothing to do.
# uv comes from PyPI into the cache, once; with pip the same environment takes minutes instead of seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

uv_version=0.13.8
python=${PYTHON:-python3}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/eks-platform

fail() {
  printf 'error[%s]: %s\nhint: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

system=$(uname -s) machine=$(uname -m) release=$(uname -r)
case "$system $machine" in
  "Linux x86_64" | "Linux aarch64" | "Linux arm64" | "Darwin arm64" | "Darwin x86_64") ;;
  *) fail host-unsupported "$system on $machine is not supported" "use Linux or macOS on x86-64 or arm64; on Windows, a Linux distribution under WSL 2" ;;
esac
case "$release" in
  *-Microsoft) fail host-unsupported "WSL 1 is not supported: it has no Linux kernel" "wsl --set-version <distribution> 2" ;;
esac
if [ "$system" = Linux ] && [ -n "$(ls /lib/ld-musl-* 2>/dev/null)" ] && ! ldd --version 2>/dev/null | grep -qi -e glibc -e 'gnu libc'; then
  fail host-unsupported "a Linux on musl, such as Alpine, is not supported: nothing here is tested on it" "use a distribution with glibc, e.g. Debian or Fedora; in a container, python:3.12-bookworm"
fi

command -v "$python" >/dev/null || fail python-missing "there is no $python on PATH" "install Python 3.11 or newer, or: make PYTHON=/path/to/python3 …"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail python-too-old "$("$python" --version) is older than 3.11" "install a newer one, or: make PYTHON=/path/to/python3 …"

wanted=$(cat requirements.lock pyproject.toml tooling/bootstrap.sh | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
# Without its Python, which may have been removed since, it is made anew.
[ -x .venv/bin/python ] && [ "$(cat .venv/.made-from 2>/dev/null || true)" = "$wanted" ] && exit 0

# uv does not read pip's configuration: a mirror set there is handed on.
index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
index=${PIP_INDEX_URL:-$index}
[ -n "$index" ] && export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}

started=$SECONDS
printf 'environment: making .venv from requirements.lock\n' >&2
uv=$cache/uv-$uv_version/bin/uv
if ! [ -x "$uv" ]; then
  making=$(mktemp -d "${TMPDIR:-/tmp}/uv.XXXXXX")
  trap 'rm -rf "$making"' EXIT
  "$python" -m venv "$making/uv" || fail venv-missing "$python cannot make a virtual environment" "on Debian and Ubuntu: apt install python3-venv"
  "$making/uv/bin/pip" install --quiet --disable-pip-version-check "uv==$uv_version" ||
    fail uv-unreachable "uv $uv_version could not be fetched from the Python package index" "check the network, or pip's index setting, and run it again"
  mkdir -p "$cache/uv-$uv_version/bin"
  cp "$making/uv/bin/uv" "$uv.$$" && mv "$uv.$$" "$uv"
fi
[ -x .venv/bin/python ] || "$uv" venv --quiet --clear --python "$(command -v "$python")" .venv ||
  fail venv-missing "$python cannot make a virtual environment here" "look at what is said above, e.g. whether the disk is full"
export VIRTUAL_ENV=$PWD/.venv
{ "$uv" pip sync --quiet --require-hashes requirements.lock && "$uv" pip install --quiet --no-deps --no-build-isolation --editable .; } ||
  fail environment-unmade "the packages of requirements.lock could not be installed" "check the network, or pip's index setting, and the disk, and run it again; what was fetched is kept"
printf '%s' "$wanted" >.venv/.made-from
printf 'environment: %d s, done\n' $((SECONDS - started)) >&2
