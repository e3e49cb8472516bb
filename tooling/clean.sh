#!/usr/bin/env bash
# `make clean`: removes the lane with all its processes, then .venv; says what is kept. `clean.sh cache`: the cache, too.
set -euo pipefail
cd "$(dirname "$0")/.."

lane=${TIERS_LOCAL_DIR:-.local}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/eks-platform

if [ -e "$lane" ]; then
  # Processes of the lane outlive .venv: without one that works, it is made again to end them.
  .venv/bin/python -c 'import tooling.cli.main' 2>/dev/null || { rm -rf .venv && tooling/bootstrap.sh; }
  .venv/bin/tiers local down --yes
fi
rm -rf .venv

if [ "${1:-}" = cache ]; then
  # Locks stay: other clones' lanes hold them. Lanes that run go on; they build their programs anew when next started.
  rm -rf "$cache"/bin "$cache"/uv-*
  printf 'removed the cache in %s; the next lane builds its programs anew\n' "$cache" >&2
elif [ -d "$cache" ]; then
  printf 'kept %s, programs of every clone: %s; remove it with: make clean-cache\n' "$cache" "$(du -sh "$cache" | cut -f1)" >&2
fi
