"""Mutants of a Python source: each is one edit of one place that a test should notice.

An edit replaces a span of the text, so that a mutant can be shown as a diff. Left alone are docstrings, annotations,
imports, decorators, base classes, assertions (they speak to mypy), blocks under TYPE_CHECKING, aliases of types,
`__all__`, `__slots__`, and the texts of errors and findings.
"""

import ast
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Edit = tuple[ast.expr | ast.stmt, str, str]  # what is replaced, by which text, the kind of mutant

ARITHMETIC: dict[type[ast.operator], tuple[ast.operator, ...]] = {
    ast.Add: (ast.Sub(),),
    ast.Sub: (ast.Add(),),
    ast.Mult: (ast.Add(), ast.FloorDiv()),
    ast.Div: (ast.Mult(), ast.FloorDiv()),
    ast.FloorDiv: (ast.Mult(), ast.Div()),
    ast.Mod: (ast.FloorDiv(),),
    ast.Pow: (ast.Mult(),),
}
COMPARISONS: dict[type[ast.cmpop], tuple[ast.cmpop, ...]] = {
    ast.Lt: (ast.LtE(), ast.GtE()),
    ast.LtE: (ast.Lt(), ast.Gt()),
    ast.Gt: (ast.GtE(), ast.LtE()),
    ast.GtE: (ast.Gt(), ast.Lt()),
    ast.Eq: (ast.NotEq(),),
    ast.NotEq: (ast.Eq(),),
    ast.Is: (ast.IsNot(),),
    ast.IsNot: (ast.Is(),),
    ast.In: (ast.NotIn(),),
    ast.NotIn: (ast.In(),),
}
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
COMMUTATIVE = ("min", "max", "gcd")
WORDING_CALLS = ("Fault", "Diagnostic")
WORDING_NAMES = ("message", "near", "share")


class Mutant(NamedTuple):
    """An edit of a source: text[start:end], on `line`, becomes `replacement`; `kind` says what went wrong."""

    line: int
    start: int
    end: int
    replacement: str
    kind: str

    def of(self, text: str) -> str:
        """Return the mutated source."""
        return text[: self.start] + self.replacement + text[self.end :]

    def diff(self, text: str) -> tuple[str, str]:
        """Return the lines of the place, as one, before and after."""
        first, last = text.rfind("\n", 0, self.start) + 1, text.find("\n", self.end)
        after = text[first : self.start] + self.replacement + text[self.end : last]
        before = text[first:last]
        return " ".join(before.split()), " ".join(after.split())


def mutants_of(text: str) -> list[Mutant]:
    """Return the mutants of a source by place; each is legal Python, and none means the same text as another."""
    seen, kept = {ast.dump(ast.parse(text))}, []
    place = _places(text)
    for node, replacement, kind in _edits_below(ast.parse(text), wording=False):
        mutant = Mutant(node.lineno, *place(node), replacement, kind)
        try:
            tree = ast.dump(ast.parse(mutant.of(text)))
        except SyntaxError:
            continue
        if tree not in seen:
            seen.add(tree)
            kept.append(mutant)
    return sorted(kept)


def _places(text: str) -> Callable[[ast.expr | ast.stmt], tuple[int, int]]:
    """Return a function from a node to its span of the text."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.decode()))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1][:column].decode())

    def place(node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

    return place


def _edits_below(node: ast.AST, wording: bool) -> Iterator[Edit]:
    wording = wording or _is_wording(node)
    if isinstance(node, ast.expr):
        yield from (edit for edit in _expression_edits(node) if not (wording and edit[2] == "text"))
    elif isinstance(node, ast.stmt):
        yield from _statement_edits(node)
    for child in _children(node):
        yield from _edits_below(child, wording)


def _is_wording(node: ast.AST) -> bool:
    match node:
        case ast.Raise():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in WORDING_CALLS
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in WORDING_NAMES
    return False


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that can be mutated."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.JoinedStr():
            return []
        case ast.Expr(value=ast.Constant()):
            return []
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")]):
            return []
        case ast.Assign(value=ast.Subscript(value=ast.Name(id="tuple" | "dict"))):  # an alias for annotations
            return []
        case ast.FunctionDef(args=args, body=body):
            return [*args.defaults, *(default for default in args.kw_defaults if default), *body]
        case ast.ClassDef(body=body):
            return [*body]
        case ast.AnnAssign(value=value):
            return [value] if value else []
        case ast.arg():
            return []
    return list(ast.iter_child_nodes(node))


def _text(node: ast.expr) -> str:
    text = ast.unparse(ast.fix_missing_locations(node))
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Tuple | ast.List | ast.Dict)
    return text if simple else f"({text})"


def _without(items: Sequence[Item], index: int) -> list[Item]:
    return [*items[:index], *items[index + 1 :]]


def _swapped(items: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    """Yield the items with two neighbours in each other's place."""
    for index, (left, right) in enumerate(itertools.pairwise(items)):
        if not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
            yield [*items[:index], right, left, *items[index + 2 :]]


def _negated(test: ast.expr) -> Edit:
    return test, _text(ast.UnaryOp(ast.Not(), test)), "condition negated"


def _expression_edits(node: ast.expr) -> Iterator[Edit]:
    match node:
        case ast.BinOp(left=left, op=operator, right=right):
            for other in ARITHMETIC.get(type(operator), ()):
                yield node, _text(ast.BinOp(left, other, right)), "arithmetic"
        case ast.UnaryOp(operand=operand):
            yield node, _text(operand), "sign or not"
        case ast.Compare(left=left, ops=operators, comparators=others):
            for index, operator in enumerate(operators):
                for other in COMPARISONS[type(operator)]:
                    changed = [*operators[:index], other, *operators[index + 1 :]]
                    yield node, _text(ast.Compare(left, changed, others)), "comparison"
        case ast.BoolOp(op=operator, values=values):
            yield node, _text(ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)), "and, or"
            for index in range(len(values)):
                rest = _without(values, index)
                yield node, _text(rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)), "operand dropped"
        case ast.IfExp(test=test):
            yield _negated(test)
        case ast.Constant(value=bool(value)):
            yield node, str(not value), "constant"
        case ast.Constant(value=int(value) | float(value)):
            yield node, f"({value + 1!r})", "constant"
            yield node, f"({value - 1!r})", "constant"
        case ast.Constant(value=str(value)):
            yield node, repr(value + "X"), "text"
        case ast.JoinedStr():
            yield node, f'({ast.unparse(node)} "X")', "text"
        case ast.Call():
            yield from _call_edits(node)
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step), ctx=ast.Load()):
            for bounds in ((None, upper, step), (lower, None, step), (lower, upper, None)):
                yield node, _text(ast.Subscript(value, ast.Slice(*bounds), ast.Load())), "slice"
        case ast.Tuple(elts=items, ctx=ast.Load()) | ast.List(elts=items, ctx=ast.Load()):
            for rest in (_without(items, index) for index in range(len(items))):
                yield node, _text(type(node)(rest, ast.Load())), "item dropped"
        case ast.Dict(keys=keys, values=values):
            for index in range(len(keys)):
                yield node, _text(ast.Dict(_without(keys, index), _without(values, index))), "item dropped"
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for test in (test for clause in node.generators for test in clause.ifs):
                yield _negated(test)
                yield test, "True", "filter dropped"


def _call_edits(node: ast.Call) -> Iterator[Edit]:
    function, args, keywords = node.func, node.args, node.keywords
    if isinstance(function, ast.Name) and function.id in FUNCTIONS:
        yield node, _text(ast.Call(ast.Name(FUNCTIONS[function.id]), args, keywords)), "function"
    for index, keyword in enumerate(keywords):
        if keyword.arg == "strict" and not ast.literal_eval(keyword.value):
            continue  # the default, which ruff wants to see
        yield node, _text(ast.Call(function, args, _without(keywords, index))), "keyword dropped"
    for swapped in [] if isinstance(function, ast.Name) and function.id in COMMUTATIVE else _swapped(args):
        yield node, _text(ast.Call(function, swapped, keywords)), "arguments swapped"
    if len(args) > 1 and any(isinstance(argument, ast.Starred) for argument in args):
        for index in range(len(args)):
            yield node, _text(ast.Call(function, _without(args, index), keywords)), "argument dropped"


def _statement_edits(node: ast.stmt) -> Iterator[Edit]:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Expr(value=ast.Constant()):
            return
        case ast.If(test=test) | ast.While(test=test):
            yield _negated(test)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield node, "return None", "return value"
        case ast.Return(value=None) | ast.Expr() | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield node, "pass", "statement removed"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass", "statement removed"
        case ast.AugAssign(target=target, op=operator, value=value):
            yield node, "pass", "statement removed"
            yield node, f"{ast.unparse(target)} = {ast.unparse(value)}", "arithmetic"
            for other in ARITHMETIC.get(type(operator), ()):
                yield node, ast.unparse(ast.AugAssign(target, other, value)), "arithmetic"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
