"""Host names as tenants' files and environments write them, and how two of them lie to each other.

ASCII in lower case alone: names in other scripts are written in Punycode (`xn--…`), which shows what they are.
"""

from __future__ import annotations

from shared.naming import is_dns_label

RESERVED_DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "on.aws",
    "compute.internal",
    "ec2.internal",
    "cluster.local",
    "svc",
    "localhost",
    "arpa",
)
"""Names of AWS, of the cluster's own DNS and of DNS itself, which no tenant may answer for."""


def is_host_name(value: str) -> bool:
    """Whether `value` is a whole host name such as `shop.example.com`: two labels or more, and no IP address."""
    labels = value.split(".")
    return (len(value) <= 253 and len(labels) >= 2 and all(is_dns_label(label) for label in labels)) and not labels[
        -1
    ].isdigit()


def is_below(host: str, domain: str) -> bool:
    """Whether `host` lies below `domain`, which itself does not."""
    return host.endswith(f".{domain}")


def overlap(one: str, other: str) -> bool:
    """Whether they are one name, or one lies below the other."""
    return one == other or is_below(one, other) or is_below(other, one)


def above(host: str) -> list[str]:
    """The names that `host` lies below, the nearest first: `b.c` and `c` for `a.b.c`."""
    labels = host.split(".")
    return [".".join(labels[index:]) for index in range(1, len(labels))]
