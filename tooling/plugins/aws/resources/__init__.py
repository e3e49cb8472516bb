"""The resource types, by service: each module has the rows of its types and their AWS calls."""
