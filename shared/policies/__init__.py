"""Policy rules for the resources of every stack, the rule table, and the exemptions.

A rule is a plain function of one resource. `tiers preview` and `tiers up` check every resource against the table before
the engine acts on it, in both lanes (`tooling.policies`); `pulumi --policy-pack shared/policies` does the same without
`tiers`. Nothing here calls the engine, so a rule is tested by calling it.
"""
