"""What an EKS control plane does inside the cluster, for the lane's API server.

`snapshot` reads what the account says, `desired` and the modules below it turn that into manifests (pure functions),
`reconcile` makes the API server agree, `loop` repeats it. Every created object has the label `labels.MANAGED_BY`.
"""
