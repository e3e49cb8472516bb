"""Checks with the publishers whether the versions pinned in `shared/versions.py` exist: `make pins`."""
