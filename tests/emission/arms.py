"""Which way every condition of a source text goes while the text runs."""

import ast
from types import CodeType

PROBE = "__probe__"
OTHER_BRANCHES = (ast.Match, ast.Try, ast.TryStar, ast.Assert)


class Arms(ast.NodeTransformer):
    """Instruments a text: every if, while, conditional expression, comprehension filter, operand of and, or.

    `code` is to be run, as often as wanted, in namespaces that have `probe` under the name PROBE.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.conditions: list[ast.expr] = []
        self.taken: list[set[bool]] = []
        tree = ast.parse(source)
        assert not any(isinstance(node, OTHER_BRANCHES) for node in ast.walk(tree)), "a branch not instrumented here"
        self.code: CodeType = compile(ast.fix_missing_locations(self.visit(tree)), "<instrumented>", "exec")

    def probe(self, index: int, value: object) -> object:
        """Record the truth of a condition's value and return the value."""
        self.taken[index].add(bool(value))
        return value

    def one_sided(self) -> list[str]:
        """Return the conditions that did not go both ways."""
        return [
            f"line {node.lineno}: `{text}` was {sorted(taken) or 'never reached'}"
            for node, text, taken in zip(self.conditions, self.texts(), self.taken, strict=True)
            if taken != {True, False}
        ]

    def texts(self) -> list[str]:
        """Return the conditions as written."""
        return [ast.get_source_segment(self.source, node) or "" for node in self.conditions]

    def wrapped(self, condition: ast.expr) -> ast.expr:
        self.conditions.append(condition)
        self.taken.append(set())
        index = ast.Constant(len(self.conditions) - 1)
        return ast.Call(ast.Name(PROBE, ast.Load()), [index, condition], [])

    def with_test(self, node: ast.If | ast.IfExp | ast.While) -> ast.AST:
        self.generic_visit(node)
        node.test = self.wrapped(node.test)
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


def run(source: str) -> Arms:
    """Run a text as an import and as a program; return which way its conditions went."""
    arms = Arms(source)
    for name in ("imported", "__main__"):
        exec(arms.code, {"__name__": name, PROBE: arms.probe})
    return arms
