"""The local lane's Pulumi plug-in for package `aws`: a table of resource types over boto3, against the emulated AWS.

Start reading at `row.py` (what a row says) and `table.py` (all rows). It refuses by name what it does not model, and
any endpoint that is not on this machine.
"""
