"""What the figures of an estimate are called, and what they mean."""

from collections.abc import Sequence

from tresnet_gen.analysis.memory import MaxBatch, Memory
from tresnet_gen.explore import rates
from tresnet_gen.explore.estimates import Card, Question

SAVED = "saved: bytes that autograd keeps from forward to backward, parameters among them"
FITS = "largest batch: from-to leaves for what the memory takes that is no tensor (docs/memory.md)"


def memory_rows(memory: Memory, question: Question, fits: Sequence[MaxBatch]) -> list[tuple[str, ...]]:
    """Return what the memory of a step is made of: name, bytes, MiB, note."""
    parts = [("parameters", memory.params_bytes, ""), ("buffers", memory.buffers_bytes, "")]
    if question.step.train:
        parts += [
            ("gradients", memory.gradients_bytes, ""),
            ("optimizer", memory.optimizer_bytes, question.step.optimizer),
        ]
    parts.append(("images and labels" if question.step.train else "images", memory.input_bytes, ""))
    if question.step.train:
        own = f"{memory.saved_activation_bytes:,} of them activations"
        parts.append(("saved for backward", memory.saved_bytes, own))
    parts.append(("peak", memory.peak_bytes, memory.peak_at.text))
    rows = [(name, f"{size:,}", f"{size / (1 << 20):,.1f}", note) for name, size, note in parts]
    return [*rows, *(_fit_row(card, fit) for card, fit in zip(question.cards, fits, strict=True))]


def _fit_row(card: Card, fit: MaxBatch) -> tuple[str, ...]:
    return f"largest batch, {card.label}", f"{fit.typical:,}", "", f"({fit.low:,}-{fit.high:,})"


def notes(question: Question) -> list[str]:
    """Return what the figures of memory and throughput mean."""
    return [
        *([SAVED] if question.step.train else []),
        *([FITS] if question.cards else []),
        *([rates.NOTE] if question.rates else []),
    ]


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as people write it: 76 x 56 x 56."""
    return " x ".join(map(str, shape))
