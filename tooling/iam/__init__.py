"""Evaluates IAM policies as AWS does: identity, resource, boundary, session and trust policies with their conditions.

`documents` parses policies, `principals` says who asks, `evaluation` decides and names the statements that decided.
The emulated AWS, `tiers explain-access` and the tests of the platform's own policies use it. Not modelled: service and
resource control policies of AWS Organizations, access control lists, and policies of VPC endpoints.
"""
