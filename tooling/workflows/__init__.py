"""The pipelines: the source of the workflows under `.github/`, and the programs that their steps run.

`make update-workflows` writes the workflows; `python -m tooling.workflows` runs the steps. Design and rejected
alternatives: docs/decisions/0008-pipelines.md.
"""
