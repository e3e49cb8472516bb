"""Conformance of the aws plug-in: every row, driven over gRPC as the engine does it, against the emulated AWS.

`cases_*` say what to do with each type, `test_conformance` does it; the rest tests what is no row's business.
"""
