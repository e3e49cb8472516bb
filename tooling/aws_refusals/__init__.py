"""What AWS refuses, turned into an error with a code, the name of the thing and the command that resolves it.

`families` says what kinds of refusals there are, `things` what each resource type is called and which commands look at
it, `explanation` puts the two together. The words of AWS always stay: they are what one looks up. Both plug-ins are
understood, the local lane's and the released one.
"""
