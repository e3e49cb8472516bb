"""What a destroy left in an AWS account: found by tags, and by whole names that AWS services give, never by a prefix.

The lane has a baseline to compare with (`tooling.lane.audit`); a real account has other people's things in it, and only
what says by its tags that it is ours is looked at.
"""
