"""Host names in tenant files and environments, and how two of them relate.

Lower-case ASCII only: internationalized names are written in Punycode (`xn--…`), so that look-alikes are visible.
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
"""Domains of AWS, of cluster DNS and of DNS itself, which no tenant may use."""


def is_host_name(value: str) -> bool:
    """Whether `value` is a complete host name such as `shop.example.com`: at least two labels, not an IP address."""
    labels = value.split(".")
    return (len(value) <= 253 and len(labels) >= 2 and all(is_dns_label(label) for label in labels)) and not labels[
        -1
    ].isdigit()


def is_below(host: str, domain: str) -> bool:
    """Whether `host` is a subdomain of `domain`; false if they are equal."""
    return host.endswith(f".{domain}")


def overlap(one: str, other: str) -> bool:
    """Whether the names are equal or one is a subdomain of the other."""
    return one == other or is_below(one, other) or is_below(other, one)


def above(host: str) -> list[str]:
    """The parent domains of `host`, nearest first: `b.c` and `c` for `a.b.c`."""
    labels = host.split(".")
    return [".".join(labels[index:]) for index in range(1, len(labels))]
