"""Everything in the repository that is written by a command: `make update-generated`, checked by `verify-generated`."""
