"""The golden resource graph: the resources that every stack registers, as files to review in a pull request.

The engine identifies a resource by its URN: the types of its parents, its own type and its name. A refactoring that
changes a URN replaces the resource, and nothing in the program shows it. The golden file shows it, and `guard.py`
refuses to replace resources that hold data.
"""
