"""The golden resource graph: what every stack registers, as files that a reviewer reads in a pull request.

A resource's identity for the engine is its URN: types of its parents, its own, and its name. A refactoring that
changes one replaces the resource, and nothing in the program shows it; the file does, and what must never be replaced
is held by name (`guard.py`).
"""
