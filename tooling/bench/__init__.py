"""Benchmarks of the local lane and of the chain on it. `make bench` runs them and writes docs/performance.md."""
