"""Generated files: `make update-generated` writes them, and `make verify-generated` checks that they are up to date."""
