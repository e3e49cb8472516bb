"""The local lane's plug-in for the package `eks`: the component `Cluster`, with the inputs that the platform uses.

The released component is a program of some thousand lines; this one registers the same resources under the same names
for the inputs it models, and rejects every other input by name. Results on the lane hold for this copy only.
"""
