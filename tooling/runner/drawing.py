"""Diagrams of the chain, drawn from `tiers.yaml`: text for a terminal, Mermaid for pages, SVG for the README."""

from __future__ import annotations

from html import escape
from textwrap import wrap

from tooling.runner.graph import Graph, in_order
from tooling.runner.tiers_file import Tier, load_tiers

_WIDTH, _BOX_WIDTH, _BOX_HEIGHT, _GAP, _LEFT = 760, 580, 96, 44, 90
_PLATFORM, _APPLICATION = "#e8f0fe", "#e6f4ea"


def as_text(graph: Graph) -> str:
    """One line per stack, with the stacks that it reads."""
    stacks = in_order(graph)
    width = max(len(str(stack)) for stack in stacks)
    lines = []
    for stack in stacks:
        reads = ", ".join(sorted(str(upstream) for upstream in graph.predecessors(stack)))
        lines.append(f"{stack!s:<{width}}" + (f"  reads {reads}" if reads else ""))
    return "\n".join(line.rstrip() for line in lines)


def as_mermaid() -> str:
    tiers = load_tiers().tiers
    lines = ["flowchart TB"]
    for number, tier in enumerate(tiers, start=1):
        lines.append(f'    {tier.name}["{number}. {tier.title}<br/>{tier.directory}/<br/>{tier.creates}"]')
    lines.extend(f"    {read} --> {tier.name}" for tier in tiers for read in tier.reads)
    return "\n".join(lines)


def as_svg() -> str:
    tiers = load_tiers().tiers
    height = len(tiers) * (_BOX_HEIGHT + _GAP) - _GAP + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="The chain of tiers" font-family="ui-sans-serif, system-ui, sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#5f6368"/></marker></defs>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    tops = {tier.name: 10 + index * (_BOX_HEIGHT + _GAP) for index, tier in enumerate(tiers)}
    for number, tier in enumerate(tiers, start=1):
        parts.extend(_box(number, tier, tops[tier.name]))
        for read in tier.reads:
            parts.append(_arrow(tops[read], tops[tier.name]))
    parts.append("</svg>")
    return "\n".join(parts)


def _box(number: int, tier: Tier, top: int) -> list[str]:
    fill = _APPLICATION if tier.stacks == "application" else _PLATFORM
    stacks = {
        "environment": "one stack per environment",
        "tenant": "one stack per tenant and environment",
        "application": "one stack per application and environment",
    }[tier.stacks]
    lines = [
        f'<rect x="{_LEFT}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="10" fill="{fill}" '
        'stroke="#5f6368"/>',
        f'<text x="{_LEFT + 18}" y="{top + 28}" font-size="18" font-weight="600" fill="#202124">'
        f"{number}. {escape(tier.title)}</text>",
        f'<text x="{_LEFT + _BOX_WIDTH - 18}" y="{top + 28}" font-size="14" text-anchor="end" fill="#202124" '
        f'font-family="ui-monospace, monospace">{escape(tier.directory)}/</text>',
    ]
    for index, line in enumerate(wrap(tier.creates, 72)[:1]):
        lines.append(
            f'<text x="{_LEFT + 18}" y="{top + 54 + index * 18}" font-size="14" fill="#3c4043">{escape(line)}</text>'
        )
    lines.append(
        f'<text x="{_LEFT + 18}" y="{top + 78}" font-size="13" fill="#5f6368">'
        f"{escape(stacks)} · owner: {escape(tier.owner)}</text>"
    )
    return lines


def _arrow(above: int, below: int) -> str:
    """From upstream to the tier that reads it: straight down to the next tier, round the side past others."""
    start, end = above + _BOX_HEIGHT, below
    if end - start <= _GAP:
        middle = _LEFT + _BOX_WIDTH // 2
        path = f"M{middle} {start}V{end - 2}"
    else:
        side = _LEFT - 60
        path = f"M{_LEFT} {above + _BOX_HEIGHT // 2}H{side}V{below + _BOX_HEIGHT // 2}H{_LEFT - 2}"
    return f'<path d="{path}" fill="none" stroke="#5f6368" stroke-width="1.5" marker-end="url(#tip)"/>'
