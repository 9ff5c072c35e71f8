"""The text of an emitted file to what makes its network."""

from collections.abc import Callable
from types import ModuleType

from torch import nn


def network_factory(text: str) -> Callable[[], nn.Module]:
    """Return the one public class of an emitted file, imported from memory; called, it makes the network."""
    module = ModuleType("emitted")
    exec(compile(text, "<emitted>", "exec"), module.__dict__)
    (class_name,) = module.__all__
    factory: Callable[[], nn.Module] = getattr(module, class_name)
    return factory
