"""Who calls the emulated AWS, and whether IAM allows it: what moto 5.2.5 takes for granted.

`operators` are the keys of whoever runs the emulator; `reading` finds operation and parameters of a request,
`questions` what IAM is asked about it, `policies` which policies apply, and `guard` refuses. `tooling.iam` decides.
"""
