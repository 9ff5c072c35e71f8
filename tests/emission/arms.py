"""Which way every condition of a source text goes while the text runs."""

import ast
from collections.abc import Callable
from types import CodeType
from typing import Any

import torch

PROBE = "__probe__"
OTHER_BRANCHES = (ast.Match, ast.TryStar, ast.Assert, ast.ExceptHandler)


class Arms(ast.NodeTransformer):
    """Instruments a text: every if, while, conditional expression, comprehension filter, operand of and, or.

    `code` is to be run, as often as wanted, in namespaces that have `probe` under the name PROBE.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.conditions: list[ast.expr] = []
        self.functions: list[str] = []  # that each condition stands in
        self.taken: list[set[bool]] = []
        self._function = ""
        tree = ast.parse(source)
        assert not any(isinstance(node, OTHER_BRANCHES) for node in ast.walk(tree)), "a branch not instrumented here"
        self.code: CodeType = compile(ast.fix_missing_locations(self.visit(tree)), "<instrumented>", "exec")

    def probe(self, index: int, value: object) -> object:
        """Record the truth of a condition's value and return the value."""
        self.taken[index].add(bool(value))
        return value

    def one_sided(self, within: Callable[[str], bool] = lambda function: True) -> list[str]:
        """Return the conditions that did not go both ways; `within` chooses by the name of their function."""
        conditions = zip(self.conditions, self.texts(), self.functions, self.taken, strict=True)
        return [
            f"line {node.lineno}: `{text}` was {sorted(taken) or 'never reached'}"
            for node, text, function, taken in conditions
            if taken != {True, False} and within(function)
        ]

    def run(self, name: str) -> dict[str, Any]:
        """Run the code as a module of this name; return its names."""
        names: dict[str, Any] = {"__name__": name, PROBE: self.probe}
        exec(self.code, names)
        return names

    def texts(self) -> list[str]:
        """Return the conditions as written."""
        return [ast.get_source_segment(self.source, node) or "" for node in self.conditions]

    def wrapped(self, condition: ast.expr) -> ast.expr:
        self.conditions.append(condition)
        self.functions.append(self._function)
        self.taken.append(set())
        index = ast.Constant(len(self.conditions) - 1)
        return ast.Call(ast.Name(PROBE, ast.Load()), [index, condition], [])

    def with_test(self, node: ast.If | ast.IfExp | ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = self.wrapped(node.test)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self._function = self._function, node.name
        self.generic_visit(node)
        self._function = outer
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        return self.with_test(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self.with_test(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self.with_test(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [self.wrapped(condition) for condition in node.ifs]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.values = [self.wrapped(value) for value in node.values]
        return node


def run(source: str, images: tuple[int, ...]) -> Arms:
    """Run a text as an import and as a program, then train its network with `images` for a step and without a graph.

    Return which way its conditions went.
    """
    arms = Arms(source)
    arms.run("imported")
    names = arms.run("__main__")
    (class_name,) = names["__all__"]
    network = names[class_name]().train()
    network(torch.zeros(images)).sum().backward()
    with torch.no_grad():
        network(torch.zeros(images))
    return arms
