"""The local lane's Pulumi plug-in for package `aws`: a table of resource types over boto3, against the emulated AWS.

Start reading at `engine/row.py` (the definition of a row) and `table.py` (all rows). The plug-in rejects by name
whatever it does not model, and any endpoint that is not on this machine.
"""
