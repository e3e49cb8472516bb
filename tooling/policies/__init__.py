"""Checks every resource of `tiers preview` and `tiers up` against the rules of `shared.policies`, locally and in AWS.

The engine runs a policy pack as a process of its own for every stack and operation; a Python start each time would cost
more than most previews. Here one process serves all stacks of a run, and what the engine starts is two lines of shell
that tell it the port (`pack.py`). What the engine does with the answers is its own: a mandatory violation stops the
resource before it is made.
"""
