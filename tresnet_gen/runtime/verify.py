"""Holds the emitted module of a graph against the graph: every claim, op by op.

The module is imported from memory and run in torch. Most runs use tensors that have shapes and no memory: on the meta
device, or fake ones on the CPU or, where there is one, on a GPU. The last steps run with numbers, on the CPU.
"""

from collections.abc import Iterator

from tresnet_gen.emission.render import emit
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.check_forward import check_counts, check_forward, check_structure
from tresnet_gen.runtime.check_memory import check_inference, check_saved_layers, check_training
from tresnet_gen.runtime.check_numbers import check_numbers
from tresnet_gen.runtime.claims import Claim, in_words
from tresnet_gen.runtime.emitted import network_factory
from tresnet_gen.runtime.subject import Check, Subject

BATCH = 8

CHECKS: tuple[tuple[str, Check], ...] = (
    ("structure", check_structure),
    ("forward", check_forward),
    ("counts", check_counts),
    ("training", check_training),
    ("training: layers that save", check_saved_layers),
    ("inference", check_inference),
    ("real step", check_numbers),
)


def verify(graph: Graph, batch: int = BATCH, text: str | None = None) -> tuple[Claim, ...]:
    """Return the claims of a graph about its module, held against torch.

    Args:
        graph: What is claimed.
        batch: Images of the traced steps.
        text: The module, instead of the one that is emitted for the graph.
    """
    return tuple(iter_claims(graph, batch, text))


def iter_claims(graph: Graph, batch: int = BATCH, text: str | None = None) -> Iterator[Claim]:
    """Yield the claims of `verify` one by one; a module that fails to run breaks the claim that needed it."""
    try:
        factory = network_factory(emit(graph) if text is None else text)
    except Exception as error:
        yield Claim("module", "imports", "fails", in_words(error))
        return
    for name, check in CHECKS:
        try:
            yield from check(Subject(graph, batch, factory))
        except Exception as error:
            yield Claim(name, "runs", "fails", in_words(error))
