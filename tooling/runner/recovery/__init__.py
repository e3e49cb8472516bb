"""Recovers a stack's state after an interrupted run.

The engine records a pending create before it sends the request. If it is killed then, the object may exist although no
state contains it: the next `up` would create a second one, or fail because the name exists. The same happens, without
a record, when the plug-in or the service dies before it responds. The recovery looks for both by the requested inputs,
and adds what it finds to the state.
"""
