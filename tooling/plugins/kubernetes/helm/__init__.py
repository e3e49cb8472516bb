"""Helm charts on the local lane: `helm.sh/v3:Release` and `helm.sh/v4:Chart`, by the real Helm."""
