"""What a destroy left in an AWS account: found by tags, never by the beginning of a name.

The lane has a baseline to compare with (`tooling.lane.audit`); a real account has other people's things in it, and only
what says by its tags that it is ours is looked at.
"""
