"""Started by the engine, which reads the port from stdout and ends the process itself."""

import sys
import threading

from tooling.plugins.eks.servicer import serve_in_thread

print(serve_in_thread(sys.argv[1] if len(sys.argv) > 1 else ""), flush=True)
threading.Event().wait()
