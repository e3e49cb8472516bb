"""What an environment costs a month, estimated offline from what its programs register and a dated price table.

It knows what is billed for existing. What is billed for being used, and what has no price in the table, is listed by
name and never guessed.
"""
