"""Finds what a destroy left in an AWS account: by tags, and by full names that AWS services set, never by prefix.

The lane has a baseline to compare with (`tooling.lane.audit`); a real account has other people's things in it, and only
what says by its tags that it is ours is looked at.
"""
