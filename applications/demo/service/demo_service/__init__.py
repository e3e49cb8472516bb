"""The HTTP service of the demo application. It imports nothing of this repository: it runs alone in its image."""
