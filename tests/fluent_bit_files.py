"""Reads configuration of Fluent Bit in its classic form, and refuses what Fluent Bit would: for tests alone.

Fluent Bit cannot run here. What it takes is therefore written down: sections, and the keys of the plug-ins that we use.
A key that is not in the tables is an error, as it would be there.

Source: Fluent Bit manual, "Classic mode" and the page of each plug-in; of Fargate EKS user guide, "Start AWS Fargate
logging for your cluster".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SERVICE = """flush grace daemon dns.mode log_file log_level parsers_file plugins_file streams_file http_server
http_listen http_port coro_stack_size scheduler.cap scheduler.base health_check hc_errors_count hc_retry_failure_count
hc_period hc_throughput json.convert_nan_to_null sp.convert_from_str_to_num storage.path storage.sync storage.checksum
storage.metrics storage.max_chunks_up storage.backlog.mem_limit storage.backlog.flush_on_shutdown
storage.delete_irrecoverable_chunks"""
_OF_ALL = {
    "INPUT": "name tag alias log_level mem_buf_limit storage.type storage.pause_on_chunks_overlimit threaded",
    "FILTER": "name match match_regex alias log_level",
    "OUTPUT": "name match match_regex alias log_level retry_limit workers storage.total_limit_size",
}
_PLUGINS = {
    (
        "INPUT",
        "tail",
    ): """buffer_chunk_size buffer_max_size path path_key exclude_path offset_key read_from_head refresh_interval
    rotate_wait ignore_older skip_long_lines skip_empty_lines db db.sync db.locking db.journal_mode db.compare_filename
    exit_on_eof parser key inotify_watcher tag_regex static_batch_size multiline.parser""",
    (
        "FILTER",
        "kubernetes",
    ): """buffer_size kube_url kube_ca_file kube_ca_path kube_token_file kube_tag_prefix merge_log merge_log_key
    merge_log_trim merge_parser keep_log tls.debug tls.verify tls.verify_hostname use_journal cache_use_docker_id
    regex_parser k8s-logging.parser k8s-logging.exclude labels annotations kube_meta_preload_cache_dir dummy_meta
    dns_retries dns_wait_time use_kubelet use_tag_for_meta kubelet_port kubelet_host kube_meta_cache_ttl kube_token_ttl
    kube_token_command kube_meta_namespace_cache_ttl namespace_labels namespace_annotations namespace_metadata_only
    owner_references""",
    ("FILTER", "parser"): "key_name parser preserve_key reserve_data unescape_key",
    ("FILTER", "rewrite_tag"): "rule emitter_name emitter_storage.type emitter_mem_buf_limit",
    (
        "OUTPUT",
        "cloudwatch_logs",
    ): """region log_group_name log_group_template log_stream_name log_stream_prefix log_stream_template log_key
    log_format role_arn auto_create_group log_group_class log_retention_days endpoint metric_namespace metric_dimensions
    sts_endpoint profile auto_retry_requests external_id extra_user_agent add_entity""",
}
_PARSER = "name format regex time_key time_format time_keep time_offset time_strict time_system_timezone types"
_PARSER_KINDS = {"PARSER": _PARSER, "MULTILINE_PARSER": "name type flush_timeout parser key_content rule"}
_SECTIONS = frozenset({"SERVICE", *_OF_ALL, *_PARSER_KINDS})
_REQUIRED = {
    "INPUT": ("name", "tag"),
    "FILTER": ("name", "match"),
    "OUTPUT": ("name", "match"),
    "PARSER": ("name", "format"),
    "MULTILINE_PARSER": ("name", "type"),
}
_BUILT_IN_MULTILINE = frozenset({"cri", "docker", "go", "java", "python", "ruby"})

FARGATE_SECTIONS = {
    "filters.conf": {"FILTER"},
    "output.conf": {"OUTPUT"},
    "parsers.conf": {"PARSER"},
}
FARGATE_FILTERS = frozenset(
    {"grep", "kubernetes", "modify", "nest", "parser", "record_modifier", "rewrite_tag", "throttle"}
)
FARGATE_OUTPUTS = frozenset({"cloudwatch", "cloudwatch_logs", "es", "firehose", "kinesis", "kinesis_firehose"})
FARGATE_CHARACTERS = 5300


class ConfigurationError(ValueError):
    """What Fluent Bit would not start with, or would ignore."""


@dataclass
class ReadSection:
    kind: str
    line: int
    entries: dict[str, str] = field(default_factory=dict)
    """By key in lower case: Fluent Bit makes no difference."""

    @property
    def name(self) -> str:
        return self.entries.get("name", "")


def read(text: str) -> list[ReadSection]:
    """The sections of one file.

    Raises:
        ConfigurationError: with the line.
    """
    sections: list[ReadSection] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.lstrip().startswith("#"):
            continue
        if line != line.rstrip() or "\t" in line:
            raise ConfigurationError(f"line {number}: blanks at the end, or a tab")
        if line.startswith("["):
            found = re.fullmatch(r"\[([A-Z_]+)\]", line)
            if found is None or found[1] not in _SECTIONS:
                raise ConfigurationError(f"line {number}: no section {line}")
            sections.append(ReadSection(kind=found[1], line=number))
            continue
        entry = re.fullmatch(r" {4}(\S+) +(\S.*)", line)
        if entry is None:
            raise ConfigurationError(f"line {number}: neither a section nor a key and its value, indented by four")
        if not sections:
            raise ConfigurationError(f"line {number}: a key before the first section")
        key = entry[1].lower()
        if key in sections[-1].entries:
            raise ConfigurationError(f"line {number}: {entry[1]} a second time")
        sections[-1].entries[key] = entry[2]
    for section in sections:
        _check(section)
    return sections


def _check(section: ReadSection) -> None:
    place = f"[{section.kind}] in line {section.line}"
    missing = [key for key in _REQUIRED.get(section.kind, ()) if key not in section.entries]
    if missing:
        raise ConfigurationError(f"{place}: without {', '.join(missing)}")
    unknown = section.entries.keys() - _known_keys(section, place)
    if unknown:
        raise ConfigurationError(f"{place}: unknown key {', '.join(sorted(unknown))}")
    if "regex" in section.entries:
        pattern(section)
    for key, value in section.entries.items():
        # A variable ends where the text goes on with a dot or a comma, and nowhere else.
        if key.endswith("_template") and re.search(r"\$\w+(\['[^']+'\])*[^.,\w\[]", value):
            raise ConfigurationError(f"{place}: {key} goes on after a variable with something else than a dot")


def _known_keys(section: ReadSection, place: str) -> set[str]:
    if section.kind == "SERVICE":
        return set(_SERVICE.split())
    if section.kind in _PARSER_KINDS:
        return set(_PARSER_KINDS[section.kind].split())
    plugin = _PLUGINS.get((section.kind, section.name))
    if plugin is None:
        raise ConfigurationError(f"{place}: no plug-in {section.name}")
    return set(_OF_ALL[section.kind].split()) | set(plugin.split())


def pattern(section: ReadSection) -> re.Pattern[str]:
    """The regular expression of a parser; ours mean the same to Onigmo as to Python."""
    try:
        return re.compile(section.entries["regex"].replace("(?<", "(?P<"))
    except re.error as error:
        raise ConfigurationError(f"[{section.kind}] in line {section.line}: {error}") from error


def named(sections: list[ReadSection], kind: str, name: str) -> dict[str, str]:
    """The keys of the one section of that kind and name."""
    (found,) = [section.entries for section in sections if (section.kind, section.name) == (kind, name)]
    return found


def missing_parsers(sections: list[ReadSection], parsers: list[ReadSection]) -> set[str]:
    """Names that `sections` use and `parsers` do not hold."""
    own = {section.name for section in parsers if section.kind == "PARSER"}
    lines = {section.name for section in parsers if section.kind == "MULTILINE_PARSER"} | _BUILT_IN_MULTILINE
    used = {section.entries["parser"] for section in sections if "parser" in section.entries}
    used_lines = {
        name.strip() for section in sections for name in section.entries.get("multiline.parser", "").split(",")
    } - {""}
    return (used - own) | (used_lines - lines)
