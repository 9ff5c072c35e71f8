"""The style of drawings, in CSS that reaches nothing outside them.

Every rule is below the drawing's class. Its colours are variables of its own, which take the page's colours (`--ink`,
`--paper`, ...) where it sets them; programs that know no variables take the light colour before each.
"""

import re
from collections.abc import Iterator

from tresnet_gen.explore import svg
from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED

CLASS = "network-picture"
ACCENTS = {
    "conv": "blue",
    "linear": "blue",
    "scale": "purple",
    "pool": "teal",
    "move": "orange",
    "norm": "muted",
    "stage": "blue",
}
MARKS = {ADDED: "green", REMOVED: "red", CHANGED: "orange"}

# & is the drawing, @name a colour.
RULES = (
    f"& text {{ font-size: {metrics.DETAIL}px; fill: @muted; }}",
    "& .paper { fill: @paper; }",
    f"& .name {{ font-size: {metrics.NAME}px; font-weight: 700; fill: @ink; }}",
    f"& .subtitle {{ font-size: {metrics.SUBTITLE}px; }}",
    f"& .title {{ font-size: {metrics.TITLE}px; font-weight: 700; fill: @ink; }}",
    "& .box rect { fill: @paper; stroke: @line; }",
    "& .box text { text-anchor: middle; }",
    "& .stage text { text-anchor: start; }",
    "& .stage .figure, & .stage-frame .figure, & .run-frame .figure { text-anchor: end; }",
    "& .join > rect { fill: @panel; stroke: @muted; }",
    "& .terminal > rect { fill: @ink; stroke: none; }",
    "& .terminal .title { fill: @paper; }",
    "& .stage-frame > rect { fill: @panel; stroke: @line; }",
    "& .run-frame > rect { fill: @paper; stroke: @line; }",
    f"& .run-frame .figure {{ font-size: {metrics.TITLE}px; font-weight: 700; fill: @blue; }}",
    "& .edge { fill: none; stroke: @muted; stroke-width: 1.25; }",
    "& .arrow { fill: @muted; }",
    "& .sign circle { stroke: @paper; }",
    f"& .sign text {{ font-size: {metrics.TITLE}px; font-weight: 700; fill: @paper; text-anchor: middle; }}",
)


def style() -> str:
    """Return the content of the style element in every drawing, byte for byte."""
    light, dark = (
        " ".join(f"--picture-{name}: var(--{name}, {value});" for name, value in scheme.items())
        for scheme in (svg.LIGHT, svg.DARK)
    )
    rules = [
        f"& {{ {light} font-family: {svg.FONT}; max-width: 100%; height: auto; }}",
        f"@media (prefers-color-scheme: dark) {{ & {{ {dark} }} }}",
        *RULES,
        *(f"& .{kind} .accent {{ fill: @{color}; }}" for kind, color in ACCENTS.items()),
        *(rule for mark, color in MARKS.items() for rule in _mark_rules(mark, f"@{color}")),
        f"& .{REMOVED} > rect, & path.{REMOVED} {{ stroke-dasharray: 4 3; }}",
        f"& .{REMOVED} .detail, & .{REMOVED} .title {{ fill: @muted; }}",
    ]
    return "\n" + "\n".join(map(_spelled_out, rules)) + "\n"


def _mark_rules(mark: str, color: str) -> Iterator[str]:
    frames = f"& .box.{mark} > rect" if mark == CHANGED else f"& .{mark} > rect, & path.edge.{mark}"
    yield f"{frames} {{ stroke: {color}; }}"
    yield f"& .box.{mark} > rect {{ stroke-width: 1.5; }}"
    filled = f"& text.{mark}, & .sign.{mark} circle" + f", & path.arrow.{mark}" * (mark != CHANGED)
    yield f"{filled} {{ fill: {color}; }}"


def _spelled_out(rule: str) -> str:
    rule = rule.replace("&", f".{CLASS}")
    return re.sub(r"(fill|stroke): @(\w+);", lambda found: _color(found[1], found[2]), rule)


def _color(what: str, name: str) -> str:
    return f"{what}: {svg.LIGHT[name]}; {what}: var(--picture-{name});"
