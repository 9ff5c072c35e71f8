"""What a hostile case is, and a few ways to write one in a line.

Payloads are inert: one that ran would make the folder MARK.
"""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

MARK = "tresnet_gen_pwned"
CODE = f"__import__('os').mkdir('{MARK}')"

PARTS = {
    "name": "name: small",
    "input": "input: {channels: 3, size: 224}",
    "num_classes": "num_classes: 1000",
    "norm": "norm: {type: batch_norm}",
    "act": "act: {type: leaky_relu, slope: 0.001}",
    "stem": "stem: {type: space_to_depth, block_size: 4, kernel: 3, width: 76}",
    "stages": "stages: [{block: basic, depth: 2, width: 76, se: {ratio: 4, min_channels: 64}, aa: true}]",
    "head": "head: {type: avg_pool_linear}",
}
LINE = {key: number for number, key in enumerate(PARTS, 1)}
AFTER = len(PARTS) + 1

Files = Mapping[str, str | bytes]
NOTHING: Files = MappingProxyType({})


class Case(NamedTuple):
    """Input that must be refused: the first finding's code, line and a part of what it says.

    `text` is that of spec.yaml, `files` stand beside it. With `args` that command is run, and `exit` is its code; a
    message without a finding has neither code nor line.
    """

    name: str
    text: str | bytes
    code: str
    line: int
    says: str
    files: Files = NOTHING
    args: tuple[str, ...] = ()
    exit: int = 1
    stdin: bytes = b""


class Twin(NamedTuple):
    """A spec that must be accepted, and the harmless one whose module it must give, apart from the docstring."""

    name: str
    text: str | bytes
    harmless: str


def spec(extra: str = "", **changed: str) -> str:
    """Return a legal spec's text, one key a line, with lines changed and a line added."""
    return "\n".join([*{**PARTS, **changed}.values(), extra]) + "\n"


def on(key: str, name: str, value: str, code: str, says: str) -> Case:
    """Return a case of a legal spec with one value changed."""
    return Case(name, spec(**{key: f"{key}: {value}"}), code, LINE[key], says)


def behind(name: str, line: str, code: str, says: str) -> Case:
    """Return a case of a legal spec with a line added."""
    return Case(name, spec(line), code, AFTER, says)


def extending(name: str, target: str, code: str, says: str, **files: str | bytes) -> Case:
    """Return a case of a legal spec that extends `target`; underlines in names of files stand for dots."""
    beside = {file.replace("_", "."): text for file, text in files.items()}
    return Case(name, f"extends: {target}\n{spec()}", code, 1, says, beside)


def command(name: str, says: str, *args: str, exit: int = 2, files: Files | None = None, stdin: bytes = b"") -> Case:
    """Return a case of a command line, beside a legal spec.yaml."""
    return Case(name, spec(), "", 0, says, files or {}, args, exit, stdin)


def quoted(text: str) -> str:
    """Return text as a YAML double-quoted scalar on one line."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    special = {*map(chr, range(32)), *map(chr, range(127, 160))}
    return '"' + "".join(escapes.get(c) or (f"\\x{ord(c):02x}" if c in special else c) for c in text) + '"'


def described(text: str) -> str:
    """Return a spec with a description."""
    return spec(f"description: {quoted(text)}")


def stage(**values: object) -> str:
    """Return the line of a single stage."""
    items = {"block": "basic", "depth": 1, "width": 64, **values}
    return "stages: [{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}]"


def nine(names: str, start: str, item: str) -> str:
    """Return lines that each repeat the one before nine times."""
    lines = [start.format(names[0])]
    lines += [item.format(name, ",".join([f"*{before}"] * 9)) for before, name in pairwise(names)]
    return "\n".join(lines) + "\n"
