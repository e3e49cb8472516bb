"""Everything that runs the platform: command line, runner, the local lane with its plug-ins and AWS, generators.

Pulumi's SDKs are tens of megabytes of source. Where PYTHONDONTWRITEBYTECODE is set, as in many images, every process
would compile them again: 8 of the 27 CPU seconds of a preview of 13 stacks. Their bytecode is kept in `.venv`.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
