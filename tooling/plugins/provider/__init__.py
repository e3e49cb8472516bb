"""What the local lane's Pulumi plug-ins have in common: the engine's protocol, without AWS, Kubernetes or EKS.

Start reading at `servicer.py`. A plug-in adds what it models; values, marks, property paths, changes, errors, servers
and connections are handled here.
"""
