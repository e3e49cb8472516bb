"""The tools that run the platform: command line, runner, local lane with its plug-ins and emulated AWS, generators.

Pulumi's SDKs are tens of megabytes of source. Where PYTHONDONTWRITEBYTECODE is set, as in many images, every process
would compile them again: 8 of the 27 CPU seconds of a preview of 13 stacks. The bytecode is kept in `.venv`.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
