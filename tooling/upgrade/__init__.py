"""Whether an environment may go to another Kubernetes minor, and what would break, before anything is changed."""
