"""The tenant catalog."""

from __future__ import annotations

from tests.bad_input.case import Case, append, directory_at, edit, link, remove, rename, write

_UP = "up --stack local"
_C = "tenants/catalog/tenant-c.yaml"


def _in_c(id_: str, text: str, place: str = "", says: str = "", nearest: str = "") -> Case:
    """A row about the content of one tenant's file."""
    return Case(
        id=f"catalog: {id_}",
        command=_UP,
        wrong=(write(_C, text),),
        code="tenant-invalid",
        place=f"{_C}{', ' + place if place else ''}",
        says=says,
        nearest=nearest,
    )


CASES = [
    Case(
        id="catalog: no file",
        command=_UP,
        wrong=(remove("tenants/catalog/*.yaml"),),
        code="catalog-empty",
        place="tenants/catalog",
    ),
    Case(
        id="catalog: no directory",
        command=_UP,
        wrong=(remove("tenants/catalog/*.yaml"), lambda site: (site.root / "tenants/catalog").rmdir()),
        code="catalog-empty",
        place="tenants/catalog",
    ),
    Case(
        id="catalog: file with another ending",
        command=_UP,
        wrong=(rename(_C, "tenant-c.yml"),),
        code="catalog-file-unknown",
        place="tenants/catalog/tenant-c.yml",
    ),
    Case(
        id="catalog: directory in place of a file",
        command=_UP,
        wrong=(remove(_C), directory_at(_C)),
        code="tenant-invalid",
        place=_C,
        says="Is a directory",
    ),
    Case(
        id="catalog: link to itself",
        command=_UP,
        wrong=(remove(_C), link(_C, "tenant-c.yaml")),
        code="tenant-invalid",
        place=_C,
        says="symbolic links",
    ),
    Case(
        id="catalog: link to nothing",
        command=_UP,
        wrong=(remove(_C), link(_C, "nowhere.yaml")),
        code="tenant-invalid",
        place=_C,
        says="No such file",
    ),
    Case(
        id="catalog: not UTF-8",
        command=_UP,
        wrong=(write(_C, b"# a data team\nowner: Z\xfcrich\n"),),
        code="tenant-invalid",
        place=f"{_C}, line 2",
        says="not UTF-8",
    ),
    Case(
        id="catalog: zero bytes",
        command=_UP,
        wrong=(write(_C, b"owner: \x00\n"),),
        code="tenant-invalid",
        place=_C,
        says="not YAML",
    ),
    Case(
        id="catalog: file name is no DNS label",
        command=_UP,
        wrong=(rename(_C, "Tenant_C.yaml"),),
        code="name-invalid",
        place="tenants/catalog/Tenant_C.yaml",
        says="tenant 'Tenant_C' is not a DNS label",
    ),
    Case(
        id="catalog: file name too long",
        command=_UP,
        wrong=(rename(_C, "t" * 64 + ".yaml"),),
        code="name-invalid",
        place="tenants/catalog/ttt",
        says="at most 63",
    ),
    Case(
        id="catalog: one namespace for two tenants",
        command=_UP,
        wrong=(
            write("tenants/catalog/shop.yaml", "owner: a\nnamespaces: [shop, shop-eu]\n"),
            write("tenants/catalog/shop-eu.yaml", "owner: b\n"),
        ),
        code="namespace-taken",
        place="tenants/catalog/shop.yaml, namespaces",
        says="'shop-eu' is claimed by shop-eu and by shop",
    ),
    Case(
        id="catalog: one host for two tenants",
        command=_UP,
        wrong=(edit("tenants/catalog/tenant-b.yaml", "shop.tenant-b", "tenant-a"),),
        code="host-taken",
        place="tenants/catalog/tenant-b.yaml, hosts",
        says="'tenant-a.example.com'",
    ),
    _in_c("not YAML", "owner: [team\n", "line 1", "not YAML"),
    _in_c("indented by a tab", "quota:\n\tpods: 1\n", "line 2", "not YAML"),
    _in_c("a list", "- owner: team-c\n", "line 1", "holds a list"),
    _in_c("one value", "team-c\n", "line 1", "holds one value"),
    _in_c("empty file", "", "owner", "`owner` is missing"),
    _in_c("two documents", "owner: a\n---\nowner: b\n", "", "another document"),
    _in_c("key twice", "owner: a\nhosts: []\nowner: b\n", "line 3", "`owner` stands twice"),
    _in_c("key twice further down", "owner: a\nquota:\n  pods: 1\n  pods: 2\n", "line 4", "`pods` stands twice"),
    _in_c("key that is a number", "owner: a\n1: b\n", "line 2", "`1` is no text"),
    _in_c(
        "a billion laughs",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "line 2",
        "alias *a",
    ),
    _in_c("nested too deep", "owner: " + "[" * 60_000 + "\n", "line 1", "nests more than"),
    _in_c("name of another", "name: tenant-d\nowner: a\n", "name", "not the file's own name"),
    _in_c("name that climbs out of the directory", "name: ../x\nowner: a\n", "name", "not the file's own name"),
    _in_c("unknown key", "onwer: team-c\n", "onwer", "unknown key `onwer`", "owner"),
    _in_c("unknown key of the quota", "owner: a\nquota:\n  request.cpu: 1\n", "quota.request.cpu", "", "requests.cpu"),
    _in_c("amount that is none", "owner: a\nquota:\n  limits.cpu: 4 cores\n", "quota.limits.cpu", "'4 cores'"),
    _in_c("truth value for a number", "owner: a\nquota:\n  pods: yes\n", "quota.pods", "whole number"),
    _in_c("text for a number", "owner: a\nquota:\n  pods: many\n", "quota.pods", "integer"),
    _in_c("negative number", "owner: a\nquota:\n  secrets: -1\n", "quota.secrets", "greater than or equal to 0"),
    _in_c("number for text", "owner: 7\n", "owner", "string"),
    _in_c("list for a mapping", "owner: a\nquota: []\n", "quota", "dictionary"),
    _in_c(
        "requests above limits",
        "owner: a\nquota:\n  requests.memory: 9Gi\n  limits.memory: 8Gi\n",
        "quota",
        "requests.memory 9Gi is more than limits.memory 8Gi",
    ),
    _in_c("containers above the quota", "owner: a\nquota:\n  limits.cpu: 1\n  requests.cpu: 1\n", "", "containers.max"),
    _in_c("unknown environment", "owner: a\nenvironments: [stagng]\n", "", "no environment 'stagng'", "staging"),
    _in_c("namespace of another tenant", "owner: a\nnamespaces: [tenant-a]\n", "", "'tenant-a' is neither"),
    _in_c("namespace is no DNS label", "owner: a\nnamespaces: [Tenant]\n", "", "'Tenant' is not a DNS label"),
    _in_c("namespace twice", "owner: a\nnamespaces: [tenant-c, tenant-c]\n", "", "twice"),
    _in_c("registry with a scheme", 'owner: a\nregistries: ["https://ghcr.io"]\n', "registries.0", "'https://ghcr.io'"),
    _in_c("registry that is a word", "owner: a\nregistries: [dockerhub]\n", "registries.0", "'dockerhub'"),
    _in_c("host with a star", 'owner: a\nhosts: ["*.example.com"]\n', "hosts.0", "'*.example.com'"),
    _in_c("port out of range", "owner: a\nweb_ports: [0]\n", "web_ports.0", "greater than"),
    _in_c("more ports than the CNI takes", f"owner: a\nweb_ports: {list(range(8000, 8025))}\n", "web_ports", "24"),
    _in_c("unknown access to the bucket", "owner: a\nbucket_access: all\n", "bucket_access", "'read-write'"),
    _in_c("days that no log group keeps", "owner: a\nlog_retention_days: 31\n", "log_retention_days", "should be 1, 3"),
    _in_c("truth value for days", "owner: a\nlog_retention_days: yes\n", "log_retention_days", "whole number"),
    Case(
        id="catalog: tenant that is called after the platform's namespace",
        command=_UP,
        wrong=(rename(_C, "logging.yaml"),),
        code="tenant-invalid",
        place="tenants/catalog/logging.yaml",
        says="namespace 'logging' is the platform's own",
    ),
    _in_c(
        "principal that is everybody", 'owner: a\ndeployer_principal_arns: ["*"]\n', "deployer_principal_arns.0", "'*'"
    ),
    Case(
        id="catalog: application of an unknown tenant",
        command=_UP,
        wrong=(edit("applications/demo/Pulumi.yaml", "default: tenant-a", "default: tenant-aa"),),
        code="tenant-unknown",
        place="applications/demo",
        nearest="tenant-a",
    ),
    Case(
        id="catalog: application's tenant climbs out of the directory",
        command=_UP,
        wrong=(edit("applications/demo/Pulumi.yaml", "default: tenant-a", "default: ../x"),),
        code="name-invalid",
        place="applications/demo/Pulumi.yaml",
        says="'../x'",
    ),
    Case(
        id="catalog: application without a tenant",
        command=_UP,
        wrong=(edit("applications/demo/Pulumi.yaml", "default: tenant-a", 'default: ""'),),
        code="tenant-missing",
        place="applications/demo/Pulumi.yaml",
    ),
    Case(
        id="catalog: wrong in a file that another tenant's preview does not need",
        command="preview tenants --tenant tenant-a --stack local",
        wrong=(append(_C, "colour: red\n"),),
        code="tenant-invalid",
        place=f"{_C}, colour",
    ),
]
