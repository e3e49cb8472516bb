#!/usr/bin/env bash
# Creates .venv from requirements.lock, with every package pinned by hash. Prints nothing if .venv is up to date.
# uv is downloaded from PyPI into the cache once; pip would need minutes instead of seconds for the same environment.
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
  fail host-unsupported "Linux with musl, such as Alpine, is not supported: the platform is not tested on it" "use a distribution with glibc, e.g. Debian or Fedora, or the container image python:3.12-bookworm"
fi

command -v "$python" >/dev/null || fail python-missing "there is no $python on PATH" "install Python 3.11 or newer, or: make PYTHON=/path/to/python3 …"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail python-too-old "$("$python" --version) is older than 3.11" "install a newer version, or: make PYTHON=/path/to/python3 …"

wanted=$(cat requirements.lock pyproject.toml tooling/bootstrap.sh | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
# If its Python has been removed since, .venv is created again.
[ -x .venv/bin/python ] && [ "$(cat .venv/.made-from 2>/dev/null || true)" = "$wanted" ] && exit 0

# uv does not read pip's configuration, so a mirror that is configured there is passed on.
index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
index=${PIP_INDEX_URL:-$index}
[ -n "$index" ] && export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}

started=$SECONDS
printf 'environment: creating .venv from requirements.lock\n' >&2
uv=$cache/uv-$uv_version/bin/uv
if ! [ -x "$uv" ]; then
  making=$(mktemp -d "${TMPDIR:-/tmp}/uv.XXXXXX")
  trap 'rm -rf "$making"' EXIT
  "$python" -m venv "$making/uv" || fail venv-missing "$python cannot create a virtual environment" "on Debian and Ubuntu: apt install python3-venv"
  "$making/uv/bin/pip" install --quiet --disable-pip-version-check "uv==$uv_version" ||
    fail uv-unreachable "uv $uv_version could not be downloaded from the Python package index" "check the network and pip's index setting, and run the command again"
  mkdir -p "$cache/uv-$uv_version/bin"
  cp "$making/uv/bin/uv" "$uv.$$" && mv "$uv.$$" "$uv"
fi
[ -x .venv/bin/python ] || "$uv" venv --quiet --clear --python "$(command -v "$python")" .venv ||
  fail venv-missing "$python cannot create a virtual environment here" "see the error above; the disk may be full"
export VIRTUAL_ENV=$PWD/.venv
{ "$uv" pip sync --quiet --require-hashes requirements.lock && "$uv" pip install --quiet --no-deps --no-build-isolation --editable .; } ||
  fail environment-unmade "the packages of requirements.lock could not be installed" "check the network, pip's index setting and the free disk space, and run the command again; downloaded packages are kept"
printf '%s' "$wanted" >.venv/.made-from
printf 'environment: %d s, done\n' $((SECONDS - started)) >&2
