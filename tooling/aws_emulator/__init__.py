"""The local lane's AWS: a pinned moto with a completed EKS, in one process.

`eks` completes moto's EKS, `authentication` is the token webhook that an EKS control plane has inside, `controllers`
mirror node groups, add-ons and access policies into the lane's API server, and `journal` lets the account survive the
process. `inventory` lists the resources of an account; tests start an emulator through `testing`. The package does not
depend on Pulumi or on the platform's programs.
"""
