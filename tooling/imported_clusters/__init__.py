"""Clusters that tier 1 has not made: their Infrastructure contract, so that tiers 2 to 4 run on them."""
