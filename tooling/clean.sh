#!/usr/bin/env bash
# `make clean`: removes the lane with all its processes, then .venv, and reports what is kept. `clean.sh cache` also
# removes the cache.
set -euo pipefail
cd "$(dirname "$0")/.."

lane=${TIERS_LOCAL_DIR:-.local}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/eks-platform

if [ -e "$lane" ]; then
  # Processes of the lane outlive .venv: if it does not work, it is created again to stop them.
  .venv/bin/python -c 'import tooling.cli.main' 2>/dev/null || { rm -rf .venv && tooling/bootstrap.sh; }
  .venv/bin/tiers local down --yes
fi
rm -rf .venv

if [ "${1:-}" = cache ]; then
  # Locks stay, since lanes of other clones hold them. Running lanes continue and rebuild their binaries at the next start.
  rm -rf "$cache"/bin "$cache"/uv-*
  printf 'removed the cache in %s; the next lane builds its binaries again\n' "$cache" >&2
elif [ -d "$cache" ]; then
  printf 'kept %s, the binaries of all clones: %s; remove it with: make clean-cache\n' "$cache" "$(du -sh "$cache" | cut -f1)" >&2
fi
