"""Kills one process at a random point of an operation, runs the same command again, and looks whether all is well."""
