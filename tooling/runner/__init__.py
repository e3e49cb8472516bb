"""Runs the tiers in the order of their graph, each project in a worker process of its own."""
