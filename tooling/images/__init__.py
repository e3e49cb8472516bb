"""Images of applications: the services that they are built from, and what they install."""
