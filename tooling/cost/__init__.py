"""The monthly cost of an environment, estimated offline from its programs' resources and a dated price table.

The estimate covers charges for existing resources. Usage-based charges, and those without a price in the table, are
listed by name and never guessed.
"""
