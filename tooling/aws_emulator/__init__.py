"""The local lane's AWS: a pinned moto with its EKS completed, in one process.

`eks` completes moto's EKS, `authentication` is the token webhook that an EKS control plane has inside, `controllers`
mirror node groups, add-ons and access policies into the lane's API server, and `journal` lets the account survive the
process. What is listed in an account is `inventory`; tests start an emulator through `testing`. Nothing here knows of
Pulumi or of the platform's programs.
"""
