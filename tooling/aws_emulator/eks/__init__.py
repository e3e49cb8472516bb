"""moto's EKS, completed: the operations and fields moto 5.2.5 lacks, and the refusals of the real service.

Each `…_operations` module holds the operations of one kind of thing, `records` what is stored of it. An answer is a
plain dict by the wire's names. `install` puts it all in moto's place. The Kubernetes side is
`tooling.aws_emulator.controllers`.
"""
