"""Turns AWS refusals into errors with a code, the resource's name and the command that resolves them.

`families` lists the kinds of refusals, `things` the name of each resource type and the commands to inspect it, and
`explanation` combines the two. The message of AWS is always kept, since that is what people search for. The messages
of both plug-ins are understood, those of the local one and those of the released one.
"""
