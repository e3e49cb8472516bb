"""The authentication webhook that an EKS control plane has inside: `token` is an `aws eks get-token` token, `identity`
finds its Kubernetes user by the cluster's access entries, `webhook` serves TokenReview."""
