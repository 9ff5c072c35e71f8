"""The front of a search as a table for people."""

from collections.abc import Sequence

from tresnet_gen import tables
from tresnet_gen.cli.terminal import legend
from tresnet_gen.explore import rates
from tresnet_gen.explore.figures import FITS
from tresnet_gen.explore.search.figures import COUNTS, Figure, Measured
from tresnet_gen.explore.search.record import Search
from tresnet_gen.explore.search.results import Result
from tresnet_gen.explore.search.run import State

MOST_ROWS = 40
HEADS = {"params": "params", "macs": "MACs", "flops": "FLOPs", "activations": "activations"}
PROXIES = "parameters and MACs say how large a network is, not how accurate: train what you choose"
CHANGES = "ratios of two such rates, of networks that one edit sets apart, erred"
LATENCY = "latency: 1,000 / images/s, an image's share of a full batch; one image by itself takes longer"
MEMORY = "memory: peak bytes of the step's tensors"


def text(search: Search, state: State, base: Result, found: Sequence[Result], markdown: bool) -> str:
    """Return the table of a front, the base above it, and what the figures mean."""
    lay_out = tables.markdown if markdown else tables.aligned
    shown = found if markdown else found[:MOST_ROWS]
    varying = [path for path in found[0].values if len({one.values[path].text for one in found}) > 1] if found else []
    counts = [word for word in COUNTS if word in ("params", "macs") or _asked(search, word)]
    figures = [figure for figure in search.question.figures if figure.word not in COUNTS]
    head = ["", *varying, *(HEADS[word] for word in counts)]
    told = _with_error(figures)
    for figure in figures:
        head += [_head(figure, figures), *(("from-to", "mean error") if figure in told else ())]
    rows = [tuple(head)]
    rows += [_row(one, varying, counts, figures, told) for one in (base, *shown)]
    blocks = [[title(search, state, found)], lay_out(rows, range(1 + len(varying), len(head)))]
    if len(shown) < len(found):
        blocks[-1].append(f"... and {len(found) - len(shown):,} more: --format csv, or -o")
    same = {path: found[0].values[path].text for path in found[0].values if path not in varying} if found else {}
    if same:
        blocks.append([f"on all of the front: {', '.join(f'{path}={value}' for path, value in same.items())}"])
    blocks.append([legend(markdown, notes(search, base))])
    return "\n\n".join("\n".join(block) for block in blocks)


def title(search: Search, state: State, found: Sequence[Result]) -> str:
    """Return how many candidates there were and what became of them."""
    asked = "; ".join(
        [*(budget.text for budget in search.question.budgets), *(aim.text for aim in search.question.objectives)]
    )
    what = f"{search.candidates:,} candidates"
    if search.sample:
        what = f"a sample of {what} out of {search.space.size:,}"
    if not state.complete:
        what = f"the first {state.position:,} of {what}" if not search.sample else f"part of {what}"
    outcome = f"{state.within:,} within the budgets, {len(found):,} on the front"
    return f"{search.space.base.spec.name}: {what}, {outcome}\n{asked}"


def _asked(search: Search, word: str) -> bool:
    return any(figure.word == word for figure in search.question.figures)


def _with_error(figures: Sequence[Figure]) -> list[Figure]:
    """Return the predicted figures, one of those that follow from each other."""
    return list({figure.options: figure for figure in reversed(figures) if figure.mode}.values())


def _head(figure: Figure, figures: Sequence[Figure]) -> str:
    """Return a column's head; options only where two figures of a word need them, they stand above the table."""
    alike = [other for other in figures if other.word == figure.word]
    name = figure.text if len(alike) > 1 else figure.word
    if figure.word == "throughput" and len(alike) == 1:
        return "images/s"
    return f"{name}, {figure.unit}" if figure.word in ("memory", "latency") else name


def _row(
    one: Result, varying: Sequence[str], counts: Sequence[str], figures: Sequence[Figure], told: Sequence[Figure]
) -> tuple[str, ...]:
    row = [one.name, *(one.values[path].text if path in one.values else "" for path in varying)]
    row += [f"{getattr(one.totals, word):,}" for word in counts]
    for figure in figures:
        row += _cells(figure, one.measured[figure.text], figure in told)
    return tuple(row)


def _cells(figure: Figure, found: Measured, with_error: bool) -> list[str]:
    number = f"{found.value:,}" if isinstance(found.value, int) else _rate(figure, found.value)
    if not with_error or found.low is None or found.high is None:
        return [number]
    return [number, f"({_rate(figure, found.low)}-{_rate(figure, found.high)})", f"{found.error_pct:.1f} %"]


def _rate(figure: Figure, value: float) -> str:
    return rates.rounded(value) if figure.word == "throughput" else f"{value:#.3g}"


def notes(search: Search, base: Result) -> list[str]:
    """Return what the figures of a search mean, and what they do not."""
    words = {figure.word for figure in search.question.figures}
    changes = [one.edit_error_pct for one in base.measured.values() if one.edit_error_pct]
    return [
        *([MEMORY] if "memory" in words else []),
        *([FITS] if "batch" in words else []),
        *([rates.NOTE] if words & {"throughput", "latency"} else []),
        *([LATENCY] if "latency" in words else []),
        *([f"{CHANGES} by {max(changes):.1f} % in the mean"] if changes else []),
        PROXIES,
    ]
