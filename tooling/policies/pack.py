"""The engine's policy pack, and the analyzer that the engine starts for it: two lines of shell.

A pack names its runtime; for one that is no language the engine looks for `pulumi-analyzer-policy-<runtime>`, starts
it, and reads a port from its first line. Ours writes down the port of the process that serves already, and stays until
the engine closes its stdin or interrupts it.

Source: pulumi, sdk/go/common/resource/plugin/analyzer_plugin.go, NewPolicyAnalyzer.
"""

from __future__ import annotations

from pathlib import Path

import yaml

PACK = "eks-platform"
VERSION = "1.0.0"
RUNTIME = "tiers"
EXECUTABLE = f"pulumi-analyzer-policy-{RUNTIME}"
PLUGIN_DIRECTORY = f"analyzer-policy-{RUNTIME}-v{VERSION}"
"""Under `plugins` of a PULUMI_HOME."""

PORT_VARIABLE = "TIERS_POLICIES_PORT"
"""Set by `tiers` for the engine, which passes it on to its child processes."""

_SCRIPT = f"""#!/bin/sh
echo "${PORT_VARIABLE}"
exec cat >/dev/null
"""


def write_pack(directory: Path) -> Path:
    """Writes `PulumiPolicy.yaml` if it is missing or outdated; returns the pack's directory."""
    pack = directory / "pack"
    pack.mkdir(parents=True, exist_ok=True)
    _write(pack / "PulumiPolicy.yaml", yaml.safe_dump({"runtime": RUNTIME, "version": VERSION, "name": PACK}), 0o600)
    return pack


def write_analyzer(directory: Path) -> None:
    """Writes the program that the engine starts."""
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / EXECUTABLE, _SCRIPT, 0o700)


def _write(path: Path, text: str, mode: int) -> None:
    """Writes atomically, since runs can be concurrent."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.chmod(mode)
    unfinished.replace(path)
