"""What a resource may be, whoever writes it: rules, the table of them, and the exemptions from it.

A rule is a plain function of one resource. `tiers preview` and `tiers up` put every resource to the table before the
engine acts on it, in both lanes (`tooling.policies`); `pulumi --policy-pack shared/policies` does the same where
somebody works without `tiers`. Nothing here talks to the engine, so that a rule is tested by calling it.
"""
