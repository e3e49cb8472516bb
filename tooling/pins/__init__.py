"""Whether what `shared/versions.py` pins exists, asked of those who publish it: `make pins`."""
