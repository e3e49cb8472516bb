"""Roles assumed with tokens: `AssumeRoleWithWebIdentity` of STS and `AssumeRoleForPodIdentity` of EKS Auth.

`issuers` has the keys of token issuers, `tokens` verifies, `web_identity` and `pod_identity` decide by the role's trust
policy. moto 5.2.5 gives credentials of any role for any token, and has no EKS Auth.
"""
