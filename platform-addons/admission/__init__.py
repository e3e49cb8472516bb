"""What the API server refuses in tenants' namespaces, as rows of data; `addons/admission_policies.py` deploys them."""
