"""What `tiers tenant` does: write, list, explain, compare and suspend tenants, from their files alone."""
