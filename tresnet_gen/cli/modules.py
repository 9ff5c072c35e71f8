"""Emitted modules and what stands in their place on disk."""

import os
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from tresnet_gen.analysis.counts import count
from tresnet_gen.cli.files import read_existing, write_atomically
from tresnet_gen.emission.render import emit
from tresnet_gen.emission.stamp import Ownership, ownership, spec_sha256
from tresnet_gen.frontend.diagnostics import Diagnostic, printable
from tresnet_gen.graph.graph import Graph

DEFAULT_FOLDER = "generated"


class State(Enum):
    """How a file on disk stands to what the spec gives."""

    MISSING = "missing"
    CURRENT = "current"
    STALE = "stale"
    EDITED = "edited"
    FOREIGN = "foreign"


class Output(NamedTuple):
    """A module to write and what stands in its place."""

    graph: Graph
    path: str
    text: str
    existing: str | None

    @property
    def state(self) -> State:
        """Whether and why the file on disk differs."""
        if self.existing is None:
            return State.MISSING
        if self.existing.replace("\r\n", "\n") == self.text:
            return State.CURRENT
        states = {Ownership.OURS: State.STALE, Ownership.EDITED: State.EDITED, Ownership.FOREIGN: State.FOREIGN}
        return states[ownership(self.existing)]


def output_of(graph: Graph, output: str) -> Output:
    """Return the module of a graph for a file, when `output` ends in .py, or a folder.

    Raises:
        UnwritableError: when something other than a readable file stands at the path.
    """
    path = output if output.endswith(".py") else os.path.join(output, f"{graph.spec.name}.py")
    return Output(graph, path, emit(graph), read_existing(path))


def refusals(outputs: Sequence[Output], command: str = "") -> list[Diagnostic]:
    """Return why files that were edited, or that tresnet-gen did not write, are not overwritten.

    `command` stands before options that another command has.
    """
    ways = {
        State.EDITED: "edited since it was generated; "
        f"{command}--diff shows the edits, {command}--force overwrites them",
        State.FOREIGN: f"not written by tresnet-gen; {command}--force overwrites it",
    }
    refused = [output for output in outputs if output.state in ways]
    return [Diagnostic("E000", f"{printable(output.path, 400)}: {ways[output.state]}") for output in refused]


def write(output: Output, dry_run: bool = False) -> str:
    """Write a module unless the file has it already; return what was done.

    Raises:
        UnwritableError: when it cannot be written.
    """
    if output.state is State.CURRENT:
        return "unchanged"
    if dry_run:
        return "would write"
    write_atomically(output.path, output.text)
    return "wrote"


def done(output: Output, what: str) -> str:
    """Return the line that says what was done with a file."""
    totals = count(output.graph).totals
    figures = f"({totals.params:,} parameters, {totals.macs:,} MACs)"
    return f"{what} {printable(output.path, 400)}  {figures}"


def as_json(output: Output, state: str) -> dict[str, Any]:
    """Return the JSON object of a module."""
    return {
        "name": output.graph.spec.name,
        "path": output.path.replace(os.sep, "/"),
        "state": state,
        "spec_sha256": spec_sha256(output.graph.spec),
    }
