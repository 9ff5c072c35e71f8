"""Merges a spec with what it extends, then applies `set` and `--set`; the result is still a tree with places.

Order: merge, `set`, `--set`. Mappings merge key by key, lists and scalars are replaced, a mapping whose `type`
changes is replaced whole.
"""

import os
import re
import stat
from collections.abc import Callable
from collections.abc import Sequence as Seq
from typing import NamedTuple

from tresnet_gen import resources
from tresnet_gen.frontend.diagnostics import Report, Span, Text, nearest, printable
from tresnet_gen.frontend.fields import ASSEMBLY, NAME, NOT_INHERITED, SPEC
from tresnet_gen.frontend.kinds import Kind, Nullable, Record, Union
from tresnet_gen.frontend.source import (
    MAX_BYTES,
    MAX_DEPTH,
    Budget,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    compose,
    decode,
    describe,
)
from tresnet_gen.frontend.wording import dotted, legal_name

MAX_EXTENDS = 16
MAX_PATH = 1_000


class UnreadableError(OSError):
    """A spec that cannot be read; the message is one line for the user."""


class Origin(NamedTuple):
    """Where a spec's text came from; `path` is None for standard input and texts in memory."""

    text: Text
    path: str | None


Reader = Callable[[str, str | None], Origin]
"""What `read_file` is: a path, and the name it goes by in messages, to a text."""


def read_file(path: str | os.PathLike[str], shown: str | None = None) -> Origin:
    """Return the text of a regular file of at most 1 MiB; `shown` is the name it goes by in messages.

    Raises:
        UnreadableError: when it is missing, not a regular file or not readable.
        SpecError: when it is too large or not UTF-8.
    """
    path = os.fspath(path)
    name = shown or os.path.normpath(path)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise UnreadableError(f"cannot read {printable(name)}: it is {kind}")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        near = _near_files(path) if isinstance(error, FileNotFoundError) else ""
        raise UnreadableError(f"cannot read {printable(name)}: {reason}{near}") from error
    return Origin(decode(data, name), path)


def find(argument: str) -> str:
    """Return the path an argument means: a path when it has a `/` or ends in .yaml or .yml, else a bundled name.

    Raises:
        UnreadableError: when no bundled spec has that name.
    """
    if "/" in argument or argument.endswith((".yaml", ".yml")):
        return argument
    bundled = resources.bundled_specs()
    if argument in bundled:
        return bundled[argument]
    guess = nearest(argument, bundled)
    hint = f"did you mean {guess}?" if guess else "see `tresnet-gen list`"
    if os.path.isdir(argument):
        raise UnreadableError(f"cannot read {printable(argument)}: it is a folder; name a spec in it")
    if os.path.exists(argument):
        hint = f"for the file write {printable(os.path.join('.', argument))}"
    elif not guess and (near := _near_files(argument)):
        hint = near.removeprefix("; ")
    raise UnreadableError(f"no bundled spec is named {printable(argument)}; {hint}")


def resolve(origin: Origin, overrides: Seq[str], report: Report, read: Reader = read_file) -> Mapping:
    """Return the merged tree of a spec with `overrides` (`path=value` texts) applied; `read` reads what it extends.

    Raises:
        SpecError: findings of reading (E0xx), of `extends` (E2xx) and of paths that lead nowhere (E205).
    """
    resolver = _Resolver(report, read)
    tree = resolver.resolve(origin, ())
    for override in overrides:
        tree = _override(tree, override, report, resolver.budget)
    return tree


class _Resolver:
    def __init__(self, report: Report, read: Reader) -> None:
        self.report = report
        self.read = read
        self.budget = Budget()
        self.characters = 0

    def resolve(self, origin: Origin, chain: tuple[str, ...]) -> Mapping:
        tree = _top_mapping(origin.text, self.budget)
        if origin.path is not None:
            chain = (*chain, os.path.realpath(origin.path))
        extends = tree.entries.get("extends")
        if extends is not None and not _is_null(extends.value):
            base = self.base(extends.value, origin, chain)
            inherited = {k: e for k, e in base.entries.items() if k not in NOT_INHERITED}
            own_name = self.default_name(tree, extends, origin)
            own = Mapping(tree.span, {**tree.entries, **own_name})
            tree = _merged_mapping(Mapping(base.span, inherited), own, SPEC)
        return self.apply_set(tree)

    def default_name(self, tree: Mapping, extends: Entry, origin: Origin) -> dict[str, Entry]:
        """Return the entry for a `name` left out by a spec that extends another: the stem of its own file."""
        given = tree.entries.get("name")
        if origin.path is None or (given and not _is_null(given.value)):
            return {}
        stem = name = os.path.splitext(os.path.basename(origin.path))[0]
        if not NAME.pattern.fullmatch(stem):
            name = legal_name(stem, NAME) or "my_net"
            message = f"`name` is missing, and the file's stem is not a legal one: `{printable(stem)}`"
            self.report.error("E107", message, extends.key, f"add `name: {name}`")
        return {"name": Entry(extends.key, Scalar(extends.key, name, name))}

    def base(self, node: Node, origin: Origin, chain: tuple[str, ...]) -> Mapping:
        """Return the resolved tree of the spec that `extends` names."""
        path, shown = self.locate(node, origin)
        real = os.path.realpath(path)
        if real in chain:
            names = " -> ".join(map(os.path.basename, (*chain[chain.index(real) :], real)))
            self.refuse(
                "E202", f"specs extend each other in a circle: {names}", node, "extend a spec that stands alone"
            )
        if len(chain) >= MAX_EXTENDS:
            message = f"specs extend each other more than {MAX_EXTENDS} deep"
            self.refuse("E202", message, node, "extend a spec nearer to the first one")
        try:
            base = self.read(path, shown)
        except UnreadableError as error:
            self.refuse("E201", str(error), node, "a path starts at the folder of the spec that it stands in")
            raise AssertionError("unreachable") from error
        self.characters += len(base.text.content)
        if self.characters > MAX_BYTES:
            message = "the specs that this one is built on are larger than 1 MiB together"
            self.refuse("E003", message, node, "a spec has a few dozen lines")
        return self.resolve(base, chain)

    def locate(self, node: Node, origin: Origin) -> tuple[str, str]:
        """Return the path that the value of `extends` stands for, and the name it goes by in messages."""
        target = node.value if isinstance(node, Scalar) else None
        if not isinstance(target, str):
            self.refuse("E103", f"`extends` must be text; got {describe(node)}", node, "name a spec: tresnet_m")
        target = str(target)
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", target):
            self.refuse("E203", "`extends` names a file; URLs are not read", node, "copy the spec beside this one")
        if len(target) > MAX_PATH:
            message = f"`{printable(target)}` has {len(target):,} characters; a path has at most {MAX_PATH:,}"
            self.refuse("E203", message, node, "extend a spec below this one's folder by a relative path")
        if "\\" in target or any(not c.isprintable() for c in target):
            self.refuse("E203", f"`{printable(target)}` is not a relative path", node, "separate folders with `/`")
        if "/" not in target and not target.endswith((".yaml", ".yml")):
            return self.bundled(target, node, origin), resources.shown(target)
        folder = os.path.dirname(origin.path) if origin.path else ""
        path = os.path.normpath(os.path.join(folder, target))
        if os.path.isabs(target) or not any(_lies_below(path, root) for root in (folder or ".", ".")):
            message = f"`{printable(target)}` lies outside this spec's folder and the working folder"
            self.refuse("E203", message, node, "extend a spec below one of the two by a relative path")
        shown_folder = os.path.dirname(origin.text.name) if origin.path else ""
        return path, os.path.normpath(os.path.join(shown_folder, target))

    def bundled(self, name: str, node: Node, origin: Origin) -> str:
        bundled = resources.bundled_specs()
        if name not in bundled:
            guess = nearest(name, bundled)
            help_text = f"did you mean `{guess}`?" if guess else "a path ends in .yaml; see `tresnet-gen list`"
            folder = os.path.dirname(origin.path) if origin.path else ""
            if os.path.exists(os.path.join(folder, f"{name}.yaml")):
                help_text = f"for the file write `{printable(name)}.yaml`"
            self.refuse("E201", f"no bundled spec is named `{printable(name)}`", node, help_text)
        return bundled[name]

    def refuse(self, code: str, message: str, node: Node, help_text: str | None = None) -> None:
        """Report what makes `extends` unusable; nothing can be checked without the base."""
        self.report.error(code, message, node.span, help_text)
        self.report.raise_if_any()

    def apply_set(self, tree: Mapping) -> Mapping:
        entry = tree.entries.get("set")
        if entry is None or _is_null(entry.value):
            return tree
        if not isinstance(entry.value, Mapping):
            message = f"`set` must be a mapping of paths to values; got {describe(entry.value)}"
            self.report.error("E103", message, entry.value.span, "write `set: {stages.2.depth: 24}`")
            return tree
        for path, edit in entry.value.entries.items():
            tree = assign(tree, path, edit, self.report)
        return tree


def _override(tree: Mapping, override: str, report: Report, budget: Budget) -> Mapping:
    """Apply one `--set path=value`."""
    text = Text("--set", override, is_override=True)
    path, equals, _ = override.partition("=")
    if not equals or not path:
        help_text = "for example --set stages.2.depth=24"
        report.error("E205", "`--set` wants PATH=VALUE", Span(text, 0, len(override)), help_text)
        report.raise_if_any()
    start = len(path) + 1
    key = Span(text, 0, len(path))
    value = compose(text, start, budget) or Scalar(Span(text, start, start), None, "")
    return assign(tree, path.strip(), Entry(key, value), report)


def assign(tree: Mapping, path: str, edit: Entry, report: Report) -> Mapping:
    """Return `tree` with the value at `path` replaced; reports E205 when the path leads nowhere."""
    segments = path.split(".")
    if segments[0] in ASSEMBLY:
        help_text = f"write `{segments[0]}` at the top of the spec itself"
        report.error("E205", f"`{segments[0]}` cannot be set by a path", edit.key, help_text)
        return tree
    try:
        changed = _assigned(tree, segments, 0, edit)
    except _NowhereError as nowhere:
        report.error("E205", f"`{printable(path)}` leads nowhere: {nowhere}", edit.key, nowhere.help)
        return tree
    assert isinstance(changed, Mapping)
    return changed


class _NowhereError(Exception):
    def __init__(self, why: str, help_text: str | None = None) -> None:
        super().__init__(why)
        self.help = help_text


def _assigned(node: Node | None, segments: list[str], depth: int, edit: Entry) -> Node:
    """Return `node` with the edit made below it; mappings that are absent are made on the way."""
    if len(segments) > MAX_DEPTH:
        raise _NowhereError(f"it has {len(segments):,} parts", "a path looks like stages.2.depth")
    if depth == len(segments):
        return edit.value
    segment = segments[depth]
    if not segment:
        raise _NowhereError("a part of it is empty", "write stages.2.depth=24")
    if isinstance(node, Sequence):
        index = _index(segment, node, segments[:depth])
        changed = _assigned(node.items[index], segments, depth + 1, edit)
        return Sequence(node.span, (*node.items[:index], changed, *node.items[index + 1 :]))
    if node is None or _is_null(node):
        node = Mapping(edit.key, {})
    if not isinstance(node, Mapping):
        here = printable(dotted(tuple(segments[:depth])))
        raise _NowhereError(f"`{here}` is {describe(node)}", f"end the path there: {here}")
    old = node.entries.get(segment)
    value = _assigned(old.value if old else None, segments, depth + 1, edit)
    key = edit.key if old is None or depth == len(segments) - 1 else old.key
    return Mapping(node.span, {**node.entries, segment: Entry(key, value, removes=_is_null(value))})


def _index(segment: str, node: Sequence, above: Seq[str]) -> int:
    last, here = len(node.items) - 1, printable(dotted(tuple(above)))
    if not (segment.isascii() and segment.isdecimal() and len(segment) <= 9):
        raise _NowhereError(f"`{here}` is a list; `{printable(segment)}` is no index", f"use 0 to {last}")
    if int(segment) > last:
        raise _NowhereError(f"`{here}` has no item {int(segment)}", f"its items are 0 to {last}")
    return int(segment)


def _merge(base: Node, own: Node, kind: Kind | None) -> Node:
    """Return `own` laid over `base`; `kind` is what the field table says stands here."""
    if isinstance(kind, Nullable):
        kind = kind.kind
    if not isinstance(base, Mapping) or not isinstance(own, Mapping):
        return own
    if isinstance(kind, Union) and _tag(own, kind, None) not in (None, _tag(base, kind, kind.default)):
        return own
    return _merged_mapping(base, own, kind)


def _merged_mapping(base: Mapping, own: Mapping, kind: Kind | None) -> Mapping:
    kinds = _kinds_of_keys(kind)
    merged = dict(base.entries)
    for key, entry in own.entries.items():
        old = base.entries.get(key)
        value = _merge(old.value, entry.value, kinds.get(key)) if old else entry.value
        merged[key] = Entry(entry.key, value, removes=entry.removes or (old is not None and _is_null(value)))
    return Mapping(own.span, merged)


def _tag(node: Mapping, kind: Union, default: str | None) -> object:
    entry = node.entries.get(kind.tag)
    return entry.value.value if entry and isinstance(entry.value, Scalar) and not _is_null(entry.value) else default


def _kinds_of_keys(kind: Kind | None) -> dict[str, Kind]:
    records = kind.variants.values() if isinstance(kind, Union) else [kind] if isinstance(kind, Record) else []
    return {field.key: field.kind for record in records for field in record.fields}


def _top_mapping(text: Text, budget: Budget) -> Mapping:
    node = compose(text, budget=budget)
    if isinstance(node, Mapping):
        return node
    report = Report()
    if node is None or _is_null(node):
        start = Span(text, 0, 0)
        report.error("E008", "the spec is empty", start, "`tresnet-gen init NAME` writes one to start from")
    else:
        message = f"a spec is a mapping of keys; got {describe(node)}"
        report.error(
            "E008", message, node.span, "start with `name: my_net`; `tresnet-gen init NAME` writes a whole one"
        )
    report.raise_if_any()
    raise AssertionError("unreachable")


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _lies_below(path: str, root: str) -> bool:
    """Return whether a path, with its links followed, lies in a folder or below it."""
    real, real_root = os.path.realpath(path), os.path.realpath(root)
    return real == real_root or real.startswith(real_root.rstrip(os.sep) + os.sep)


def _near_files(path: str) -> str:
    """Return a hint that names a spec file of similar name in the same folder."""
    folder, file = os.path.split(path)
    try:
        names = [name for name in os.listdir(folder or ".") if name.endswith((".yaml", ".yml"))][:1000]
    except (OSError, ValueError):
        return ""
    stems = {os.path.splitext(name)[0]: name for name in sorted(names)}
    near = nearest(os.path.splitext(file)[0], stems)
    return f"; did you mean {printable(os.path.join(folder, stems[near]))}?" if near else ""
