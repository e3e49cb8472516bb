"""Benchmarks of the local lane and its chain. `make bench` runs them and writes docs/reference/performance.md."""
