"""The local lane's plug-in for the package `eks`: the component `Cluster`, as thin as our programs use it.

The released component is a program of some thousand lines; this one registers the same resources under the same names
for the inputs it models, and refuses every other input by name. What is said of it locally holds for this copy only.
"""
