"""The pipelines: what the workflows under `.github/` are made of, and the steps in them that are programs.

`make update-workflows` writes the workflows, `python -m tooling.workflows` has the steps. The design, and what was
turned down: docs/decisions/0008-pipelines.md.
"""
