"""The local lane: obtaining, starting, recording and removing what the `local` stacks run on.

The AWS emulation (`tooling.aws_emulator`) and the engine's plug-ins (`tooling.plugins`) are other packages' business;
here they are processes and files like any other.
"""
